"""Counts of labels: kinds of badcases in the random sample, first errors, replays, and agreement of the checks."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from compiler.run.triage.checks import agreement
from compiler.run.triage.labels import FLOW_CONTROL, Label
from compiler.run.triage.project import Project
from compiler.run.triage.sample import reached_by, sample_of
from compiler.run.triage.traces import Entry
from compiler.run.triage.unseen import UnseenKinds
from compiler.selection.badcases import groups
from compiler.selection.faults import BadcaseGroup
from compiler.spec.schema.evidence import BadcaseReportBody
from runtime.contract.agreement import Agreement

Data = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """What the labels show.

    `sample` are the good and bad traces of the random sample in its order, `bad` all badcases, `changed`, `absent` and
    `refused` the labels whose trace has changed, is not among the traces, or is no evidence. `elsewhere` are kinds
    that only other labels than those of the sample have. `report` is None without a named kind.
    """

    sample: Sequence[Label]
    bad: Sequence[Label]
    skipped: int
    changed: Sequence[Label]
    absent: Sequence[Label]
    refused: Sequence[Label]
    elsewhere: Sequence[str]
    report: BadcaseReportBody | None
    groups: Sequence[BadcaseGroup]

    @property
    def sampled_kinds(self) -> list[str]:
        """The kinds of the sample's badcases in the order in which they were drawn; one without a name is its own."""
        return [each.kind or each.digest for each in self.sample if each.verdict == "bad"]

    @property
    def unseen(self) -> UnseenKinds:
        """What is known of kinds that nobody has seen."""
        return UnseenKinds(self.sampled_kinds)

    @property
    def first_errors(self) -> list[tuple[str, int]]:
        """Numbers of the sample's first errors by component, highest first."""
        found = Counter(filter(None, (each.component for each in self.sample if each.verdict == "bad")))
        return sorted(found.items(), key=lambda each: (-each[1], each[0]))


def count(project: Project) -> Counts:
    """Return the counts of a project's labels."""
    entries = project.traces.entries
    ids = {each.id for each in entries.values()}
    kept: list[Label] = []
    out: dict[str, list[Label]] = {"changed": [], "absent": [], "refused": []}
    for label in project.labels.verdicts.values():
        entry = entries.get(label.digest)
        if entry is None and label.trace in ids:
            out["changed"].append(label)
        elif entry is not None and entry.refusal:
            out["refused"].append(label)
        else:
            if entry is None:
                out["absent"].append(label)
            if not label.replay:
                kept.append(label)
    reached = reached_by(project.labels.verdicts, project.traces.usable)
    sample = [each for each in sample_of(kept, reached) if each.verdict in ("good", "bad")]
    bad = [each for each in kept if each.verdict == "bad"]
    report, elsewhere = _report(project, sample, bad)
    limits, components = project.spec.spec.thresholds, project.spec.spec.system.components
    return Counts(
        sample=sample,
        bad=sorted(bad, key=lambda each: each.digest),
        skipped=sum(each.verdict == "skip" for each in kept),
        changed=out["changed"],
        absent=out["absent"],
        refused=out["refused"],
        elsewhere=elsewhere,
        report=report,
        groups=groups(report, components, limits) if report else (),
    )


def agreements(project: Project) -> Iterator[tuple[str, Agreement]]:
    """Yield each check that failed a labelled trace, with its agreement with people."""
    entries, labels = project.traces.entries, project.labels.verdicts
    for name in project.checks.names:
        pairs = [(label, name in entries[digest].failed) for digest, label in labels.items() if digest in entries]
        if any(fails for _, fails in pairs):
            yield name, agreement(pairs)


def _report(
    project: Project, sample: Sequence[Label], bad: Sequence[Label]
) -> tuple[BadcaseReportBody | None, Sequence[str]]:
    sampled = [each for each in sample if each.verdict == "bad"]
    blamed = Counter(filter(None, (each.component for each in sampled)))
    names = sorted({each.kind for each in bad if each.kind})
    here = {each.kind for each in sampled}
    if not names or not sample:
        return None, ()
    replays = _replays(project)
    kinds = [
        _kind(name, [each for each in bad if each.kind == name], sampled, blamed, project, replays) for name in names
    ]
    body = BadcaseReportBody.model_validate({"traces": len(sample), "kinds": kinds})
    return body, [name for name in names if name not in here]


def _kind(
    name: str,
    cases: Sequence[Label],
    sampled: Sequence[Label],
    blamed: Counter[str],
    project: Project,
    replays: Mapping[str, tuple[int, int]],
) -> Data:
    """Return the figures of a kind; one that the sample does not have counts once."""
    counted = sum(each.kind == name for each in sampled)
    intents = {each.intent for each in cases if each.intent}
    parts = Counter(filter(None, (each.component for each in cases)))
    data: Data = {"name": name, "count": max(1, counted), "intents": max(1, len(intents))}
    if intents & project.labels.critical:
        data["criticalIntent"] = True
    if parts[FLOW_CONTROL] * 2 > sum(parts.values()):
        data["flowControl"] = True
    found = [replays[case.trace] for case in cases if case.trace in replays]
    if found:
        data["replays"] = {"failed": sum(failed for failed, _ in found), "total": sum(total for _, total in found)}
    del parts[FLOW_CONTROL]
    if parts:
        component = min(parts, key=lambda each: (-parts[each], each))
        data["component"] = component
        if blamed[component]:
            data["firstErrorShare"] = round(blamed[component] / sum(blamed.values()), 4)
    return data


def _replays(project: Project) -> dict[str, tuple[int, int]]:
    """Return failed and all replays by the id of the replayed trace, where each of its replays has a verdict."""
    by_trace: dict[str, list[Entry]] = {}
    for each in project.traces.entries.values():
        if each.replay_of and not each.refusal:
            by_trace.setdefault(each.replay_of, []).append(each)
    verdicts = {trace: [_fails(each, project) for each in entries] for trace, entries in by_trace.items()}
    return {trace: (sum(map(bool, found)), len(found)) for trace, found in verdicts.items() if None not in found}


def _fails(entry: Entry, project: Project) -> bool | None:
    """Return whether a replay failed: as a person says, else as a check says; None if nobody knows."""
    label = project.labels.verdicts.get(entry.digest)
    if label is not None and label.verdict != "skip":
        return label.verdict == "bad"
    return True if entry.failed else None
