"""The contract with the compiler: stage configs, exit codes, and the tables that both sides read."""
