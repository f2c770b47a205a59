"""Commands that print the objects a cluster needs besides plans."""

from argparse import Namespace
from pathlib import Path

from compiler.cli.exit_codes import ExitCode
from compiler.cli.options import FORMAT, PLAN, PLAN_DIGEST, command, option


def access(given: Namespace) -> ExitCode:
    """Print the objects that an administrator applies once, as YAML.

    Review the objects of the profile, then apply them: the namespace with the Pod
    Security Standard `restricted`, a network policy that denies all traffic, and
    two least-privilege roles: one to apply plans, one to view them.
    """
    from compiler.cli.cluster.objects import print_access

    return print_access(given.profile, given.ci, given.reader, given.driver)


def driver(given: Namespace) -> ExitCode:
    """Print a Job that applies a plan from inside the cluster.

    The Job follows the plan to its end. `trainspec access --driver` prints the
    service account, role and network policy that it needs, to be applied once.
    """
    from compiler.cli.cluster.objects import print_driver

    return print_driver(given.plan, given.plan_digest, given.format)


PROFILE = option("profile", type=Path, metavar="PROFILE", help="cluster profile, such as `specs/clusters/NAME.yaml`")
CI = option(
    "--ci",
    action="append",
    default=[],
    metavar="SUBJECT",
    help="subject that applies plans: `user:NAME`, `group:NAME` or `serviceaccount:NAMESPACE/NAME`; repeatable "
    "[default: a new ServiceAccount]",
)
READER = option(
    "--reader", action="append", default=[], metavar="SUBJECT", help="subject that may view plans; repeatable"
)
DRIVER = option(
    "--driver",
    action="append",
    default=[],
    metavar="CIDR",
    help="also print the account of drivers (`trainspec driver`), which may reach the API server in this network; "
    "repeatable",
)

COMMANDS = (
    command(access, PROFILE, CI, READER, DRIVER),
    command(driver, PLAN, PLAN_DIGEST, FORMAT),
)
