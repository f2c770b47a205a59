"""The data blocks of stage configs: sources of the spec, and rows that earlier stages made."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from compiler.selection import Selection, StageChoice
from compiler.spec.inputs import Inputs
from compiler.spec.schema.training_spec import DataSource
from compiler.spec.schema.types import BadcaseClass, Purpose, Shape

CHECKED = {"badcases": (Shape.BADCASE,), "general": (Shape.EVALUATION, Shape.TEXT)}
ROWS_MADE = {"dpo": ("preference",)}  # what a stage reads of an earlier one's rows, where not all that it makes


@dataclass(frozen=True, kw_only=True, slots=True)
class Lineage:
    """What a stage builds on: adapters merged in order, Jobs that made rows (by method), the reward model's Job."""

    adapters: tuple[str, ...] = ()
    made: Mapping[str, str] = field(default_factory=dict)
    reward_model: str | None = None


def training_data(
    inputs: Inputs, choice: StageChoice, selection: Selection, lineage: Lineage
) -> list[dict[str, object]]:
    """What `source_data` gives; where a stage made pairs of the sources, its rows stand for them."""
    made = lineage.made.get(f"pairs of {choice.method}")
    if made is None:
        return source_data(inputs, choice, selection, lineage)
    return [_made(made, "preference"), *_made_blocks(choice, selection, lineage)]


def source_data(inputs: Inputs, choice: StageChoice, selection: Selection, lineage: Lineage) -> list[dict[str, object]]:
    """One block for each source, then one for each kind of rows that an earlier stage made."""
    return [*spec_data(inputs, choice, selection), *_made_blocks(choice, selection, lineage)]


def spec_data(inputs: Inputs, choice: StageChoice, selection: Selection) -> list[dict[str, object]]:
    """One block for each source of the choice."""
    sources = {each.name: each for each in inputs.spec.spec.data}
    return [_block(inputs, sources[name], selection.left_out) for name in choice.sources]


def evaluation_data(inputs: Inputs, selection: Selection) -> list[dict[str, object]]:
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


def judged_data(inputs: Inputs, choice: StageChoice) -> list[dict[str, object]]:
    """Badcases beside the prompts: people told right from wrong there, which a reward has to do as well."""
    found = [each for each in inputs.spec.spec.data if each.purpose is Purpose.BADCASES]
    found = [each for each in found if each.shape is Shape.BADCASE]
    return [_block(inputs, each) | {"role": "badcases"} for each in found if each.name not in choice.sources]


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


def _last_name(uri: str) -> str:
    """The name that a remote file is looked for by; never one that leads to another folder."""
    name = uri.rstrip("/").rsplit("/", 1)[-1]
    return name if name.strip(".") else "rows"
