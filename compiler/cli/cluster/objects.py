"""`trainspec access` and `driver`: print objects for a cluster, without a request to it."""

from collections.abc import Sequence
from pathlib import Path

from compiler.cli.exit_codes import ExitCode
from compiler.cli.parser import refuse
from compiler.cli.report import exit_code, report
from compiler.run.cluster.access import Subject, access_text, is_network, subject_of
from compiler.run.cluster.driver import driver_text
from compiler.spec.inputs import read_profile

_SUBJECT_FORMS = "`user:NAME`, `group:NAME` or `serviceaccount:NAMESPACE/NAME`"


def print_access(path: Path, ci: Sequence[str], readers: Sequence[str], networks: Sequence[str]) -> ExitCode:
    """Print the objects for the profile at `path`.

    `ci` and `readers` are texts that `subject_of` parses. With `networks`, the networks of the API server, the output
    includes the objects for drivers.
    """
    appliers, viewers = [_subject(text) for text in ci], [_subject(text) for text in readers]
    for text in networks:
        if not is_network(text):
            refuse(
                f"`{text}` is not a network: use its first address and prefix length, as in `10.0.0.0/16`",
                "trainspec access",
            )
    profile = read_profile(path, str(path))
    found = profile.diagnostics
    if profile.value is not None:
        made = access_text(profile.value[1], appliers, viewers, networks)
        found = (*found, *made.diagnostics)
        print(made.value or "", end="")
    report(found, "text")
    return exit_code(found)


def print_driver(folder: Path, plan_digest: str | None, style: str) -> ExitCode:
    """Print the driver of a plan folder that matches its spec and the approved digest."""
    made = driver_text(folder, plan_digest)
    print(made.value or "", end="")
    report(made.diagnostics, style)
    return exit_code(made.diagnostics)


def _subject(text: str) -> Subject:
    subject = subject_of(text)
    if subject is None:
        refuse(f"`{text}` is not a subject: use {_SUBJECT_FORMS}", "trainspec access")
    return subject
