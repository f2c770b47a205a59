"""What the cluster executor cannot go on from: a diagnostic, raised where it is found and told by the command."""

from compiler.diagnostics import Diagnostic, Location, diagnostic

UNUSABLE = ("CLU601", "CLU602", "CLU603")  # codes after which nothing more can be asked of the cluster


class ClusterError(Exception):
    """Carries the diagnostic that says what is wrong and what to do."""

    def __init__(self, found: Diagnostic) -> None:
        super().__init__(found.message)
        self.found = found


class ApiError(Exception):
    """A request that the API server refused, or that never reached it (`status` 0).

    `body` is the Status object of the reply, empty where there is none; `about` what was asked for, if that says more
    than the caller knows.
    """

    def __init__(self, status: int, body: dict[str, object], text: str = "") -> None:
        self.status = status
        self.body = body
        self.about = ""
        super().__init__(str(body.get("message") or text or f"status {status}"))

    @property
    def reason(self) -> str:
        """The reason that the server gives, such as `AlreadyExists`."""
        return str(self.body.get("reason") or "")


def problem(code: str, message: str, where: str, *, hint: str = "") -> Diagnostic:
    """A diagnostic of the cluster executor; `where` is a plan folder, a file of it, or a kubeconfig."""
    return diagnostic(code, message, Location(path=where), hint=hint)
