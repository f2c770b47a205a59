"""Commands on specs: check, compile and explain them."""

from argparse import Namespace

from compiler.cli.exit_codes import ExitCode
from compiler.cli.options import FORMAT, JOBS, NO_CACHE, PATHS, SPECS, command, flag, option


def check(given: Namespace) -> ExitCode:
    """Check specs and all that they refer to; write nothing.

    All problems of all specs are reported at once, each with its place, a code
    and a hint.
    """
    from compiler.cli.batch import check_specs

    return check_specs(given.paths or [SPECS], given.format, jobs=given.jobs, use_cache=not given.no_cache)


def compile_(given: Namespace) -> ExitCode:
    """Compile specs into the `plan` folder beside each.

    Plans are reviewed and committed. The same spec gives the same bytes. A plan
    folder is replaced as a whole or not at all.
    """
    from compiler.cli.batch import compile_specs

    return compile_specs(
        given.paths or [SPECS], given.format, check_only=given.check, jobs=given.jobs, use_cache=not given.no_cache
    )


def explain(given: Namespace) -> ExitCode:
    """Explain a spec's decision, a selection rule, or a diagnostic.

    For a spec: the phase, the rules that decided it with their evidence, and
    the alternatives with the reasons against them.
    """
    from compiler.cli.explain import explain_subject

    return explain_subject(given.subject)


CHECK_PLANS = flag("--check", help="write nothing; exit 5 if a committed plan is not what its spec compiles to")
SUBJECT = option(
    "subject", metavar="SUBJECT", help="a spec (file or folder), a rule such as `M3`, or a diagnostic such as `SPC102`"
)

COMMANDS = (
    command(check, PATHS, FORMAT, JOBS, NO_CACHE),
    command(compile_, PATHS, CHECK_PLANS, FORMAT, JOBS, NO_CACHE),
    command(explain, SUBJECT),
)
