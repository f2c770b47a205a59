"""The stage config, which is the contract with the compiler: blocks, the stages made of them, and how they are read."""
