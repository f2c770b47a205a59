"""The `trainspec` command; `python -m compiler` is the same."""

import errno
import os
import sys
from io import TextIOWrapper

from compiler.cli.app import main as run
from compiler.cli.exit_codes import ExitCode

NO_OUTPUT = (errno.ENOSPC, errno.EPIPE, errno.EIO)


def main() -> None:
    """Run the command and exit: 130 after Ctrl-C, 3 with a traceback to report after an internal error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # print `?` for a character that the terminal cannot encode
            stream.reconfigure(errors="replace")
    try:
        code = run()
        sys.stdout.flush()
        raise SystemExit(code)
    except KeyboardInterrupt:
        raise SystemExit(ExitCode.INTERRUPT) from None
    except Exception as error:
        if isinstance(error, OSError) and error.errno in NO_OUTPUT:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # discard the buffered output
            print(f"cannot write the output: {(error.strerror or str(error)).lower()}", file=sys.stderr)
            raise SystemExit(ExitCode.ERRORS) from None
        import traceback

        from compiler import __version__

        traceback.print_exc()
        print(f"internal error: {type(error).__name__}: {error}", file=sys.stderr)
        print(f"this is a bug in trainspec {__version__}: report it with the text above", file=sys.stderr)
        raise SystemExit(ExitCode.INTERNAL) from None


if __name__ == "__main__":
    main()
