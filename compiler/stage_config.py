"""Stage configs: what the runtime reads, built out of a choice of the rules, defaults, and the spec's overrides."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic.alias_generators import to_camel

from compiler.defaults import FULL_RATE, HELD_OUT_SHARE, PEFT, REPLAY, TRAINER, WORK, Default
from compiler.inputs import Inputs
from compiler.plan_model import Setting
from compiler.schema.v1.training_spec import (
    CptOverrides,
    DataSource,
    DpoOverrides,
    MethodOverrides,
    RewardFunction,
    Teacher,
)
from compiler.schema.v1.types import BadcaseClass, Purpose, Shape
from compiler.selection import Selection, StageChoice

AGREEING_SAMPLES = 5
STAGE_SCHEMA = "trainspec.dev/stage/v1"
CHECKED = {"badcases": (Shape.BADCASE,), "general": (Shape.EVALUATION, Shape.TEXT)}
ROWS_MADE = {"dpo": ("preference",)}  # what a stage reads of an earlier one's rows, where not all that it makes


@dataclass(frozen=True, kw_only=True, slots=True)
class Lineage:
    """What a stage builds on: adapters merged in order, Jobs that made rows (by method), the reward model's Job."""

    adapters: tuple[str, ...] = ()
    made: Mapping[str, str] = field(default_factory=dict)
    reward_model: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Built:
    """A config without its output's name, and its settings with their sources."""

    config: dict[str, object]
    settings: tuple[Setting, ...]


def training(inputs: Inputs, choice: StageChoice, selection: Selection, lineage: Lineage) -> Built:
    """The config of a stage that trains."""
    overrides = inputs.spec.spec.training.of(choice.method) or MethodOverrides()
    at = f"spec.training.{to_camel(choice.method.replace('-', '_'))}"
    full = overrides.tuning == "full"
    trainer = _settings(
        _trainer_defaults(choice.method, full=full),
        _kept_of_rule(choice, overrides),
        choice.rules[-1],
        overrides.trainer,
        f"{at}.trainer",
    )
    peft = _settings(() if full else PEFT, {}, "", overrides.peft.model_dump(exclude_none=True), f"{at}.peft")
    data = _training_data(inputs, choice, selection, lineage)
    config = _common(inputs, choice.method, lineage.adapters, data)
    if any(block["shape"] == Shape.CHAIN for block in data):
        config["answer_marker"] = inputs.spec.spec.evaluation.answer_marker
    if overrides.tuning == "qlora":
        config["model"] = {**config["model"], "quantization": "nf4"}  # type: ignore[dict-item]
    replay = _replay(choice, overrides, at)
    config |= _special(inputs, choice, lineage) | _values(replay)
    config |= {"peft": None if full else _values(peft), "trainer": _values(trainer)}
    distributed = _distributed(inputs)
    if distributed:
        config["distributed"] = _values(distributed)
    if inputs.spec.spec.tracking:
        config["tracking"] = list(inputs.spec.spec.tracking)
    chosen = Setting(name="tuning", value=overrides.tuning, source=f"{at}.tuning")
    tuning = (chosen,) if overrides.tuning != "lora" else ()
    return Built(config=config, settings=(*distributed, *tuning, *replay, *trainer, *peft))


def pairs(inputs: Inputs, choice: StageChoice, selection: Selection, lineage: Lineage) -> Built | None:
    """The config of the stage that makes or filters the pairs of `choice`; None where given ones are used as is."""
    overrides = inputs.spec.spec.training.of(choice.method) or MethodOverrides()
    settings = _pairs(choice, overrides, f"spec.training.{to_camel(choice.method)}")
    if not settings or not choice.sources:
        return None
    data = _sources(inputs, choice, selection)
    config = _common(inputs, "pairs", lineage.adapters, data) | {"pairs": _values(settings)}
    return Built(config=config, settings=settings)


