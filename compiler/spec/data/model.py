"""What later phases know of a data source: counts, digests and lengths, never a row."""

from collections.abc import Mapping
from dataclasses import dataclass, field

MAX_SHOWN_ROWS = 5
PLACES_PER_FILE = 1 << 40

Places = Mapping[bytes, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Lengths:
    """How long rows are, in `unit` (`tokens` or `bytes`): nearest-rank percentiles, and where the longest rows are.

    A row is as long as the longest sequence that a trainer makes of it: prompt and the longer of two answers, say.
    Tokens are those of the text alone, without the chat template, so a trained sequence is at least so long.
    `tokenizer` is the model whose tokenizer counted.
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
    """Two rows that have to do with each other, as `file:line`. `kind`: prompt, cluster, failed or near."""

    kind: str
    here: str
    there: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Shared:
    """What a card says that its source shares with the source `name`, when that one had the digest `sha256`.

    `prompts` and `clusters` are counted once each; `near`: rows whose question is nearly one of the other source;
    `failed`: rows that teach an answer which the other source has as a badcase's wrong one.
    """

    name: str
    sha256: str
    prompts: int = 0
    clusters: int = 0
    near: int = 0
    failed: int = 0
    rows: tuple[RowPair, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class DataFile:
    """What is known of one data source, read from its rows or from its card.

    `answered`: badcases or pairs that hold both sides and where these differ; `near`: of these, how many are closer
    than `near_distance` in normalised edit distance; `same`: both sides are equal; `unanswered`: badcases whose wrong
    answer was not logged; `repeated`: rows that an earlier one says word for word, ids left aside. `path` is the
    spec's; it is empty for a remote source, which has a `uri`. `size` is in bytes, of all files.

    `prompts`, `clusters`, `targets` (a prompt with the answer that is taught) and `failures` (a prompt with a wrong
    answer) go from digests to where each stands first: see `place`. A remote source has none of them, and `shared`
    from its card instead. `parts` are the files that were read, each with its SHA-256.
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
        """A place of `prompts` and the like as people read it, `data/train.jsonl:7`."""
        return row_name(self.parts[at // PLACES_PER_FILE][0], at % PLACES_PER_FILE)


def row_name(shown: str, number: int) -> str:
    """A row as people find it: by its line in a text file, by its number where there are no lines."""
    return f"{shown} row {number}" if shown.endswith(".parquet") else f"{shown}:{number}"
