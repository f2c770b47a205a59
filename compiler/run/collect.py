"""Write the results of Jobs as evidence next to the spec.

An evaluation becomes `evidence/stage-<job>.yaml`, a reward's pre-flight `evidence/preflight-<job>.yaml`, the rounds of
a prompt optimisation `evidence/prompt-<job>.yaml`, and a probe `evidence/probe-<job>.yaml`, with `-greedy` and
`-constrained` at the end for those decodings.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from compiler.diagnostics import Diagnostic, Location, Outcome, diagnostic
from compiler.run.local.jobs import read_plan
from compiler.run.local.run import work_folder
from compiler.run.prompt_results import rounds_document
from compiler.run.results import evidence, judged_fields, preflight_document, probe_documents, report_fields, rounded
from compiler.spec.evidence import FOLDER, as_evidence
from compiler.spec.yaml.load import compose
from compiler.spec.yaml.write import document_text, write_document
from runtime.contract.credentials import credentials_in
from runtime.contract.outputs import METRICS_FILE, PROMPT_FILE, verdict_words

COLLECTED = ("evaluate", "preflight", "optimize-prompt", "probe")
# file name prefix by kind
_PREFIXES = {
    "StageResult": "stage",
    "RewardPreflight": "preflight",
    "PromptRounds": "prompt",
    "ProbeReport": "probe",
}
COMMENT = "Written by `trainspec collect` from what the Job measured: commit it, do not edit it."

Document = dict[str, Any]
Documents = dict[str, Document]  # of one Job, by the ending of the file's name


class StageJob(Protocol):
    """The facts of a stage that evidence needs, wherever the stage ran."""

    @property
    def name(self) -> str:
        """The name of the Job."""

    @property
    def stage(self) -> str:
        """The name of the stage."""

    @property
    def method(self) -> str:
        """The method, such as `evaluate`."""

    @property
    def order(self) -> int:
        """The position in the plan, from 1."""

    @property
    def config(self) -> Mapping[str, Any]:
        """The config of the stage."""

    @property
    def config_text(self) -> str:
        """The config as rendered text."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """The raw result of a stage: its `metrics.json`, or its termination message, which holds the digest of that file.

    `hint` is the fix for an invalid result.
    """

    content: bytes
    where: str
    hint: str


@dataclass(frozen=True, kw_only=True, slots=True)
class EvidenceFile:
    """An evidence file: its displayed path, whether it changed, and a short summary of its content."""

    path: str
    changed: bool
    summary: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Collected:
    """The evidence written next to the spec in `folder`; `message` says why there is none yet."""

    folder: str = ""
    files: tuple[EvidenceFile, ...] = ()
    message: str = ""
    diagnostics: tuple[Diagnostic, ...] = ()


def collect(plan: Path, work: Path | None) -> Collected:
    """Write the evidence of a plan that ran on this machine; if any result is invalid, write nothing."""
    read = read_plan(plan)
    if read.value is None:
        return Collected(diagnostics=read.diagnostics)
    outputs = work_folder(plan, work) / "outputs"
    command = f"trainspec run {plan}"
    return write_evidence(plan, read.value, lambda job: _on_disk(job, outputs), _shown(outputs), command)


def write_evidence(
    plan: Path, jobs: Sequence[StageJob], find: Callable[[StageJob], Measured | None], where: str, command: str
) -> Collected:
    """Write the evidence of each finished evaluation, pre-flight, prompt optimisation and probe.

    `find` returns the result of a Job, None until it has finished; `command` runs the plan, for a hint.
    """
    measured = {job.name: (job, find(job)) for job in jobs if job.method in COLLECTED}
    outcomes = {name: _result(job, jobs, found) for name, (job, found) in measured.items() if found is not None}
    found = tuple(each for outcome in outcomes.values() for each in outcome.diagnostics)
    if not measured:
        message = "this plan has no evaluation, pre-flight, prompt optimisation or probe, so nothing to collect"
        hint = "see PLAN.md for what to do with its results"
        found = (diagnostic("RUN797", message, Location(path=where), hint=hint),)
    elif not outcomes:
        message = "no evaluation, pre-flight, prompt optimisation or probe of this plan has finished"
        found = (diagnostic("RUN797", message, Location(path=where), hint=f"run the plan first: {command}"),)
    if found:
        return Collected(diagnostics=found)
    documents = {
        f"{job}{ending}": document
        for job, outcome in outcomes.items()
        for ending, document in (outcome.value or {}).items()
    }
    return _write(plan.resolve().parent, documents)


def _on_disk(job: StageJob, outputs: Path) -> Measured | None:
    path = outputs / job.name / METRICS_FILE
    if not path.is_file():
        return None
    hint = f"remove `{_shown(path.parent)}`, then run the plan again"
    try:
        return Measured(content=path.read_bytes(), where=_shown(path), hint=hint)
    except OSError:
        return Measured(content=b"", where=_shown(path), hint=hint)


def _result(job: StageJob, jobs: Sequence[StageJob], measured: Measured) -> Outcome[Documents]:
    """Return the evidence of one Job, validated against its schema."""
    where = Location(path=measured.where)
    hint = measured.hint
    try:
        metrics = json.loads(measured.content)
        if metrics["config_sha256"] != hashlib.sha256(job.config_text.encode()).hexdigest():
            found = diagnostic("RUN797", f"the result of `{job.stage}` belongs to another config", where, hint=hint)
            return Outcome(value=None, diagnostics=(found,))
        digest = metrics.get("digest") or hashlib.sha256(measured.content).hexdigest()
        documents = _documents(job, jobs, metrics, digest)
        texts = [document_text(document, COMMENT) for document in documents.values()]
        fault = next(filter(None, (_fault(text, where.path) for text in texts)), "")
        secret = next(credentials_in("\n".join(texts)), None)
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        fault = f"{type(error).__name__}: {error}"
    if fault:
        message = f"the result of `{job.stage}` is not valid ({fault})"
        return Outcome(value=None, diagnostics=(diagnostic("RUN797", message, where, hint=hint),))
    if secret:
        message = f"the result of `{job.stage}` holds what looks like {secret.name}"
        hint = f"revoke it, remove it from the inputs of the stage, then {measured.hint}"
        return Outcome(value=None, diagnostics=(diagnostic("RUN797", message, where, hint=hint),))
    return Outcome(value=documents)


def _fault(text: str, path: str) -> str:
    """Return why the text of a document is no evidence; empty if it is."""
    outcome = compose(text, path)
    problems = as_evidence(outcome.value).diagnostics if outcome.value else outcome.diagnostics
    return problems[0].message if problems else ""


def _documents(job: StageJob, jobs: Sequence[StageJob], metrics: Mapping[str, Any], digest: str) -> Documents:
    model = job.config["model"]
    if job.method == "preflight":
        return {"": preflight_document(job.name, model, metrics, digest)}
    if job.method == "optimize-prompt":
        return {"": rounds_document(job.name, job.config, metrics)}
    if job.method == "probe":
        data = [str(block["sha256"]) for block in job.config["data"] if block["shape"] == "badcase"]
        return probe_documents(job.name, model, data, metrics, digest)
    return {"": _document(job, jobs, metrics, digest)}


def _document(job: StageJob, jobs: Sequence[StageJob], metrics: Mapping[str, Any], digest: str) -> Document:
    config, gate = job.config, metrics["gate"] or {}
    decides = config.get("gate", {}).get("metric")
    names = sorted(metrics["metrics"], key=lambda name: (name != decides, name))
    method = _method(job, jobs)
    gain = (
        {"value": gate["gain"], "low": gate["gain_low"], "high": gate["gain_high"]}
        if gate.get("gain") is not None
        else {}
    )
    spec = {
        "job": job.name,
        "order": job.order,
        **({"method": method} if method else {}),
        "model": config["model"]["path"],
        **({"adapters": list(config["model"]["adapters"])} if config["model"]["adapters"] else {}),
        "evaluation": config["data"][0]["sha256"],
        "questions": metrics["metrics"][names[0]]["n"],
        "metrics": [
            {"name": name, **rounded(metrics["metrics"][name]), **judged_fields(metrics, name)} for name in names
        ],
        **({"gain": rounded(gain)} if gain else {}),
        "gate": gate.get("verdict", "continue"),
        **report_fields(metrics),
    }
    return evidence("StageResult", job.name, metrics, digest, spec)


def _method(job: StageJob, jobs: Sequence[StageJob]) -> str | None:
    """Return the method that made the last adapter, which is the one evaluated; None for the base model."""
    adapters = job.config["model"]["adapters"]
    maker = adapters[-1].split("/")[0] if adapters else ""
    return next((each.method for each in jobs if each.name == maker), None)


def _write(folder: Path, documents: Mapping[str, Document]) -> Collected:
    home = folder / FOLDER
    if not home.resolve().is_relative_to(folder):
        hint = "keep evidence in the spec's folder, not behind a link that leaves it"
        leaves = diagnostic("CHK202", f"`{FOLDER}` leaves the spec's folder", Location(path=_shown(home)), hint=hint)
        return Collected(diagnostics=(leaves,))
    written: list[EvidenceFile] = []
    found: tuple[Diagnostic, ...] = ()
    for job, document in documents.items():
        path = home / f"{_PREFIXES[document['kind']]}-{job}.yaml"
        try:
            changed = write_document(path, document, COMMENT)
        except OSError as error:
            message = f"cannot write the evidence: {(error.strerror or str(error)).lower()}"
            hint = "free space or fix permissions, then collect again"
            found = (diagnostic("RUN798", message, Location(path=_shown(path)), hint=hint),)
            break
        written.append(EvidenceFile(path=_shown(path), changed=changed, summary=_summary(document["spec"])))
    return Collected(folder=_shown(folder), files=tuple(written), diagnostics=found)


def _summary(body: Mapping[str, Any]) -> str:
    """Return a short summary of a document."""
    if "rounds" in body:
        shown = " → ".join(f"{each['score']:.3f}" for each in body["rounds"])
        rounds = f"{body['metric']} {shown} in {len(body['rounds']) - 1} rounds of prompt work"
        return f"{rounds}; the best prompt is `{PROMPT_FILE}` in its output"
    if "measures" in body:
        at_one = body["measures"]["passAt1"]
        score = f"pass@1 {at_one['value']:.3f} ({at_one['low']:.3f} to {at_one['high']:.3f})"
        return (
            f"{score} at temperature {body['temperature']:g}, {len(body['measures'])} measures; the plan shows its gaps"
        )
    if "metrics" not in body:
        terms = ", ".join(f"`{each['use']}`" for each in body["functions"])
        return f"{len(body) - 1} of 8 checks of the reward {terms}; the plan shows which pass"
    scores = [
        f"{each['name']} {each['value']:.3f} ({each['low']:.3f} to {each['high']:.3f})" for each in body["metrics"]
    ]
    return f"{', '.join(scores)}, gate: {verdict_words(body['gate'])}"


def _shown(path: Path) -> str:
    """Return a path relative to the current folder, where possible."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
