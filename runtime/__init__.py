"""The program that runs one rendered stage (SFT, DPO or an evaluation) in a pod or on this machine.

It reads a stage config, as the compiler renders it, and knows nothing else of the compiler.
`python -m runtime <config>` is the way in.
"""
