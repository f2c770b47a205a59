"""Checks of a prompt optimisation: what it begins with, and what its budget covers."""

import hashlib
from collections.abc import Iterator

from compiler.diagnostics import Diagnostic, diagnostic
from compiler.diagnostics.wording import counted
from compiler.plan.model import Plan, Stage
from compiler.plan.prompt_blocks import OPTIMIZE, most_calls
from compiler.selection.current import current
from compiler.spec.schema.evidence import PromptRounds

BARE = hashlib.sha256(b"\n").hexdigest()  # the prompt of bare questions


def prompts_without_file(plan: Plan) -> Iterator[Diagnostic]:
    """Report an optimisation that begins with the bare questions, because the spec names no prompt."""
    if plan.inputs.spec.spec.prompt is None and any(stage.method == OPTIMIZE for stage in plan.pending):
        where = plan.inputs.document.at(("spec",))
        message = "`spec.prompt` names no file, so the optimisation begins with the bare questions"
        hint = "commit the prompt that the system uses now, and name it in `spec.prompt.path`"
        yield diagnostic("PLN421", message, where, hint=hint)


def probes_of_another_prompt(plan: Plan) -> Iterator[Diagnostic]:
    """Report a probe that does not ask in the best prompt of the rounds that name their prompts."""
    inputs, metric = plan.inputs, plan.inputs.spec.spec.goal.metrics[0].name
    probes = [each for each in plan.pending if each.method == "probe" and not each.config["model"]["adapters"]]
    logs = [(file, report) for file, report in current(inputs, PromptRounds) if report.spec.metric == metric]
    rounds = [(each, file, report) for file, report in logs for each in report.spec.rounds if each.prompt_digest]
    if not probes or not rounds:
        return
    best, file, log = max(rounds, key=lambda each: each[0].score)
    used = inputs.prompt.text_sha256 if inputs.prompt is not None else BARE
    # a Job's `prompt.md` is that of its last round: the rows that report chose nothing, so their best is partly luck
    usable = {each.prompt_digest for each, _, _ in rounds if each.score == best.score}
    if used in usable | {log.spec.rounds[-1].prompt_digest}:
        return
    message = f"the probe does not use the best prompt, that of round `{best.name}` in {file.shown}"
    where = inputs.document.at(("spec", "prompt", "path") if inputs.prompt is not None else ("spec",))
    hint = "copy `prompt.md` from the output of that Job over the file of `spec.prompt.path`, then compile again"
    yield diagnostic("PLN424", message, where, hint=hint)


def budgets_below_one_round(plan: Plan) -> Iterator[Diagnostic]:
    """Report a budget of calls that does not cover one round: the best prompt would stay the current one."""
    for stage in plan.pending:
        calls = stage.config["budget"]["calls"] if stage.method == OPTIMIZE else None
        needed = _one_round(stage) if calls is not None else 0
        if calls is not None and calls < needed:
            where = plan.inputs.document.at(("spec", "prompt", "maxCalls"))
            message = f"a budget of {counted(calls, 'call')} may not cover one round, which can need {needed:,}"
            yield diagnostic("PLN422", message, where, hint=f"allow {needed:,} calls, or fewer candidates")


def money_without_price(plan: Plan) -> Iterator[Diagnostic]:
    """Report a limit of money where no endpoint has a price."""
    body = plan.inputs.spec.spec
    if body.prompt is None or body.prompt.max_cost_usd is None:
        return
    if not any(each is not None and each.price is not None for each in (body.serving, body.prompt.reflection)):
        where = plan.inputs.document.at(("spec", "prompt", "maxCostUsd"), key=True)
        message = "`prompt.maxCostUsd` is set, but no endpoint has a `price`, so every call counts as free"
        yield diagnostic("PLN403", message, where, hint="add `price` to `serving` or `prompt.reflection`")


def _one_round(stage: Stage) -> int:
    work = {**stage.config["work"], "max_rounds": 1}
    return most_calls(stage.config["data"], work, reflects="reflection" in stage.config)
