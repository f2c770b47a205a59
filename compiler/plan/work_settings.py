"""The settings of stages that make data or measure, each with its source."""

from collections.abc import Callable

from pydantic.alias_generators import to_camel

from compiler.plan.augmentation import with_augmentation
from compiler.plan.draft import Draft
from compiler.plan.model import Setting
from compiler.plan.settings import generation_settings, settings_of, teacher_limits
from compiler.spec.schema.types import Shape

AGREEING_SAMPLES = 5
CHAIN_OF_ANSWERS, LONGEST_CHAIN = 8, 512  # the room of a chain, in answers, and at most in tokens unless one is longer

Table = dict[str, Setting]


def work_settings(draft: Draft) -> tuple[Setting, ...]:
    """Return the method's defaults with the rules' values, changed by each step in turn."""
    settings = settings_of(draft.method.defaults, draft.choice.settings, draft.choice.rules[-1], {}, "")
    table = {each.name: each for each in settings}
    for step in _STEPS:
        table = step(draft, table)
    return tuple(table.values())


def _with_generation(draft: Draft, table: Table) -> Table:
    """Generate rows with the settings of evaluations, where a longer answer could not be right."""
    if draft.choice.method not in ("teacher", "sample", "probe"):
        return table
    return table | {each.name: each for each in generation_settings(draft)}


def _with_teacher(draft: Draft, table: Table) -> Table:
    """Apply the spec's settings of a teacher, and drop settings of the other kind of access."""
    teacher = draft.inputs.spec.spec.teacher
    if draft.choice.method != "teacher" or teacher is None:
        return table
    chosen = {
        name: Setting(name=name, value=value, source=f"spec.teacher.ask.{to_camel(name)}")
        for name, value in teacher.ask.model_dump(exclude_none=True).items()
    }
    settings = table | chosen
    if settings["keep"].value == "agreed" and settings["samples"].value == 1:
        settings["samples"] = Setting(name="samples", value=AGREEING_SAMPLES, source="agreement needs several samples")
    foreign = ("batch_size",) if teacher.endpoint else ("concurrency", "requests_per_minute")
    return {name: setting for name, setting in settings.items() if name not in foreign}


def _without_verification(draft: Draft, table: Table) -> Table:
    """Keep all answers where rows have no right answer to verify them with."""
    shapes = {each.shape for each in draft.inputs.spec.spec.data if each.name in draft.choice.sources}
    if "keep" not in table or table["keep"].value != "verified" or Shape.PROMPT not in shapes:
        return table
    source = "rows of shape `prompt` have no right answer to verify with"
    return table | {"keep": Setting(name="keep", value="all", source=source)}


def _with_probe_thresholds(draft: Draft, table: Table) -> Table:
    """Take the size of a probe from the spec's thresholds."""
    limits = draft.inputs.spec.spec.thresholds
    sizes = {"samples": limits.probe_samples, "prompts": limits.probe_prompts} if draft.choice.method == "probe" else {}
    return table | {
        name: Setting(name=name, value=value, source=f"spec.thresholds.probe{name.capitalize()}")
        for name, value in sizes.items()
        if f"probe_{name}" in limits.model_fields_set
    }


def _with_plateau(draft: Draft, table: Table) -> Table:
    """Take what a plateau is from the spec's thresholds, as rule P0 does."""
    if draft.choice.method != "optimize-prompt":
        return table
    limits = draft.inputs.spec.spec.thresholds
    return table | {
        name: Setting(name=name, value=getattr(limits, name), source=f"spec.thresholds.{to_camel(name)}, as rule P0")
        for name in ("plateau_rounds", "plateau_min_gain")
    }


def _with_chains(draft: Draft, table: Table) -> Table:
    """Give a probe the room of a chain with its answer, and the marker between them."""
    if draft.choice.method != "probe":
        return table
    body = draft.inputs.spec.spec.evaluation
    room = max(body.max_new_tokens, min(LONGEST_CHAIN, CHAIN_OF_ANSWERS * body.max_new_tokens))
    why = f"{CHAIN_OF_ANSWERS} times spec.evaluation.maxNewTokens, up to {LONGEST_CHAIN}"
    return table | {
        "chain_tokens": Setting(name="chain_tokens", value=room, source=why),
        "answer_marker": Setting(name="answer_marker", value=body.answer_marker, source="spec.evaluation.answerMarker"),
    }


def _with_calls_of_teacher(draft: Draft, table: Table) -> Table:
    """Give a probe the limits of a teacher's endpoint."""
    teacher = draft.inputs.spec.spec.teacher
    if draft.choice.method != "probe" or teacher is None or not teacher.endpoint:
        return table
    return table | {each.name: each for each in teacher_limits(teacher)}


_STEPS: tuple[Callable[[Draft, Table], Table], ...] = (
    _with_generation,
    _with_teacher,
    _without_verification,
    _with_probe_thresholds,
    with_augmentation,
    _with_plateau,
    _with_chains,
    _with_calls_of_teacher,
)