def work(inputs: Inputs, choice: StageChoice, selection: Selection, lineage: Lineage) -> Built:
    """The config of a stage that makes data or measures."""
    table = {each.name: each for each in _settings(WORK[choice.method], choice.settings, choice.rules[-1], {}, "")}
    shapes = {each.shape for each in inputs.spec.spec.data if each.name in choice.sources}
    if choice.method in ("teacher", "sample"):
        table |= {each.name: each for each in _generation(inputs)}  # an answer that is longer could not be right
    if choice.method == "teacher" and inputs.spec.spec.teacher is not None:
        table = _asked(table, inputs.spec.spec.teacher)
    if "keep" in table and table["keep"].value == "verified" and Shape.PROMPT in shapes:
        source = "rows of shape `prompt` hold no answer to check by"
        table["keep"] = Setting(name="keep", value="all", source=source)
    if choice.method == "probe":
        limits = inputs.spec.spec.thresholds
        for name, value in (("samples", limits.probe_samples), ("prompts", limits.probe_prompts)):
            if f"probe_{name}" in limits.model_fields_set:
                source = f"spec.thresholds.probe{name.capitalize()}"
                table[name] = Setting(name=name, value=value, source=source)
    settings = tuple(table.values())
    judged = _judged(inputs, choice) if choice.method == "preflight" else []
    data = [*_data(inputs, choice, selection, lineage), *judged]
    config = _common(inputs, choice.method, lineage.adapters, data) | _special(inputs, choice, lineage)
    config["metrics"] = metrics(inputs, selection)
    if choice.method == "preflight":
        config["generation"] = _values(_generation(inputs))
    config["work"] = _values(settings)
    return Built(config=config, settings=settings)


def _asked(table: Mapping[str, Setting], teacher: Teacher) -> dict[str, Setting]:
    """The settings with what the spec sets of them, and without those of the other way to reach a teacher."""
    chosen = {
        name: Setting(name=name, value=value, source=f"spec.teacher.ask.{to_camel(name)}")
        for name, value in teacher.ask.model_dump(exclude_none=True).items()
    }
    settings = {**table, **chosen}
    if settings["keep"].value == "agreed" and settings["samples"].value == 1:
        settings["samples"] = Setting(name="samples", value=AGREEING_SAMPLES, source="an agreement needs several")
    foreign = ("batch_size",) if teacher.endpoint else ("concurrency", "requests_per_minute")
    return {name: setting for name, setting in settings.items() if name not in foreign}


def evaluation(
    inputs: Inputs,
    selection: Selection,
    *,
    of: str,
    adapters: tuple[str, ...],
    baseline: str | None,
    gated: bool = True,
    prompt: str | None = None,
) -> Built:
    """The config of an evaluation of what `of` made; `prompt` is a file of the outputs volume of an earlier stage.

    One that is not `gated` informs: the plan goes on, unless general ability is lost.
    """
    goal = inputs.spec.spec.goal.metrics[0]
    generation = _generation(inputs)
    data = _evaluation_data(inputs, selection)
    config = _common(inputs, "evaluate", adapters, data) | {
        "generation": _values(generation),
        "metrics": metrics(inputs, selection),
    }
    gate = {"metric": goal.name, "target": goal.target, "baseline": baseline}
    if gated:
        config["gate"] = gate
    elif any(block.get("role") == "general" for block in data):
        config["gate"] = gate | {"needs_gain": False}
    if of != "latent-cot" and _learns_chains(inputs, selection, of):
        config["without_chain"] = True
    if prompt is not None:
        config["prompt"] = {"path": prompt, "volume": "outputs"}
    return Built(config=config, settings=generation)


def metrics(inputs: Inputs, selection: Selection) -> list[dict[str, object]]:
    """The goal's metrics as stages read them; where chains are learnt, answers stand behind a marker."""
    body = inputs.spec.spec
    learnt = any(_learns_chains(inputs, selection, each.method) for each in selection.stages)
    marker = {"answer_marker": body.evaluation.answer_marker} if learnt else {}
    return [
        {**each.model_dump(include={"name", "databases"}, exclude_none=True), **marker} for each in body.goal.metrics
    ]


def _learns_chains(inputs: Inputs, selection: Selection, method: str) -> bool:
    """Whether a chosen method learns reasoning chains: given ones, or those that an earlier stage makes."""
    sources = {each.name: each for each in inputs.spec.spec.data}
    choice = next((each for each in selection.stages if each.method == method and method in TRAINER), None)
    if choice is None:
        return False
    makers = [each for each in selection.stages if each.method in choice.made_by]
    made = any(isinstance(makes := each.settings.get("makes"), Mapping) and "chain" in makes for each in makers)
    return made or any(sources[name].shape is Shape.CHAIN for name in choice.sources)


