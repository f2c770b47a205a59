"""The settings of stages that make data or measure, each with its source."""

from collections.abc import Callable

from pydantic.alias_generators import to_camel

from compiler.plan.draft import Draft
from compiler.plan.model import Setting
from compiler.plan.settings import generation_settings, settings_of
from compiler.spec.schema.types import Shape

AGREEING_SAMPLES = 5

Table = dict[str, Setting]


def work_settings(draft: Draft) -> tuple[Setting, ...]:
    """The method's defaults with what rules set of them, changed by each step in turn."""
    settings = settings_of(draft.method.defaults, draft.choice.settings, draft.choice.rules[-1], {}, "")
    table = {each.name: each for each in settings}
    for step in _STEPS:
        table = step(draft, table)
    return tuple(table.values())


def _with_generation(draft: Draft, table: Table) -> Table:
    """Rows are generated as evaluations generate answers: an answer that is longer could not be right."""
    if draft.choice.method not in ("teacher", "sample"):
        return table
    return table | {each.name: each for each in generation_settings(draft)}


def _with_teacher(draft: Draft, table: Table) -> Table:
    """The settings with what the spec sets of them, and without those of the other way to reach a teacher."""
    teacher = draft.inputs.spec.spec.teacher
    if draft.choice.method != "teacher" or teacher is None:
        return table
    chosen = {
        name: Setting(name=name, value=value, source=f"spec.teacher.ask.{to_camel(name)}")
        for name, value in teacher.ask.model_dump(exclude_none=True).items()
    }
    settings = table | chosen
    if settings["keep"].value == "agreed" and settings["samples"].value == 1:
        settings["samples"] = Setting(name="samples", value=AGREEING_SAMPLES, source="an agreement needs several")
    foreign = ("batch_size",) if teacher.endpoint else ("concurrency", "requests_per_minute")
    return {name: setting for name, setting in settings.items() if name not in foreign}


def _without_verification(draft: Draft, table: Table) -> Table:
    """All answers are kept where rows hold no right answer to verify them by."""
    shapes = {each.shape for each in draft.inputs.spec.spec.data if each.name in draft.choice.sources}
    if "keep" not in table or table["keep"].value != "verified" or Shape.PROMPT not in shapes:
        return table
    source = "rows of shape `prompt` hold no answer to check by"
    return table | {"keep": Setting(name="keep", value="all", source=source)}


def _with_probe_thresholds(draft: Draft, table: Table) -> Table:
    """A probe is as large as the spec's thresholds say."""
    limits = draft.inputs.spec.spec.thresholds
    sizes = {"samples": limits.probe_samples, "prompts": limits.probe_prompts} if draft.choice.method == "probe" else {}
    return table | {
        name: Setting(name=name, value=value, source=f"spec.thresholds.probe{name.capitalize()}")
        for name, value in sizes.items()
        if f"probe_{name}" in limits.model_fields_set
    }


_STEPS: tuple[Callable[[Draft, Table], Table], ...] = (
    _with_generation,
    _with_teacher,
    _without_verification,
    _with_probe_thresholds,
)
