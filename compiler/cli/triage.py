"""`trainspec triage`: the page for people, and the report with a summary for the terminal."""

import getpass
import webbrowser
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import suppress

from compiler.cli.exit_codes import ExitCode
from compiler.cli.report import exit_code, report
from compiler.diagnostics import Diagnostic
from compiler.run.triage.counts import Counts, agreements
from compiler.run.triage.project import Project, open_project
from compiler.run.triage.report import write_report
from compiler.run.triage.sample import largest_unlabelled, next_trace
from compiler.run.triage.unseen import ENOUGH
from compiler.spec.discover import find_specs
from compiler.spec.files import showable
from runtime.contract.agreement import Agreement
from runtime.contract.statistics import wilson_interval

_WIDTH = 80
_KIND_WIDTH = 24


def triage_spec(given: Namespace) -> ExitCode:
    """Open the page of one spec until it is interrupted, or write its report."""
    specs, found = find_specs([given.spec])
    if len(specs) != 1:
        from compiler.cli.parser import refuse

        if not specs:
            report(found, given.format)
            return ExitCode.ERRORS
        refuse(f"`{given.spec}` holds {len(specs)} specs: name one", "trainspec triage")
    outcome = open_project(specs[0], given.traces, given.verdicts)
    if outcome.value is not None and given.report:
        return _report(outcome.value, outcome.diagnostics, given.format)
    report(outcome.diagnostics, given.format)
    if outcome.value is None:
        return ExitCode.ERRORS
    return _serve(outcome.value, given.by or _login(), open_browser=not given.no_browser)


def _report(project: Project, found: Sequence[Diagnostic], style: str) -> ExitCode:
    written = write_report(project)
    for line in _summary(project, written.counts):
        print(line)
    report([*found, *written.diagnostics], style)
    for path, content in written.files:
        print(f"{path}: {content}")
    if written.files:
        print(f"next: trainspec compile {project.shown}, then commit these files and the plan")
    return exit_code(written.diagnostics)


def _serve(project: Project, by: str, *, open_browser: bool) -> ExitCode:
    from compiler.run.triage.server import PageServer
    from compiler.run.triage.session import Session

    with PageServer(Session(project, by)) as server:
        usable, labels = project.traces.usable, project.labels.verdicts
        left = sum(each.digest not in labels for each in usable)
        print(f"{left:,} of {len(usable):,} traces to label, labels go to {project.labels.shown}")
        print(f"open {server.url}\nCtrl-C ends; each label is saved at once", flush=True)
        if open_browser:
            webbrowser.open(server.url)
        with suppress(KeyboardInterrupt):
            server.serve_forever()
    print(f"\nnext: trainspec triage {project.shown} --report")
    return ExitCode.OK


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user without a name, as in some containers
        return "unknown"


def _summary(project: Project, counts: Counts) -> Iterator[str]:
    """Yield the progress, the kinds, first errors, checks, and what to label next, in 80 columns."""
    usable, labels = project.traces.usable, project.labels.verdicts
    done = sum(each.digest in labels for each in usable)
    fixed = sum(bool(each.fix) for each in counts.bad)
    yield f"traces     {len(usable):,} usable, {done:,} labelled, {counts.skipped} of them skipped"
    for why, number in sorted(project.traces.refused.items()):
        yield f"           {number:,} refused: {why}"
    if project.traces.doubled:
        yield f"           {project.traces.doubled:,} repeat another one, and count once"
    wanted = project.spec.spec.thresholds.min_badcases
    yield f"badcases   {len(counts.bad)}, {fixed} with a fix; decisions need {wanted}"
    yield f"sample     {len(counts.sample)} traces drawn at random, {len(counts.sampled_kinds)} of them bad"
    yield from _kinds(counts)
    total = sum(number for _, number in counts.first_errors)
    for name, number in counts.first_errors:
        yield f"first error in {_fit(name)} {_share(number, total)}"
    for name, found in agreements(project):
        yield f"check {_fit(name)} {_agreement(found)}"
    yield ""
    yield from _next(project, counts)


def _kinds(counts: Counts) -> Iterator[str]:
    if counts.groups:
        yield ""
        yield f"{'kind':{_KIND_WIDTH}} {'traces':>6}  {'share, 95 %':19} class"
    for each in counts.groups:
        marked = 0 if each.name in counts.elsewhere else each.count
        fault = f", of {each.at_fault}" if each.at_fault and each.kind.value != "flow-control" else ""
        yield f"{_fit(each.name)} {marked:>6}  {_share(marked, len(counts.sample)):19} {each.kind.value}{fault}"[
            :_WIDTH
        ]


def _next(project: Project, counts: Counts) -> Iterator[str]:
    usable, labels, clusters = project.traces.usable, project.labels.verdicts, project.clusters
    unseen = counts.unseen
    yield f"next badcase of a new kind: estimate {unseen.estimate:.1%}, at most {unseen.bound:.1%} (95 % at every look)"
    if unseen.is_below(ENOUGH):
        yield f"stop: below {ENOUGH:.0%}, more labels would hardly show a new kind"
    found = next_trace(usable, labels, clusters)
    if found is None:
        yield "every trace has a label"
        return
    why = {"random": "drawn at random", "failure": "fails a check", "outlier": "unlike the others"}[found.why]
    yield f"label next: trace {showable(found.entry.id)[:40]} ({why})"
    if largest := largest_unlabelled(usable, labels, clusters):
        yield f"no label yet in cluster {largest[0] + 1}, {largest[1]} like traces: view `cluster {largest[0] + 1}`"


def _agreement(found: Agreement) -> str:
    parts = []
    if found.wrong:
        parts.append(f"fails {found.true_fail} of {found.wrong} bad")
    if found.right:
        parts.append(f"passes {found.true_pass} of {found.right} good")
    return ", ".join(parts)


def _share(number: int, total: int) -> str:
    low, high = wilson_interval(number / total, total)
    return f"{number / total:4.0%} ({low:4.1%} – {high:5.1%})"


def _fit(text: str, width: int = _KIND_WIDTH) -> str:
    from rich.cells import set_cell_size

    return set_cell_size(text, width)
