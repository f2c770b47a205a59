"""Put the rows of a trace together: each step once, its parents and roots, and the losses that only the whole shows."""

from collections.abc import Iterator, Sequence
from typing import get_args

from compiler.run.imports.steps import HEAD, NOTE, STEP, StepRow
from compiler.run.imports.whole import Assembled, Found, whole
from runtime.contract.traces import LossKind

MAX_STEPS = 20_000  # of one trace: more is not one query of a user
_KINDS: dict[str, LossKind] = {each: each for each in get_args(LossKind)}
SKEW = 10**9  # nanoseconds by which clocks of two machines may differ


class TooManyStepsError(Exception):
    """A trace has more steps than one query can have; the argument is its first row."""


def assemble(rows: Sequence[StepRow], limits: frozenset[str], gaps: Sequence[str]) -> Iterator[Assembled]:
    """Yield the trace of rows with one trace id, or a trace for each of several roots.

    `limits` are the keys of lengths at which texts were cut, `gaps` the missing windows just before the trace.
    """
    heads = [row for row in rows if row.role == HEAD]
    notes = [row for row in rows if row.role == NOTE]
    steps, losses, copies = _without_copies([row for row in rows if row.role == STEP])
    if len(steps) > MAX_STEPS:
        raise TooManyStepsError(steps[0])
    if not steps and not heads:
        return  # notes about a trace that the export does not hold
    losses.extend(Found("window", "", f"no trace from {gap}", rows[0].file, rows[0].line) for gap in gaps)
    known = {step.id for step in steps}
    roots = [step for step in steps if _is_root(step, known)]
    for row in rows:
        losses.extend(_noted(row, limits))
    present = known | {head.id for head in heads}
    losses.extend(_orphan(step) for step in steps if not _is_root(step, known) and step.parent not in present)
    if not heads and not roots:
        losses.append(Found("no-parent", "", "its root is missing", rows[0].file, rows[0].line))
    losses.extend(_skewed(steps))
    if heads or len(roots) < 2:
        yield whole(rows[0].trace, heads, steps, roots, notes, losses, copies)
        return
    yield from _by_root(rows[0].trace, steps, roots, notes, losses, copies)


def _by_root(
    trace: str,
    steps: Sequence[StepRow],
    roots: Sequence[StepRow],
    notes: Sequence[StepRow],
    losses: Sequence[Found],
    copies: list[Found],
) -> Iterator[Assembled]:
    """Yield one trace for each root; a step whose root is missing goes to the first."""
    parents = {step.id: step.parent for step in steps}
    owners = {root.id: root.id for root in roots}

    def owner(span: str) -> str:
        path: list[str] = []
        at: str | None = span
        while at is not None and at not in owners and len(path) <= len(parents):
            path.append(at)
            at = parents.get(at)
        found = owners.get(at or "", roots[0].id)
        owners.update(dict.fromkeys(path, found))
        return found

    for root in roots:
        own = [step for step in steps if owner(step.id) == root.id]
        mine = {step.id for step in own}
        own_notes = [note for note in notes if note.id in mine or (not note.id and root is roots[0])]
        own_losses = [loss for loss in losses if loss.step in mine or (not loss.step and root is roots[0])]
        own_losses.append(
            Found("roots", "", f"{len(roots)} steps without a parent under `{trace[:80]}`", root.file, root.line)
        )
        yield whole(f"{trace}/{root.id}", [], own, [root], own_notes, own_losses, copies if root is roots[0] else [])


def _without_copies(steps: Sequence[StepRow]) -> tuple[list[StepRow], list[Found], list[Found]]:
    """Return each step once, losses for two different steps of one id, and equal copies, which lose nothing."""
    kept: dict[str, StepRow] = {}
    losses, copies = [], []
    for step in steps:
        before = kept.setdefault(step.id, step)
        if before is step:
            continue
        if before.body == step.body:
            copies.append(Found("doubled", step.id, "an equal copy, left out", step.file, step.line))
            continue
        losses.append(Found("doubled", step.id, "two different steps with one id", step.file, step.line))
        if len(step.body) > len(before.body):
            kept[step.id] = step
    return list(kept.values()), losses, copies


def _is_root(step: StepRow, known: set[str]) -> bool:
    return step.parent is None or (step.remote and step.parent not in known) or step.parent == step.id


def _orphan(step: StepRow) -> Found:
    return Found("no-parent", step.id, f"its parent `{(step.parent or '')[:80]}` is missing", step.file, step.line)


def _noted(row: StepRow, limits: frozenset[str]) -> Iterator[Found]:
    """Yield the losses that a row shows by itself, and those of texts with the length of a limit."""
    if not row.losses and not row.cut_in and not row.cut_out:
        return
    step = row.id if row.role == STEP else ""
    kinds = row.losses.split(",") if row.losses else []
    for kind in kinds:
        yield Found(_KINDS[kind], step, "", row.file, row.line)
    cut = [key for key in (row.cut_in, row.cut_out) if key in limits]
    if cut and "cut-text" not in kinds:
        side, unit, length = cut[0].split()
        yield Found("cut-text", step, f"no {side} is longer than {int(length):,} {unit}", row.file, row.line)


def _skewed(steps: Sequence[StepRow]) -> Iterator[Found]:
    """Yield steps that start before the step that they are part of."""
    starts = {step.id: step.start for step in steps}
    for step in steps:
        if step.start is None or step.parent is None or step.remote or "clock" in step.losses:
            continue
        parent = starts.get(step.parent)
        if parent is not None and parent - step.start > SKEW:
            seconds = (parent - step.start) / 1e9
            yield Found("clock", step.id, f"it starts {seconds:,.1f} s before its parent", step.file, step.line)
