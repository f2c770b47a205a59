"""What the page asks for and changes: the next trace, one trace in full, the state of the labels, and a label."""

import threading
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from compiler.run.triage.clusters import suggested_kinds
from compiler.run.triage.counts import count
from compiler.run.triage.labels import FLOW_CONTROL, Intent, Label, now
from compiler.run.triage.project import Project
from compiler.run.triage.sample import NO_CLUSTER, is_next_at_random, next_trace
from compiler.run.triage.shown_trace import shown_trace, visible
from compiler.run.triage.traces import Entry, read_trace
from compiler.run.triage.unseen import ENOUGH
from runtime.contract.statistics import wilson_interval

Data = dict[str, Any]

CHANGEABLE = ("verdict", "fix", "kind", "component", "severity")


class Change(BaseModel):
    """New values of fields of the label of a trace; other fields keep theirs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    digest: str
    fields: dict[str, str | None]


class Mark(BaseModel):
    """Whether an intent is business-critical."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    intent: str
    critical: bool


class UnusableError(Exception):
    """A request that cannot be met; the message is for the person at the page."""


class Session:
    """A project that people label; `by` is the name in their labels."""

    def __init__(self, project: Project, by: str) -> None:
        self.project = project
        self.by = by
        self._usable = project.traces.usable
        self._sizes = Counter(project.clusters.values())
        self._mutex = threading.Lock()

    def state(self) -> Data:
        """Return the progress, the kinds and components to choose from, and the sizes of the views."""
        with self._mutex:
            self.project.labels.refresh()
            counts = count(self.project)
            kinds = Counter(each.kind for each in counts.bad if each.kind)
            unseen = counts.unseen
            names = [each.name for each in self.project.spec.spec.system.components]
            seen = Counter(name for each in self._usable for name in each.components)
            components = [*names, *(name for name, _ in seen.most_common(50) if name not in names), FLOW_CONTROL]
            bad = sum(each.verdict == "bad" for each in counts.sample)
            return {
                "usable": len(self._usable),
                "labelled": sum(each.digest in self.project.labels.verdicts for each in self._usable),
                "sample": {"traces": len(counts.sample), "bad": bad},
                "wanted": self.project.spec.spec.thresholds.min_badcases,
                "fixed": sum(bool(each.fix) for each in counts.bad),
                "kinds": [{"name": name, "count": number} for name, number in sorted(kinds.items(), key=_by_count)],
                "groups": [
                    _group(each.name, each.kind.value, each.count, len(counts.sample)) for each in counts.groups
                ],
                "components": components,
                "unseen": {
                    "estimate": unseen.estimate,
                    "bound": unseen.bound,
                    "enough": unseen.is_below(ENOUGH),
                    "limit": ENOUGH,
                },
                "views": {name: sum(map(chosen, self._entries())) for name, chosen in self._views().items()},
                "problems": [each.message for each in self.project.labels.diagnostics],
            }

    def trace(self, view: str, digest: str, step: int, passed: Collection[str]) -> Data | None:
        """Return a trace: the one with this digest, or the one `step` away from it in a view; None at its end.

        In the view `queue` it is the next one to label; `passed` are those that the person looked at without a label.
        """
        with self._mutex:
            self.project.labels.refresh()
            why = ""
            if step and view == "queue":
                entry, why = self._next(passed)
            else:
                entry = self._away(view, digest, step)
            return self._payload(entry, why) if entry is not None else None

    def change(self, change: Change) -> Data:
        """Change a label, and return it and what it was. Raises `UnusableError`, OSError and ValidationError."""
        entry = self.project.traces.entries.get(change.digest)
        if entry is None:
            raise UnusableError("the trace is not among the traces of this page")
        if entry.refusal:
            raise UnusableError(f"the trace is no evidence: {entry.refusal}")
        if unknown := change.fields.keys() - set(CHANGEABLE):
            raise UnusableError(f"a label has no field `{sorted(unknown)[0][:40]}`")
        labels = self.project.labels
        with self._mutex, labels.locked():
            if labels.diagnostics:
                raise UnusableError(f"{labels.shown}: {labels.diagnostics[0].message}; {labels.diagnostics[0].hint}")
            old = labels.by_digest.get(change.digest)
            values = {name: value or None for name, value in change.fields.items()}
            time = now()
            kept = old.model_dump() if old else {"verdict": None, "first": time}
            if not kept["verdict"]:
                drawn = is_next_at_random(entry.digest, self._usable, labels.verdicts)
                kept |= {"drawn": drawn or bool(old and old.drawn), "first": old.first if old and old.drawn else time}
            if "verdict" not in values and not kept["verdict"]:
                values["verdict"] = "bad"  # whoever names a fix or a kind says that it is bad
            kept |= {"digest": entry.digest, "trace": entry.id, "intent": entry.intent, "replay": bool(entry.replay_of)}
            label = Label.model_validate({**kept, **values, "by": self.by, "at": time})
            labels.add(label)
        return {"label": _public(label), "before": _public(old)}

    def mark(self, mark: Mark) -> Data:
        """Say whether an intent is business-critical."""
        labels = self.project.labels
        with self._mutex, labels.locked():
            labels.add(Intent(intent=mark.intent, critical=mark.critical, by=self.by, at=now()))
        return {"critical": mark.critical}

    def _next(self, passed: Collection[str]) -> tuple[Entry | None, str]:
        labelled: Mapping[str, Any] = self.project.labels.verdicts
        rest = [each for each in self._usable if each.digest in labelled or each.digest not in passed]
        found = next_trace(rest, labelled, self.project.clusters)
        return (found.entry, found.why) if found else (None, "")

    def _away(self, view: str, digest: str, step: int) -> Entry | None:
        if not step:
            return self.project.traces.entries.get(digest)
        chosen = self._views().get(view) or self._of_cluster(view)
        order = [each for each in self._entries() if chosen(each)]
        after = [each for each in order if each.digest > digest]
        before = [each for each in order if each.digest < digest]
        return next(iter(after), None) if step > 0 else next(iter(before[::-1]), None)

    def _entries(self) -> Collection[Entry]:
        return self.project.traces.entries.values()

    def _of_cluster(self, view: str) -> Callable[[Entry], bool]:
        name = view.removeprefix("cluster-")
        wanted = int(name) if name.isdecimal() else NO_CLUSTER - 1
        return lambda each: self.project.clusters.get(each.digest, NO_CLUSTER) == wanted

    def _views(self) -> dict[str, Callable[[Entry], bool]]:
        labels = self.project.labels.verdicts

        def says(digest: str, verdict: str) -> bool:
            return digest in labels and labels[digest].verdict == verdict

        return {
            "queue": lambda each: each.is_usable and each.digest not in labels,
            "all": lambda each: True,
            "bad": lambda each: says(each.digest, "bad"),
            "good": lambda each: says(each.digest, "good"),
            "no kind": lambda each: says(each.digest, "bad") and not labels[each.digest].kind,
            "no fix": lambda each: says(each.digest, "bad") and not labels[each.digest].fix,
            "skipped": lambda each: says(each.digest, "skip"),
            "failed checks": lambda each: bool(each.failed) and not each.refusal,
            "replays": lambda each: bool(each.replay_of),
            "refused": lambda each: bool(each.refusal),
        }

    def _payload(self, entry: Entry, why: str) -> Data:
        trace = read_trace(entry)
        if trace is None:
            raise UnusableError("the file of the trace has changed: start triage again")
        labels, clusters = self.project.labels, self.project.clusters
        cluster = clusters.get(entry.digest, NO_CLUSTER)
        return {
            **shown_trace(trace),
            "digest": entry.digest,
            "why": why,
            "intent": entry.intent,
            "intentShown": visible(entry.intent),
            "critical": entry.intent in labels.critical,
            "refusal": entry.refusal,
            "replayOf": entry.replay_of,
            "failed": list(entry.failed),
            "label": _public(labels.by_digest.get(entry.digest)),
            "suggestedKinds": suggested_kinds(entry.digest, clusters, labels.verdicts)[:5],
            "suggestedComponent": entry.blamed,
            "cluster": {"name": cluster, "size": self._sizes[cluster]} if cluster != NO_CLUSTER else None,
        }


def _public(label: Label | None) -> Data:
    """Return the fields of a label that the page shows and restores."""
    if label is None:
        return dict.fromkeys(CHANGEABLE)
    return {**{name: getattr(label, name) for name in CHANGEABLE}, "by": label.by}


def _group(name: str, category: str, number: int, traces: int) -> Data:
    low, high = wilson_interval(min(number, traces) / traces, traces)
    return {"name": name, "class": category, "count": number, "low": low, "high": high}


def _by_count(each: tuple[str, int]) -> tuple[int, str]:
    return -each[1], each[0]
