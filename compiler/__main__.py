"""The `trainspec` command; `python -m compiler` is the same."""

import sys

from compiler.exit_codes import ExitCode
from compiler.quick import quick


def main() -> None:
    """Run the command; Ctrl-C ends with 130, and a defect of ours with 3 and what is needed to report it."""
    try:
        code = quick(sys.argv[1:])
        if code is None:
            from compiler.cli import app

            app(standalone_mode=True)
        raise SystemExit(code)
    except KeyboardInterrupt:
        raise SystemExit(ExitCode.INTERRUPT) from None
    except Exception as error:
        import traceback

        from compiler import __version__

        traceback.print_exc()
        print(f"internal error: {type(error).__name__}: {error}", file=sys.stderr)
        print(f"this is a defect of trainspec {__version__}: report it with the text above", file=sys.stderr)
        raise SystemExit(ExitCode.INTERNAL) from None


if __name__ == "__main__":
    main()
