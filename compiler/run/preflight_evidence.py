"""The pre-flight of a reward, as its stage reports it, in the form of evidence of kind `RewardPreflight`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from compiler.spec.schema import API_VERSION

_DIGITS = 6  # of a share of some hundred rows


def preflight_document(name: str, model: Mapping[str, Any], metrics: Mapping[str, Any], digest: str) -> dict[str, Any]:
    """The evidence; `model` names the policy that was sampled, with the Job of each adapter merged into it."""
    policy = "+".join([model["path"], *(adapter.split("/")[0] for adapter in model["adapters"])])
    report = metrics["report"]["preflight"]
    functions = [
        {name: value for name, value in each.items() if name != "options" or value} for each in report["functions"]
    ]
    figures = {name: _rounded(each) for name, each in report.items() if name not in ("functions", "code")}
    return {
        "apiVersion": API_VERSION,
        "kind": "RewardPreflight",
        "metadata": {
            "source": f"Job {name}",
            "date": datetime.fromisoformat(metrics["ended"]).date().isoformat(),
            "digest": digest,
            "model": policy,
        },
        "spec": {"functions": functions, **({"code": report["code"]} if report["code"] else {}), **figures},
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, _DIGITS)
    if isinstance(value, Mapping):
        return {name: _rounded(each) for name, each in value.items()}
    return [_rounded(each) for each in value] if isinstance(value, list) else value
