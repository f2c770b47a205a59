"""Figures of a data source for later phases: counts, digests and lengths, never a row."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from runtime.contract.data.file_formats import row_place

MAX_SHOWN_ROWS = 5
PLACES_PER_FILE = 1 << 40

Places = Mapping[bytes, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Lengths:
    """Lengths of rows in `unit`, tokens or bytes: nearest-rank percentiles, and the longest rows.

    The length of a row is that of the longest sequence that a trainer makes from it, such as a prompt with the longer
    of two answers. Tokens exclude the chat template, so a trained sequence is at least as long. `tokenizer` is the
    model whose tokenizer counted.
    """

    unit: str
    p50: int
    p90: int
    p99: int
    max: int
    longest: tuple[tuple[str, int], ...] = ()
    tokenizer: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RowPair:
    """Two rows that share something, as `file:line`. `kind`: prompt, cluster, failed, contained, near or quoted."""

    kind: str
    here: str
    there: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Shared:
    """Overlap of a source with the source `name` at the digest `sha256`, from its rows or its card.

    `prompts` and `clusters` count different values; `contained` counts rows that contain a question of the other source
    as a turn or in other text, `near` rows whose question is nearly one of its questions, `quoted` rows
    with a question in a document, a result of a tool or an answer, and `failed` rows that teach
    an answer which a badcase of the other source logs as wrong.
    """

    name: str
    sha256: str
    prompts: int = 0
    clusters: int = 0
    contained: int = 0
    near: int = 0
    quoted: int = 0
    failed: int = 0
    rows: tuple[RowPair, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelCount:
    """Badcases with the same labels: their class, kind and component of the first error; empty where not labelled.

    `answered` and `near` are as in `DataFile`.
    """

    rows: int
    answered: int
    near: int = 0
    category: str = "undetermined"
    kind: str = ""
    component: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class DataFile:
    """Figures of one data source, from its rows or from its card.

    `answered`: badcases or pairs with two different answers; `near`: those closer than `near_distance` in normalised
    edit distance; `same`: pairs with equal answers; `unanswered`: badcases without a logged wrong answer; `repeated`:
    rows with the same text as an earlier row; ids do not count. `labels`: badcases by their labels. `trajectories`:
    rows with several turns of the assistant; `judged`: those whose steps have verdicts. `unclustered`: rows without a
    `cluster`. `synthetic`: rows that a model wrote, by their own column; `synthetic_rows` names the first ones.
    `conversational`: whether questions are turns rather than plain text; None for rows without questions.
    `desirable`: marked answers whose mark is good; None for other rows, and for cards that do not say it.
    `path` is as in the spec, and empty for a remote source, which has a `uri`. `size` is in bytes, of all files; CRLF
    counts as LF.

    `prompts`, `clusters`, `targets` (prompt and taught answer) and `failures` (prompt and wrong answer) map digests to
    the first place of each: see `place`; questions are compared in normal form. `shared` holds what was found when the
    rows were read, or for a remote source what its card says. `parts` are the files that were read, each with its
    SHA-256.
    """

    name: str
    path: str
    sha256: str
    rows: int
    uri: str | None = None
    size: int = 0
    answered: int = 0
    unanswered: int = 0
    near: int = 0
    same: int = 0
    repeated: int = 0
    prompt_versions: tuple[str, ...] = ()
    models: tuple[tuple[str, int], ...] = ()
    classes: tuple[tuple[str, int], ...] = ()
    labels: tuple[LabelCount, ...] = ()
    trajectories: int = 0
    judged: int = 0
    unclustered: int = 0
    synthetic: int = 0
    synthetic_rows: tuple[str, ...] = ()
    conversational: bool | None = None
    desirable: int | None = None
    text_bytes: int = 0
    lengths: Lengths | None = None
    same_rows: tuple[str, ...] = ()
    prompts: Places = field(default_factory=dict, repr=False)
    clusters: Places = field(default_factory=dict, repr=False)
    targets: Places = field(default_factory=dict, repr=False)
    failures: Places = field(default_factory=dict, repr=False)
    shared: tuple[Shared, ...] = ()
    parts: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    def place(self, at: int) -> str:
        """Return a place of `prompts`, `clusters`, … as text: `data/train.jsonl:7`."""
        return row_place(self.parts[at // PLACES_PER_FILE][0], at % PLACES_PER_FILE)
