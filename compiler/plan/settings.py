"""The settings of stages that train, each with its source."""

from collections.abc import Iterable, Mapping

from pydantic.alias_generators import to_camel

from compiler.plan.draft import Draft
from compiler.plan.model import Config, Setting, replays
from compiler.selection import StageChoice
from compiler.spec.methods.defaults import PEFT
from compiler.spec.methods.model import Default, Method
from compiler.spec.methods.reinforcement import ZERO_SPREAD
from compiler.spec.methods.supervised import REPLAY
from compiler.spec.schema.training import CptOverrides, DpoOverrides, MethodOverrides, RewardedOverrides
from compiler.spec.schema.training_spec import Teacher
from compiler.spec.schema.types import Shape

Settings = tuple[Setting, ...]


def trainer_settings(draft: Draft) -> Settings:
    """Return the fields of the method's trainer."""
    return settings_of(
        _trainer_defaults(draft.method, full=draft.trains_all_weights),
        _by_rule(draft.choice, draft.overrides),
        draft.choice.rules[-1],
        draft.overrides.trainer,
        f"{draft.overrides_path}.trainer",
    )


def peft_settings(draft: Draft) -> Settings:
    """Return the fields of the adapter; empty where all weights are trained."""
    if draft.trains_all_weights:
        return ()
    overrides = draft.overrides.peft.model_dump(exclude_none=True)
    return settings_of(PEFT, {}, "", overrides, f"{draft.overrides_path}.peft")


def tuning_settings(draft: Draft) -> Settings:
    """Return the kind of tuning; empty for the usual adapter (`lora`)."""
    tuning = draft.overrides.tuning
    return () if tuning == "lora" else (_setting("tuning", tuning, f"{draft.overrides_path}.tuning"),)


def replay_settings(draft: Draft, data: Iterable[Config]) -> Settings:
    """Return the share of general text that is replayed with a corpus.

    Its source says so where there is no such text.
    """
    if draft.choice.method != "cpt":
        return ()
    overrides = draft.overrides
    own = overrides.replay_share if isinstance(overrides, CptOverrides) else None
    share, source = (REPLAY.value, REPLAY.source) if own is None else (own, f"{draft.overrides_path}.replayShare")
    unused = "" if replays(data) or not share else "; nothing is replayed, because no data has the purpose `general`"
    return (_setting(REPLAY.field, share, f"{source}{unused}"),)


def spread_settings(draft: Draft) -> Settings:
    """Return after how many steps without a difference in reward a stage ends; empty for methods without rewards."""
    if "rewards" not in draft.method.blocks or not draft.method.trains:
        return ()
    overrides = draft.overrides
    own = overrides.zero_spread_steps if isinstance(overrides, RewardedOverrides) else None
    value, source = (
        (ZERO_SPREAD.value, ZERO_SPREAD.source) if own is None else (own, f"{draft.overrides_path}.zeroSpreadSteps")
    )
    return (_setting(ZERO_SPREAD.field, value, source),)


def pair_settings(draft: Draft) -> Settings:
    """Return how pairs are made or filtered; empty where given pairs are used unchanged."""
    name, overrides, by_rule = "min_edit_distance", draft.overrides, draft.choice.settings
    override = overrides.min_edit_distance if isinstance(overrides, DpoOverrides) else None
    if override is not None:
        return (_setting(name, override, f"{draft.overrides_path}.minEditDistance"),)
    if name in by_rule:
        return (_setting(name, by_rule[name], "rule D3"),)
    if by_rule.get("pairs") == "badcase":
        return (_setting(name, 0.0, "rule D1: only equal answers are dropped"),)
    return ()


def distributed_settings(draft: Draft) -> Settings:
    """Return nodes, processes and sharding by the profile's GPUs; empty for one process."""
    gpu = draft.inputs.profile.spec.gpu
    if gpu is None or gpu.nodes * gpu.count == 1:
        return ()
    nodes = (_setting("nodes", gpu.nodes, "profile.gpu.nodes"),) if gpu.nodes > 1 else ()
    return (
        *nodes,
        _setting("processes", gpu.count, "profile.gpu.count"),
        _setting("strategy", gpu.sharding, "profile.gpu.sharding"),
    )


def tracking_settings(draft: Draft) -> Settings:
    """Return the trackers that a stage writes to; empty without one."""
    trackers = list(draft.inputs.spec.spec.tracking)
    return (_setting("tracking", trackers, "spec.tracking"),) if trackers else ()


def marker_settings(draft: Draft, data: Iterable[Config]) -> Settings:
    """Return the text between a chain and its answer; empty where no rows have chains."""
    if all(block["shape"] != Shape.CHAIN for block in data):
        return ()
    return (_setting("answer_marker", draft.inputs.spec.spec.evaluation.answer_marker, "spec.evaluation.answerMarker"),)


def teacher_limits(teacher: Teacher) -> Settings:
    """Return the limits of the teacher's endpoint that the spec sets."""
    given = teacher.ask.model_dump(include={"concurrency", "requests_per_minute"}, exclude_none=True)
    return tuple(
        Setting(name=name, value=value, source=f"spec.teacher.ask.{to_camel(name)}") for name, value in given.items()
    )


def generation_settings(draft: Draft) -> Settings:
    """Return the settings with which evaluations generate answers."""
    body = draft.inputs.spec.spec.evaluation
    return (
        _setting("max_new_tokens", body.max_new_tokens, "spec.evaluation.maxNewTokens"),
        _setting("batch_size", body.batch_size, "spec.evaluation.batchSize"),
    )


def answer_settings(draft: Draft) -> Settings:
    """Return the settings with which an evaluation generates answers: those above, and the deployed system's decoding.

    Without a temperature, decoding is greedy.
    """
    decoding = draft.inputs.spec.spec.decoding
    sampled = (
        (_setting("temperature", decoding.temperature, "spec.decoding.temperature"),)
        if decoding and decoding.temperature
        else ()
    )
    return (*generation_settings(draft), *sampled)


def settings_of(
    defaults: tuple[Default, ...], by_rule: Mapping[str, object], rule: str, overrides: Mapping[str, object], at: str
) -> Settings:
    """Return defaults, replaced by a rule's values, then by the spec's.

    New names follow the table's order.
    """
    chosen = {each.field: _setting(each.field, each.value, each.source) for each in defaults}
    chosen |= {name: _setting(name, value, f"rule {rule}") for name, value in by_rule.items()}
    chosen |= {name: _setting(name, overrides[name], f"{at}.{name}") for name in sorted(overrides)}
    return tuple(chosen.values())


def values(settings: Settings) -> dict[str, object]:
    """Return the settings as a block of a config."""
    return {each.name: each.value for each in settings}


def _setting(name: str, value: object, source: str) -> Setting:
    return Setting(name=name, value=value, source=source)


def _trainer_defaults(method: Method, *, full: bool) -> tuple[Default, ...]:
    """Return the method's defaults; full tuning uses about a tenth of the learning rate."""
    rate = method.full_rate if full else None
    return tuple(rate if rate and each.field == rate.field else each for each in method.defaults)


def _by_rule(choice: StageChoice, overrides: MethodOverrides) -> Mapping[str, object]:
    """Return a rule's trainer fields.

    Loss weights belong to their losses, so an override of one drops both.
    """
    by_rule = choice.settings.get("trainer", {})
    if not isinstance(by_rule, Mapping):
        return {}
    losses = {"loss_type", "loss_weights"}
    return {
        name: value for name, value in by_rule.items() if not (name in losses and losses & overrides.trainer.keys())
    }
