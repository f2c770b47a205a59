"""The settings of stages, each with its source: the defaults' table, a rule, the spec, the profile."""

from collections.abc import Mapping

from pydantic.alias_generators import to_camel

from compiler.plan.model import Setting
from compiler.selection import StageChoice
from compiler.spec.inputs import Inputs
from compiler.spec.methods.catalog import FULL_RATE, REPLAY, TRAINER, Default
from compiler.spec.schema.training import CptOverrides, DpoOverrides, MethodOverrides
from compiler.spec.schema.training_spec import Teacher

AGREEING_SAMPLES = 5


def trainer_defaults(method: str, *, full: bool) -> tuple[Default, ...]:
    """The method's table; all weights are trained at about a tenth of the rate of adapters."""
    rate = FULL_RATE[method]
    return tuple(rate if full and each.field == rate.field else each for each in TRAINER[method])


def kept_of_rule(choice: StageChoice, overrides: MethodOverrides) -> Mapping[str, object]:
    """What a rule sets of the trainer; its weights go with its losses, so an override of one drops both."""
    by_rule = choice.settings.get("trainer", {})
    if not isinstance(by_rule, Mapping):
        return {}
    losses = {"loss_type", "loss_weights"}
    return {
        name: value for name, value in by_rule.items() if not (name in losses and losses & overrides.trainer.keys())
    }


def replay_settings(choice: StageChoice, overrides: MethodOverrides, at: str, *, replays: bool) -> tuple[Setting, ...]:
    """How much general text a corpus is mixed with; said, too, where there is none of it."""
    if choice.method != "cpt":
        return ()
    own = overrides.replay_share if isinstance(overrides, CptOverrides) else None
    share, source = (REPLAY.value, REPLAY.source) if own is None else (own, f"{at}.replayShare")
    vain = "" if replays or not share else "; nothing is replayed, for want of data of purpose `general`"
    return (Setting(name=REPLAY.field, value=share, source=f"{source}{vain}"),)


def pair_settings(choice: StageChoice, overrides: MethodOverrides, at: str) -> tuple[Setting, ...]:
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


def distributed_settings(inputs: Inputs) -> tuple[Setting, ...]:
    """Nodes, processes on each, and how they share weights, by the profile's GPUs; empty for one process."""
    gpu = inputs.profile.spec.gpu
    if gpu is None or gpu.nodes * gpu.count == 1:
        return ()
    several = Setting(name="nodes", value=gpu.nodes, source="profile.gpu.nodes")
    return (
        *((several,) if gpu.nodes > 1 else ()),
        Setting(name="processes", value=gpu.count, source="profile.gpu.count"),
        Setting(name="strategy", value=gpu.sharding, source="profile.gpu.sharding"),
    )


def tracking_settings(inputs: Inputs) -> tuple[Setting, ...]:
    """The trackers that a stage writes to; empty where there are none."""
    trackers = list(inputs.spec.spec.tracking)
    return (Setting(name="tracking", value=trackers, source="spec.tracking"),) if trackers else ()


def marker_settings(inputs: Inputs) -> tuple[Setting, ...]:
    """What stands between a chain and its answer."""
    marker = inputs.spec.spec.evaluation.answer_marker
    return (Setting(name="answer_marker", value=marker, source="spec.evaluation.answerMarker"),)


def generation_settings(inputs: Inputs) -> tuple[Setting, ...]:
    """How answers are generated, as evaluations do it."""
    body = inputs.spec.spec.evaluation
    return (
        Setting(name="max_new_tokens", value=body.max_new_tokens, source="spec.evaluation.maxNewTokens"),
        Setting(name="batch_size", value=body.batch_size, source="spec.evaluation.batchSize"),
    )


def teacher_settings(table: Mapping[str, Setting], teacher: Teacher) -> dict[str, Setting]:
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


def settings_of(
    defaults: tuple[Default, ...], by_rule: Mapping[str, object], rule: str, overrides: Mapping[str, object], at: str
) -> tuple[Setting, ...]:
    """Defaults, then what a rule sets, then what the spec sets, in the table's order with new names behind."""
    chosen = {each.field: Setting(name=each.field, value=each.value, source=each.source) for each in defaults}
    chosen |= {name: Setting(name=name, value=value, source=f"rule {rule}") for name, value in by_rule.items()}
    chosen |= {name: Setting(name=name, value=overrides[name], source=f"{at}.{name}") for name in sorted(overrides)}
    return tuple(chosen.values())


def values(settings: tuple[Setting, ...]) -> dict[str, object]:
    """The settings as a block of a config."""
    return {each.name: each.value for each in settings}
