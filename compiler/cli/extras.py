"""Packages that only some commands need, and that not every installation has."""

from compiler.cli.report import report
from compiler.diagnostics import Location, diagnostic


def lacks_cluster_client(diagnostics_format: str) -> bool:
    """Say whether the package of cluster commands is missing; if so, CLU618 is reported."""
    from importlib.util import find_spec

    if find_spec("kubernetes") is not None:
        return False
    message = "cluster commands need the package `kubernetes`, which is not installed"
    hint = "install it: pip install 'trainspec[cluster]'"
    report([diagnostic("CLU618", message, Location(path="kubernetes"), hint=hint)], diagnostics_format)
    return True
