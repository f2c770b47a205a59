"""Convert the results in the runtime's `metrics.json` into the fields of evidence."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic.alias_generators import to_camel

from compiler.spec.schema import API_VERSION

DIGITS = 6  # decimals of a figure, which is a mean over some hundred questions
_MOST_IDS = 100
_MOST_CHARACTERS = 2000  # of a text in evidence

Document = dict[str, Any]


def evidence(kind: str, job: str, metrics: Mapping[str, Any], digest: str, spec: Document, **more: str) -> Document:
    """Return a document of evidence from a Job; `more` are further fields of its metadata."""
    metadata = {
        "source": f"Job {job}",
        "date": datetime.fromisoformat(metrics["ended"]).date().isoformat(),
        "digest": digest,
        **more,
    }
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}


def policy_of(model: Mapping[str, Any]) -> str:
    """Return the name of a measured model: the base model and the Jobs whose adapters are merged into it."""
    return "+".join([model["path"], *(adapter.split("/")[0] for adapter in model["adapters"])])


def rounded(interval: Mapping[str, float]) -> dict[str, float]:
    """Return a value and its interval, rounded to `DIGITS` decimals."""
    return {name: round(float(interval[name]), DIGITS) for name in ("value", "low", "high")}


def judged_fields(metrics: Mapping[str, Any], name: str) -> Document:
    """Return the field `judged` of a metric that a judge measures; `raw` only if the value is corrected."""
    found = (metrics.get("report") or {}).get("judged", {}).get(name)
    if found is None:
        return {}
    fields = {each: found[each] for each in ("judge", "language", "rubric", "unjudged")}
    return {"judged": fields | ({"raw": rounded(found["raw"])} if found["agreement"] else {})}


def report_fields(metrics: Mapping[str, Any]) -> Document:
    """Return the optional fields of a `StageResult`; older runtimes report none."""
    gate, report = metrics["gate"] or {}, metrics.get("report") or {}
    fields: Document = {"reason": gate["reason"][:_MOST_CHARACTERS]} if gate.get("reason") else {}
    parts: dict[str, Callable[[Any], Any]] = {
        "badcases": _badcases,
        "broken": _broken,
        "general": lambda found: [_general(each) for each in found],
        "tokens": _tokens,
        "seconds": _latency,
        "without_chain": _without_chain,
    }
    names = {"seconds": "latency", "without_chain": "withoutChain"}
    return fields | {names.get(name, name): make(report[name]) for name, make in parts.items() if report.get(name)}


def _badcases(found: Mapping[str, Any]) -> Document:
    classes = [{"name": name, **_fix_rate(rate)} for name, rate in found["classes"].items()]
    return {**_fix_rate(found), "classes": classes, **_gain(found)}


def _fix_rate(found: Mapping[str, Any]) -> Document:
    low, high = (round(float(found[name]), DIGITS) for name in ("low", "high"))
    return {"fixed": found["fixed"], "total": found["n"], "low": low, "high": high}


def _broken(found: Mapping[str, Any]) -> Document:
    ids = [str(each)[:_MOST_CHARACTERS] for each in found["ids"][:_MOST_IDS]]
    return {"count": found["count"], "fixed": found["fixed"], **({"ids": ids} if ids else {})}


def _general(found: Mapping[str, Any]) -> Document:
    value = found["value"]
    return {"measure": found["measure"], "total": value["n"], "score": rounded(value), **_gain(found)}


def _gain(found: Mapping[str, Any]) -> Document:
    return {"gain": rounded(found["gain"])} if found.get("gain") else {}


def _tokens(found: Mapping[str, Any]) -> Document:
    return {
        "prompt": float(found["prompt"]["mean"]),
        "answer": float(found["answer"]["mean"]),
        "cut": found["cut"],
    }


def _latency(found: Mapping[str, Any]) -> Document:
    return {name: float(found[name]) for name in ("mean", "p50", "p95")} | {"batchSize": found["batch_size"]}


def _without_chain(found: Mapping[str, Any]) -> Document:
    return {
        "score": rounded(found["without_chain"]),
        "chainGain": rounded(found["gain"]),
        "pValue": round(float(found["p"]), DIGITS),
        "chainTokens": float(found["tokens"]["with_chain"]),
        "tokens": float(found["tokens"]["without_chain"]),
    }


def preflight_document(name: str, model: Mapping[str, Any], metrics: Mapping[str, Any], digest: str) -> dict[str, Any]:
    """Return the evidence of a pre-flight; `model` is the sampled policy: the base model and its merged adapters."""
    report = metrics["report"]["preflight"]
    functions = [
        {name: value for name, value in each.items() if name != "options" or value} for each in report["functions"]
    ]
    figures = {name: _rounded(each) for name, each in report.items() if name not in ("functions", "code")}
    spec = {"functions": functions, **({"code": report["code"]} if report["code"] else {}), **figures}
    return evidence("RewardPreflight", name, metrics, digest, spec, model=policy_of(model))


def probe_documents(
    name: str, model: Mapping[str, Any], data: Sequence[str], metrics: Mapping[str, Any], digest: str
) -> dict[str, Document]:
    """Return the evidence of a probe, by the ending of its file's name: one document for each decoding.

    `model` is the probed one, `data` are the digests of the files of badcases. The digest of the documents is that of
    the answers; `digest` is the result's, for runtimes that keep none.
    """
    report = metrics["report"]
    found, decodings = report["probe"], report["decodings"]
    policy = policy_of(model)

    def document(size: Mapping[str, Any], body: Document) -> Document:
        counts = {"prompts": size["prompts"], "planned": size["planned"]}
        spec = {"model": policy, **counts, "data": sorted(data), **body}
        return evidence("ProbeReport", name, metrics, found.get("digest", digest), spec, model=policy)

    measures = {to_camel(each): _rounded(value) for each, value in found["measures"].items()}
    main = {"samples": found["samples"], "temperature": float(found["temperature"]), "measures": measures}
    documents = {"": document(found, main)}
    for each in decodings:
        body = {"samples": 1, "temperature": 0.0, "constrained": each["constrained"]}
        measured = {"measures": {"passAt1": _rounded(each["pass_at1"])}}
        ending = "-constrained" if each["constrained"] else "-greedy"
        documents[ending] = document(each, body | measured)
    return documents


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, DIGITS)
    if isinstance(value, Mapping):
        return {name: _rounded(each) for name, each in value.items()}
    return [_rounded(each) for each in value] if isinstance(value, list) else value
