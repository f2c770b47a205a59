"""Plan phase: a selection becomes an ordered pipeline of stages, each with its whole config, name and needs."""

from collections.abc import Mapping
from dataclasses import replace

from compiler import __version__
from compiler.defaults import DEADLINE_MINUTES, PEFT, TRAINER, Default
from compiler.diagnostics import Outcome, has_errors
from compiler.inputs import Inputs
from compiler.naming import digest, job_name
from compiler.plan_checks import over_the_cap, overrides_of_rules, selection_problems, unused_sources
from compiler.plan_model import Plan, Setting, Stage
from compiler.schema.v1alpha1 import DataSource, DpoOverrides, MethodOverrides, Purpose
from compiler.selection import Selection, StageChoice
from compiler.selection.rules import RULES_VERSION

STAGE_SCHEMA = "trainspec.dev/stage/v1alpha1"


def plan(inputs: Inputs, selection: Selection) -> Outcome[Plan]:
    """Lay out the stages of a selection; outside of the train phase there are none."""
    found = tuple(selection_problems(inputs, selection))
    if has_errors(found):
        return Outcome(value=None, diagnostics=found)
    stages = _stages(inputs, selection) if selection.stages else ()
    cost = _worst_cost(inputs, stages)
    capped = (
        *found,
        *over_the_cap(inputs, cost),
        *unused_sources(inputs, stages),
        *overrides_of_rules(inputs, selection),
    )
    if has_errors(capped):
        return Outcome(value=None, diagnostics=capped)
    name = inputs.spec.metadata.name
    whole = digest(
        {
            "compiler": __version__,
            "rules": RULES_VERSION,
            "jobs": [stage.job for stage in stages],
            "phase": selection.phase,
        }
    )
    return Outcome(
        value=Plan(name=name, inputs=inputs, selection=selection, stages=stages, digest=whole, worst_cost_usd=cost),
        diagnostics=capped,
    )


def _worst_cost(inputs: Inputs, stages: tuple[Stage, ...]) -> float | None:
    """All stages running until their deadlines, which bound retries too."""
    gpu = inputs.profile.spec.gpu
    if gpu is None or gpu.hourly_usd is None:
        return None
    return sum(stage.deadline_seconds for stage in stages) / 3600 * gpu.count * gpu.hourly_usd


def _stages(inputs: Inputs, selection: Selection) -> tuple[Stage, ...]:
    """evaluate-base, then for each chosen method a training stage and its evaluation, each needing the one before."""
    stages = [_evaluation(inputs, "base", adapters=(), baseline=None, order=1, needs="", rules=("T0",))]
    adapters: tuple[str, ...] = ()
    for choice in selection.stages:
        before = stages[-1]
        training = _training(inputs, choice, adapters, order=before.order + 1, needs=before.job)
        adapters = (*adapters, f"{training.job}/adapter")
        stages.append(training)
        stages.append(
            _evaluation(
                inputs,
                choice.method,
                adapters=adapters,
                baseline=before.job,
                order=training.order + 1,
                needs=training.job,
                rules=choice.rules,
            )
        )
    return tuple(stages)


def _training(inputs: Inputs, choice: StageChoice, adapters: tuple[str, ...], *, order: int, needs: str) -> Stage:
    body = inputs.spec.spec
    overrides: MethodOverrides = getattr(body.training, choice.method) or MethodOverrides()
    source = next(each for each in body.data if each.name == choice.source)
    at = f"spec.training.{choice.method}"
    rule_trainer = _kept_of_rule(choice, overrides)
    trainer = _settings(TRAINER[choice.method], rule_trainer, choice.rules[-1], overrides.trainer, f"{at}.trainer")
    peft = _settings(PEFT, {}, "", overrides.peft.model_dump(exclude_none=True), f"{at}.peft")
    pairs = _pairs(choice, overrides, at)
    config = _common(inputs, choice.method, choice.method, adapters, source) | {
        "peft": {each.name: each.value for each in peft},
        "trainer": {each.name: each.value for each in trainer},
    }
    if pairs:
        config["pairs"] = {each.name: each.value for each in pairs}
    stage = Stage(
        order=order,
        name=choice.method,
        method=choice.method,
        rules=choice.rules,
        source=source.name,
        settings=(*trainer, *peft, *pairs),
        config=config,
        job="",
        needs=needs,
        deadline_seconds=60 * (overrides.deadline_minutes or DEADLINE_MINUTES[choice.method]),
    )
    return _named(inputs, stage)