def _generation(inputs: Inputs) -> tuple[Setting, ...]:
    body = inputs.spec.spec.evaluation
    return (
        Setting(name="max_new_tokens", value=body.max_new_tokens, source="spec.evaluation.maxNewTokens"),
        Setting(name="batch_size", value=body.batch_size, source="spec.evaluation.batchSize"),
    )


def _evaluation_data(inputs: Inputs, selection: Selection) -> list[dict[str, object]]:
    """The held-out rows, then badcases and general rows, of which only so many are asked."""
    body = inputs.spec.spec
    blocks = [_block(inputs, next(each for each in body.data if each.purpose is Purpose.EVALUATION))]
    for purpose, role, limit in (
        (Purpose.BADCASES, "badcases", body.evaluation.badcases),
        (Purpose.GENERAL, "general", body.evaluation.general),
    ):
        found = [each for each in body.data if each.purpose is purpose and each.shape in CHECKED[role]]
        blocks += [_block(inputs, each, selection.left_out) | {"role": role, "limit": limit} for each in found if limit]
    return blocks


def _judged(inputs: Inputs, choice: StageChoice) -> list[dict[str, object]]:
    """Badcases beside the prompts: people told right from wrong there, which a reward has to do as well."""
    found = [each for each in inputs.spec.spec.data if each.purpose is Purpose.BADCASES]
    found = [each for each in found if each.shape is Shape.BADCASE]
    return [_block(inputs, each) | {"role": "badcases"} for each in found if each.name not in choice.sources]


def _trainer_defaults(method: str, *, full: bool) -> tuple[Default, ...]:
    """The method's table; all weights are trained at about a tenth of the rate of adapters."""
    rate = FULL_RATE[method]
    return tuple(rate if full and each.field == rate.field else each for each in TRAINER[method])


def _distributed(inputs: Inputs) -> tuple[Setting, ...]:
    gpu = inputs.profile.spec.gpu
    if gpu is None or gpu.count == 1:
        return ()
    return (
        Setting(name="processes", value=gpu.count, source="profile.gpu.count"),
        Setting(name="strategy", value=gpu.sharding, source="profile.gpu.sharding"),
    )


def _common(inputs: Inputs, method: str, adapters: tuple[str, ...], data: list[dict[str, object]]) -> dict[str, object]:
    body = inputs.spec.spec
    return {
        "schema": STAGE_SCHEMA,
        "plan": inputs.spec.metadata.name,
        "stage": "",
        "method": method,
        "output": "",
        "seed": body.seed,
        "model": {
            "path": body.model.path,
            "adapters": list(adapters),
            "dtype": "bfloat16" if inputs.profile.spec.gpu else "float32",
            "trust_remote_code": body.model.trust_remote_code,
        },
        "data": data,
    }


def _training_data(
    inputs: Inputs, choice: StageChoice, selection: Selection, lineage: Lineage
) -> list[dict[str, object]]:
    """What `_data` gives; where a stage made pairs of the sources, its rows stand for them."""
    made = lineage.made.get(f"pairs of {choice.method}")
    if made is None:
        return _data(inputs, choice, selection, lineage)
    return [_made(made, "preference"), *_made_blocks(choice, selection, lineage)]


def _data(inputs: Inputs, choice: StageChoice, selection: Selection, lineage: Lineage) -> list[dict[str, object]]:
    """One block for each source, then one for each kind of rows that an earlier stage made."""
    return [*_sources(inputs, choice, selection), *_made_blocks(choice, selection, lineage)]


def _sources(inputs: Inputs, choice: StageChoice, selection: Selection) -> list[dict[str, object]]:
    sources = {each.name: each for each in inputs.spec.spec.data}
    return [_block(inputs, sources[name], selection.left_out) for name in choice.sources]


