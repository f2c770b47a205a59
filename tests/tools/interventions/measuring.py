"""One application: every intervention, and what its team measures, as a document that holds figures alone."""

from typing import Any

from tools.interventions.applications import Application
from tools.interventions.evidence import documents
from tools.interventions.interventions import INTERVENTIONS, Bench, NotApplicable
from tools.interventions.systems import System
from tools.interventions.worth import measured
from transformers import LlamaForCausalLM

LIMIT = 4e6  # the most operations of an answer, for applications whose model is too large


def tried(application: Application, model: LlamaForCausalLM, student: LlamaForCausalLM) -> dict[str, Any]:
    """Run everything on one application."""
    limit = LIMIT if application.too_large else float("inf")
    bench = Bench(system=System.of(application, model), student=student)
    bench.choose_prompt()
    results: dict[str, Any] = {}
    for name, (hours, intervene) in INTERVENTIONS.items():
        made = intervene(bench)
        if isinstance(made, NotApplicable):
            results[name] = {"notApplicable": made.reason}
        else:
            results[name] = measured(made, hours, limit).document()
    return {"kind": application.kind, "evidence": documents(bench, limit), "interventions": results}
