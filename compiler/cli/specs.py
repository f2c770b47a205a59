"""Commands that check, compile and explain specs."""

from argparse import Namespace

from compiler.cli.exit_codes import ExitCode
from compiler.cli.options import FORMAT, JOBS, NO_CACHE, PATHS, SPECS, command, flag, option


def check(given: Namespace) -> ExitCode:
    """Check specs and the files they refer to; write nothing.

    Reports all problems of all specs at once, each with its location, a code and
    a hint.
    """
    from compiler.cli.batch import check_specs

    return check_specs(given.paths or [SPECS], given.format, jobs=given.jobs, use_cache=not given.no_cache)


def compile_(given: Namespace) -> ExitCode:
    """Compile each spec into the `plan` folder next to it.

    Commit plans after review. The same spec always gives the same bytes. A plan
    folder is replaced as a whole or not at all.
    """
    from compiler.cli.batch import compile_specs

    return compile_specs(
        given.paths or [SPECS], given.format, check_only=given.check, jobs=given.jobs, use_cache=not given.no_cache
    )


def explain(given: Namespace) -> ExitCode:
    """Explain the decision for a spec, a selection rule, or a diagnostic.

    For a spec, prints in at most 25 lines what to do and why, what it costs, which
    changes of evidence would flip it, and what to measure next. A spec with errors
    is decided as far as it can be read.
    """
    from compiler.cli.explain import explain_subject

    return explain_subject(given.subject, style=given.format, full=given.full)


CHECK_PLANS = flag("--check", help="write nothing; exit 5 if a committed plan differs from what its spec compiles to")
SUBJECT = option(
    "subject", metavar="SUBJECT", help="spec (file or folder), rule such as `M3`, or diagnostic such as `SPC102`"
)

FULL = flag("--full", help="print every rule with its finding and evidence, as a tree")
EXPLAIN_FORMAT = option(
    "--format",
    choices=("text", "json"),
    default="text",
    help="format of a spec's decision on stdout: %(choices)s [default: %(default)s]",
    metavar="FORMAT",
)

COMMANDS = (
    command(check, PATHS, FORMAT, JOBS, NO_CACHE),
    command(compile_, PATHS, CHECK_PLANS, FORMAT, JOBS, NO_CACHE),
    command(explain, SUBJECT, FULL, EXPLAIN_FORMAT),
)