def _kept_of_rule(choice: StageChoice, overrides: MethodOverrides) -> Mapping[str, object]:
    """What a rule sets of the trainer; its weights go with its losses, so an override of one drops both."""
    by_rule = choice.settings.get("trainer", {})
    if not isinstance(by_rule, Mapping):
        return {}
    losses = {"loss_type", "loss_weights"}
    return {
        name: value for name, value in by_rule.items() if not (name in losses and losses & overrides.trainer.keys())
    }


def _pairs(choice: StageChoice, overrides: MethodOverrides, at: str) -> tuple[Setting, ...]:
    """How pairs are made or filtered; empty where given pairs are used as they are."""
    name = "min_edit_distance"
    override = overrides.min_edit_distance if isinstance(overrides, DpoOverrides) else None
    if override is not None:
        return (Setting(name=name, value=override, source=f"{at}.minEditDistance"),)
    if name in choice.settings:
        return (Setting(name=name, value=choice.settings[name], source="rule D3"),)
    if choice.settings.get("pairs") == "badcase":
        return (Setting(name=name, value=0.0, source="rule D1: only equal answers are dropped"),)
    return ()


def _evaluation(
    inputs: Inputs,
    of: str,
    *,
    adapters: tuple[str, ...],
    baseline: str | None,
    order: int,
    needs: str,
    rules: tuple[str, ...],
) -> Stage:
    body = inputs.spec.spec
    name = f"evaluate-{of}"
    source = next(each for each in body.data if each.purpose is Purpose.EVALUATION)
    goal = body.goal.metrics[0]
    metrics = [
        {"name": each.name} | ({"databases": each.databases} if each.databases else {}) for each in body.goal.metrics
    ]
    generation = (
        Setting(name="max_new_tokens", value=body.evaluation.max_new_tokens, source="spec.evaluation.maxNewTokens"),
        Setting(name="batch_size", value=body.evaluation.batch_size, source="spec.evaluation.batchSize"),
    )
    config = _common(inputs, name, "evaluate", adapters, source) | {
        "generation": {each.name: each.value for each in generation},
        "metrics": metrics,
        "gate": {"metric": goal.name, "target": goal.target, "baseline": baseline},
    }
    stage = Stage(
        order=order,
        name=name,
        method="evaluate",
        rules=rules,
        source=source.name,
        settings=generation,
        config=config,
        job="",
        needs=needs,
        deadline_seconds=60 * (body.evaluation.deadline_minutes or DEADLINE_MINUTES["evaluate"]),
    )
    return _named(inputs, stage)


def _common(
    inputs: Inputs, stage: str, method: str, adapters: tuple[str, ...], source: DataSource
) -> dict[str, object]:
    body = inputs.spec.spec
    file = inputs.files[source.name]
    return {
        "schema": STAGE_SCHEMA,
        "plan": inputs.spec.metadata.name,
        "stage": stage,
        "method": method,
        "output": "",
        "seed": body.seed,
        "model": {
            "path": f"{body.model.name}/{body.model.revision}",
            "adapters": list(adapters),
            "dtype": "bfloat16" if inputs.profile.spec.gpu else "float32",
            "trust_remote_code": body.model.trust_remote_code,
        },
        "data": {"path": source.path, "shape": str(source.shape), "sha256": file.sha256, "rows": file.rows},
    }


def _settings(
    defaults: tuple[Default, ...], by_rule: object, rule: str, overrides: Mapping[str, object], at: str
) -> tuple[Setting, ...]:
    """Defaults, then what a rule sets, then what the spec sets, in the table's order with new names behind."""
    chosen = {each.field: Setting(name=each.field, value=each.value, source=each.source) for each in defaults}
    if isinstance(by_rule, Mapping):
        chosen |= {name: Setting(name=name, value=value, source=f"rule {rule}") for name, value in by_rule.items()}
    chosen |= {name: Setting(name=name, value=overrides[name], source=f"{at}.{name}") for name in sorted(overrides)}
    return tuple(chosen.values())


def _named(inputs: Inputs, stage: Stage) -> Stage:
    """The stage under the name that its result depends on: config, image, data, topology and the rerun counter."""
    gpu, nodes = inputs.profile.spec.gpu, 1
    identity = {
        "config": stage.config,
        "image": inputs.profile.spec.image,
        "folders": dict(inputs.folders) if stage.method == "evaluate" else {},
        "topology": {"nodes": nodes, "gpu": gpu.type if gpu else "", "gpus": gpu.count if gpu else 0},
        "rerun": inputs.spec.spec.rerun,
    }
    job = job_name(inputs.spec.metadata.name, stage.name, digest(identity))
    return replace(stage, job=job, config={**stage.config, "output": job})
