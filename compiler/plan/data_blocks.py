"""The data blocks of stage configs: sources of the spec, and rows that earlier stages make."""

from collections.abc import Iterable, Mapping

from compiler.plan.draft import Block, Draft
from compiler.spec.data.leakage import is_evaluation
from compiler.spec.inputs import Inputs
from compiler.spec.schema.training_spec import DataSource
from compiler.spec.schema.types import Purpose, Shape
from runtime.contract.data.labels import LabelFilter
from runtime.contract.methods import METHODS

CHECKED = {"badcases": (Shape.BADCASE,), "general": (Shape.EVALUATION, Shape.TEXT)}


def training_data(draft: Draft) -> list[Block]:
    """Return the blocks of `source_data`.

    The rows of a stage that makes pairs replace their sources.
    """
    pairs_job = draft.lineage.made.get(f"pairs of {draft.choice.method}")
    if pairs_job is None:
        return source_data(draft)
    return [_made_block(pairs_job, "preference"), *_made_blocks(draft)]


def source_data(draft: Draft) -> list[Block]:
    """Return one block per source, then one per kind of rows that an earlier stage makes."""
    return [*spec_data(draft), *_made_blocks(draft)]


def spec_data(draft: Draft) -> list[Block]:
    """Return one block for each source of the choice."""
    sources = {each.name: each for each in draft.inputs.spec.spec.data}
    return [_block(draft.inputs, sources[name], draft.selection.left_out) for name in draft.choice.sources]


def spec_sources(draft: Draft, purpose: Purpose) -> list[Block]:
    """Return one block for each source of a purpose."""
    return [_block(draft.inputs, each) for each in draft.inputs.spec.spec.data if each.purpose is purpose]


def evaluation_data(draft: Draft) -> list[Block]:
    """Return the held-out rows, then badcases and general rows up to the spec's limits."""
    body = draft.inputs.spec.spec
    blocks = [_block(draft.inputs, next(each for each in body.data if each.purpose is Purpose.EVALUATION))]
    for purpose, role, limit in (
        (Purpose.BADCASES, "badcases", body.evaluation.badcases),
        (Purpose.GENERAL, "general", body.evaluation.general),
    ):
        for each in body.data if limit else ():
            if each.purpose is purpose and each.shape in CHECKED[role]:
                block = _block(draft.inputs, each, draft.selection.left_out)
                blocks.append(block | {"role": role, "limit": limit})
    return blocks


def forbidden_data(draft: Draft) -> list[Block]:
    """Return the evaluation rows whose questions an augmentation must not write."""
    if draft.choice.method != "augment":
        return []
    return [_block(draft.inputs, each) for each in draft.inputs.spec.spec.data if is_evaluation(each)]


def judged_data(draft: Draft) -> list[Block]:
    """Return the badcases of a pre-flight: people judged their answers, and a reward must agree."""
    if draft.choice.method != "preflight":
        return []
    badcases = [
        each
        for each in draft.inputs.spec.spec.data
        if each.purpose is Purpose.BADCASES and each.shape is Shape.BADCASE and each.name not in draft.choice.sources
    ]
    return [_block(draft.inputs, each) | {"role": "badcases"} for each in badcases]


def control_data(draft: Draft) -> list[Block]:
    """Return the general questions of a probe: its control."""
    if draft.choice.method != "probe":
        return []
    return [
        _block(draft.inputs, each) | {"role": "general"}
        for each in draft.inputs.spec.spec.data
        if each.purpose is Purpose.GENERAL and each.shape in METHODS["probe"].shapes
    ]


def _made_blocks(draft: Draft) -> list[Block]:
    blocks = []
    for maker in (each for each in draft.selection.stages if each.method in draft.choice.made_by):
        makes = maker.settings.get("makes", {})
        shapes = sorted(makes) if isinstance(makes, Mapping) else []
        if draft.method.learns_from_pairs:
            shapes = [Shape.PREFERENCE.value]
        blocks += [_made_block(draft.lineage.made[maker.method], shape) for shape in shapes]
    return blocks


def _made_block(job: str, shape: str) -> Block:
    path = f"{job}/{shape}.jsonl"
    return {"path": path, "volume": "outputs", "shape": shape, "sha256": None, "rows": None}


def _block(inputs: Inputs, source: DataSource, left_out: tuple[LabelFilter, ...] = ()) -> Block:
    file = inputs.files[source.name]
    block: Block = {
        "path": source.path or f"remote/{source.name}/{_last_name(source.uri or '')}",
        "shape": str(source.shape),
        "sha256": file.sha256,
        "rows": file.rows,
    }
    if source.columns:
        block["columns"] = dict(sorted(source.columns.items()))
    if source.uri is not None:
        block["uri"] = source.uri
    if source.encoding is not None:
        block["encoding"] = source.encoding
    if source.purpose is Purpose.GENERAL:
        block["role"] = "replay"
    if source.shape is Shape.BADCASE:
        block |= excluded_rows([each for each in left_out if any(map(each.matches, file.labels))])
    return block


def excluded_rows(filters: Iterable[LabelFilter]) -> Block:
    """Return the fields of a block that leave out the badcases which any of the filters matches."""
    classes: list[str] = []
    labels: list[dict[str, str]] = []
    for each in sorted(set(filters), key=str):
        if each.category is not None and each.kind is None and each.component is None:
            classes.append(each.category)
        else:
            named = {"class": each.category, "kind": each.kind, "component": each.component}
            labels.append({name: value for name, value in named.items() if value is not None})
    block: Block = {"exclude_classes": sorted(classes)} if classes else {}
    return block | ({"exclude_labels": labels} if labels else {})


def _last_name(uri: str) -> str:
    """Return the file name of a URI, never one that leads to another folder."""
    name = uri.rstrip("/").rsplit("/", 1)[-1]
    return name if name.strip(".") else "rows"
