"""Optional packages that some commands need."""

from compiler.cli.report import report
from compiler.diagnostics import Location, diagnostic


def lacks_cluster_client(diagnostics_format: str) -> bool:
    """Return whether the package of cluster commands is missing, and report CLU618 if it is."""
    from importlib.util import find_spec

    if find_spec("kubernetes") is not None:
        return False
    message = "cluster commands need the package `kubernetes`, which is not installed"
    hint = "install it: pip install 'trainspec[cluster]'"
    report([diagnostic("CLU618", message, Location(path="kubernetes"), hint=hint)], diagnostics_format)
    return True
