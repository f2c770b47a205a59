"""Commands that print what is set up in a cluster beside plans."""

from argparse import Namespace
from pathlib import Path

from compiler.cli.exit_codes import ExitCode
from compiler.cli.options import FORMAT, PLAN, PLAN_DIGEST, command, option


def access(given: Namespace) -> ExitCode:
    """Print what an administrator sets up in a cluster, as YAML.

    The objects of a profile, to be reviewed and applied: the namespace with the
    Pod Security Standard `restricted`, a network policy that denies everything,
    and roles with no more than they need, one for what applies plans and one
    for those who look at them.
    """
    from compiler.cli.cluster.objects import print_access

    return print_access(given.profile, given.ci, given.reader, given.driver)


def driver(given: Namespace) -> ExitCode:
    """Print a small Job that applies a plan from within the cluster.

    The Job follows the plan to its end. Its account, role and network policy
    are set up once: `trainspec access --driver` prints them.
    """
    from compiler.cli.cluster.objects import print_driver

    return print_driver(given.plan, given.plan_digest, given.format)


PROFILE = option("profile", type=Path, metavar="PROFILE", help="a cluster profile, such as `specs/clusters/NAME.yaml`")
CI = option(
    "--ci",
    action="append",
    default=[],
    metavar="SUBJECT",
    help="who applies plans: `user:NAME`, `group:NAME` or `serviceaccount:NAMESPACE/NAME`; may be repeated "
    "[default: a ServiceAccount that is made]",
)
READER = option(
    "--reader", action="append", default=[], metavar="SUBJECT", help="who may look at plans; may be repeated"
)
DRIVER = option(
    "--driver",
    action="append",
    default=[],
    metavar="CIDR",
    help="also set up what drivers of plans run as (`trainspec driver`), with access to the API server in this "
    "network; may be repeated",
)

COMMANDS = (
    command(access, PROFILE, CI, READER, DRIVER),
    command(driver, PLAN, PLAN_DIGEST, FORMAT),
)