def _made_blocks(choice: StageChoice, selection: Selection, lineage: Lineage) -> list[dict[str, object]]:
    blocks = []
    for maker in (each for each in selection.stages if each.method in choice.made_by):
        makes = maker.settings.get("makes", {})
        shapes = ROWS_MADE.get(choice.method, sorted(makes) if isinstance(makes, Mapping) else ())
        blocks += [_made(lineage.made[maker.method], shape) for shape in shapes]
    return blocks


def _made(job: str, shape: str) -> dict[str, object]:
    path = f"{job}/{shape}.jsonl"
    return {"path": path, "volume": "outputs", "shape": shape, "sha256": None, "rows": None}


def _last_name(uri: str) -> str:
    """The name that a remote file is looked for by; never one that leads to another folder."""
    name = uri.rstrip("/").rsplit("/", 1)[-1]
    return name if name.strip(".") else "rows"


def _block(inputs: Inputs, source: DataSource, left_out: tuple[BadcaseClass, ...] = ()) -> dict[str, object]:
    file = inputs.files[source.name]
    block: dict[str, object] = {
        "path": source.path or f"remote/{source.name}/{_last_name(source.uri or '')}",
        "shape": str(source.shape),
        "sha256": file.sha256,
        "rows": file.rows,
    }
    if source.uri is not None:
        block["uri"] = source.uri
    if source.purpose is Purpose.GENERAL:
        block["role"] = "replay"
    excluded = {name for name, _ in file.classes} & {each.value for each in left_out}
    if source.purpose is Purpose.BADCASES and excluded:
        block["exclude_classes"] = sorted(excluded)
    return block


def _special(inputs: Inputs, choice: StageChoice, lineage: Lineage) -> dict[str, object]:
    """What only some methods need: a teacher, rewards, a curriculum."""
    body = inputs.spec.spec
    special: dict[str, object] = {}
    if choice.method in ("teacher", "distill") and body.teacher is not None:
        special["teacher"] = body.teacher.model_dump(exclude_none=True, exclude={"ask"})
    if choice.method in ("grpo", "ppo", "preflight") and body.reward is not None:
        special["rewards"] = [_reward(each, inputs) for each in body.reward.functions]
    if choice.method == "ppo":
        special["reward_model"] = lineage.reward_model
    if choice.method == "reward":
        special["held_out_share"] = HELD_OUT_SHARE
    if choice.method == "distill":
        special["distillation"] = {key: value for key, value in choice.settings.items() if key != "start"}
    if "curriculum" in choice.settings:
        special["curriculum"] = choice.settings["curriculum"]
    return special


def _replay(choice: StageChoice, overrides: MethodOverrides, at: str) -> tuple[Setting, ...]:
    """How much general text a corpus is mixed with."""
    if choice.method != "cpt":
        return ()
    own = overrides.replay_share if isinstance(overrides, CptOverrides) else None
    if own is not None:
        return (Setting(name=REPLAY.field, value=own, source=f"{at}.replayShare"),)
    return (Setting(name=REPLAY.field, value=REPLAY.value, source=REPLAY.source),)


def _reward(function: RewardFunction, inputs: Inputs) -> dict[str, object]:
    """A term of the reward; queries are run on the databases of the metric, where its options name none."""
    options = dict(function.options)
    databases = next((each.databases for each in inputs.spec.spec.goal.metrics if each.databases), None)
    if function.use == "sql_execution" and databases is not None:
        options.setdefault("databases", databases)
    return {"use": function.use, "weight": function.weight, **({"options": options} if options else {})}


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


def _settings(
    defaults: tuple[Default, ...], by_rule: Mapping[str, object], rule: str, overrides: Mapping[str, object], at: str
) -> tuple[Setting, ...]:
    """Defaults, then what a rule sets, then what the spec sets, in the table's order with new names behind."""
    chosen = {each.field: Setting(name=each.field, value=each.value, source=each.source) for each in defaults}
    chosen |= {name: Setting(name=name, value=value, source=f"rule {rule}") for name, value in by_rule.items()}
    chosen |= {name: Setting(name=name, value=overrides[name], source=f"{at}.{name}") for name in sorted(overrides)}
    return tuple(chosen.values())


def _values(settings: tuple[Setting, ...]) -> dict[str, object]:
    return {each.name: each.value for each in settings}
