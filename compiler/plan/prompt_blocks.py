"""Blocks of stage configs about prompts: the file, the models that answer and reflect, rows, and the budget."""

from compiler.plan.data_blocks import spec_data, spec_sources
from compiler.plan.draft import Block, Draft
from compiler.plan.model import Setting
from compiler.spec.schema.served import ServedModel
from compiler.spec.schema.types import Purpose
from runtime.contract.methods import METHODS

OPTIMIZE = "optimize-prompt"
SHOTS = 8  # most examples of a few-shot candidate


def optimizes(draft: Draft) -> bool:
    """Return whether the plan optimises the prompt, so that answers may have a marker before them."""
    return any(each.method == OPTIMIZE for each in draft.selection.stages)


def prompt_data(draft: Draft) -> list[Block]:
    """Return the badcases, the demonstrations, and the held-out rows, which only report."""
    shapes = METHODS[OPTIMIZE].shapes
    blocks = [each for each in spec_data(draft) if each["shape"] in shapes]
    blocks += [each for each in spec_sources(draft, Purpose.DEMONSTRATIONS) if each["shape"] in shapes]
    return [*blocks, *spec_sources(draft, Purpose.EVALUATION)[:1]]


def prompt_block(draft: Draft) -> Block:
    """Return the team's prompt file; empty without one, and with adapters, which learn from bare questions."""
    file = draft.inputs.prompt
    return {} if file is None or draft.lineage.adapters else {"prompt": {"path": file.path, "sha256": file.sha256}}


def served_block(draft: Draft) -> Block:
    """Return the endpoint of the model; empty if its weights answer, as they do with adapters."""
    body = draft.inputs.spec.spec
    if body.serving is None or draft.lineage.adapters:
        return {}
    named = {"name": body.model.name, "revision": body.model.revision}
    return {"served": named | body.serving.model_dump(exclude={"budget"}, exclude_none=True)}


def reflection_block(draft: Draft) -> Block:
    """Return the reflection model; empty without one."""
    model = _reflection(draft)
    return {} if model is None else {"reflection": model.model_dump(exclude_none=True)}


def budget_block(draft: Draft, data: list[Block], work: Block) -> Block:
    """Return the budget: that of the spec, or the calls that the settings can need."""
    prompt = draft.inputs.spec.spec.prompt
    calls = most_calls(data, work, reflects=_reflection(draft) is not None)
    budget: Block = {"calls": (prompt and prompt.max_calls) or calls}
    if prompt is not None and prompt.max_cost_usd is not None:
        budget["usd"] = prompt.max_cost_usd
    return budget


def budget_settings(draft: Draft, data: list[Block], work: Block, budget: Block) -> tuple[Setting, ...]:
    """Return the limits of calls and money, with their sources, and what the worst case costs."""
    prompt = draft.inputs.spec.spec.prompt
    worst = most_calls(data, work, reflects=_reflection(draft) is not None)
    chosen = prompt is not None and prompt.max_calls is not None
    source = f"spec.prompt.maxCalls; the settings can need {worst:,}" if chosen else "as many as the settings can need"
    settings = [Setting(name="budget.calls", value=budget["calls"], source=source)]
    if "usd" in budget:
        settings.append(Setting(name="budget.usd", value=budget["usd"], source="spec.prompt.maxCostUsd"))
    cost = _worst_cost(draft, min(worst, int(str(budget["calls"]))))
    if cost is not None:
        why = "at most: every call with eight examples, long rows and the longest answer, by `serving.price`"
        settings.append(Setting(name="worst_cost_usd", value=cost, source=why))
    return tuple(settings)


def _worst_cost(draft: Draft, calls: int) -> float | None:
    """Return what the calls to the model cost at most, in US dollars; None without an endpoint with a price.

    A token has at least one byte, so the bytes of the prompt and of rows bound their tokens.
    """
    body, inputs = draft.inputs.spec.spec, draft.inputs
    price = body.serving.price if body.serving is not None else None
    if price is None:
        return None
    lengths = [inputs.files[each.name].lengths for each in body.data if each.name in draft.choice.sources]
    rows = [each.p99 for each in lengths if each is not None]
    read = (inputs.prompt.size if inputs.prompt else 0) + (SHOTS + 1) * max(rows, default=0)
    return round(calls * (read * price.input + body.evaluation.max_new_tokens * price.output) / 1e6, 2)


def most_calls(data: list[Block], work: Block, *, reflects: bool) -> int:
    """Return the most calls that an optimisation with these rows and settings can make."""
    from runtime.contract.prompting import (  # models of configs, which other plans do not pay for
        PromptWork,
        worst_calls,
    )

    rows = sum(_rows(each) for each in data if each["shape"] != "evaluation")
    report = sum(_rows(each) for each in data if each["shape"] == "evaluation")
    return worst_calls(PromptWork.model_validate(work), rows, report, reflects=reflects)


def _rows(block: Block) -> int:
    rows = block["rows"]
    return rows if isinstance(rows, int) else 0


def _reflection(draft: Draft) -> ServedModel | None:
    prompt = draft.inputs.spec.spec.prompt
    return prompt.reflection if prompt is not None else None
