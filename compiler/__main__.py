"""`python -m compiler` is the same as the `trainspec` command."""

from compiler.cli import main

if __name__ == "__main__":
    main()
