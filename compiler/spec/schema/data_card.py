"""`DataCard`: what `trainspec data` measured of a data source, so that a plan can be made where the rows are not."""

from typing import Annotated, Literal

from pydantic import Field, Strict

from compiler.spec.schema.provenance import API, KIND, Provenance, Version
from compiler.spec.schema.types import BadcaseClass, Model, Name, RelativePath, Shape, Share, Text, Uri

Size = Annotated[int, Strict(), Field(ge=0, le=2**63 - 1)]
Label = Annotated[str, Field(max_length=500)]
RowName = Annotated[str, Field(min_length=1, max_length=1000)]

DatasetType = Literal[
    "language modeling", "prompt-only", "prompt-completion", "preference", "unpaired preference", "none"
]


class Column(Model):
    """A column, or field, of the rows."""

    name: Label = Field(description="Name of the column.")
    types: list[Literal["text", "turns", "number", "flag", "list", "object"]] = Field(
        default=[], description="What its values are."
    )
    rows: Size = Field(description="Rows in which it holds something.")


class LongRow(Model):
    """One of the longest rows."""

    row: RowName = Field(description="The row, as `file:line`.")
    length: Size = Field(description="Its length.")


class CardLengths(Model):
    """Lengths of rows: of each the longest sequence that a trainer makes of it."""

    unit: Literal["tokens", "bytes"] = Field(
        description="`tokens`: of the text alone, by the model's tokenizer, without the chat template; `bytes`: UTF-8."
    )
    tokenizer: Text | None = Field(default=None, description="Model whose tokenizer counted, as `name/revision`.")
    p50: Size = Field(description="Half of the rows are no longer.")
    p90: Size = Field(description="90 % of the rows are no longer.")
    p99: Size = Field(description="99 % of the rows are no longer.")
    max: Size = Field(description="The longest row.")
    longest: list[LongRow] = Field(default=[], max_length=20, description="The longest rows.")


class CardRowPair(Model):
    """Two rows that have to do with each other."""

    kind: Literal["prompt", "cluster", "failed", "near"] = Field(description="What they share.")
    here: RowName = Field(description="Row of this source.")
    there: RowName = Field(description="Row of the other one.")


class Duplicates(Model):
    """Rows that an earlier row of the source says too."""

    exact: Size = Field(description="Rows that say the same word for word, ids left aside.")
    near: Size = Field(
        description="Further rows nearly like an earlier one (of the first 200,000): shingles of characters with a Jaccard "
        "similarity of 0.8 or more, estimated by MinHash."
    )
    rows: list[CardRowPair] = Field(default=[], max_length=20, description="The first near ones.")


class Pairs(Model):
    """Pairs of answers: of preferences, and of badcases with their fixes."""

    answered: Size = Field(description="Pairs whose two answers differ.")
    unanswered: Size = Field(default=0, description="Badcases whose wrong answer was not logged.")
    same: Size = Field(default=0, description="Pairs whose two answers are equal.")
    same_rows: list[RowName] = Field(default=[], max_length=20, description="The first of these.")
    near: Size = Field(description="Pairs that differ by less than `nearDistance`.")
    near_distance: Share = Field(description="Normalised edit distance that was asked for (`thresholds`).")


class ModelRows(Model):
    """Badcases by the model that answered."""

    model: Label = Field(description="Model, as the rows name it.")
    rows: Size = Field(description="Rows.")


class ClassRows(Model):
    """Badcases by their class."""

    name: BadcaseClass = Field(description="Class.")
    rows: Size = Field(description="Rows.")


class Overlap(Model):
    """What the source shares with another source of the spec."""

    source: Name = Field(description="The other source.")
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] = Field(
        description="SHA-256 of the other source as it was then."
    )
    prompts: Size = Field(default=0, description="Questions that both have.")
    clusters: Size = Field(default=0, description="Clusters that both have.")
    near: Size = Field(default=0, description="Rows whose question is nearly one of the other source.")
    failed: Size = Field(default=0, description="Rows that teach a wrong answer of the other source's badcases.")
    rows: list[CardRowPair] = Field(default=[], max_length=20, description="The first such rows.")


class LanguageRows(Model):
    """Rows by language."""

    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}$")] = Field(
        description="ISO 639 code; `und` where a row is too short to tell."
    )
    rows: Size = Field(description="Rows.")


class PiiHint(Model):
    """Something that looks like personal data. The text itself is never kept."""

    kind: Literal["e-mail", "phone", "chinese-id", "credit-card", "ip-address"] = Field(
        description="What it looks like."
    )
    rows: Size = Field(description="Rows that hold it.")
    first: list[RowName] = Field(default=[], max_length=20, description="The first of these.")


class DataCardBody(Model):
    """The measurements."""

    source: Name = Field(description="Name of the data source in the spec.")
    shape: Shape = Field(description="Shape that the rows were read as.")
    path: RelativePath | None = Field(default=None, description="Path of the source, if its rows are beside the spec.")
    uri: Uri | None = Field(default=None, description="Where the rows are, if they are not beside the spec.")
    files: Annotated[int, Strict(), Field(ge=1, le=10_000)] = Field(default=1, description="Files of the source.")
    rows: Annotated[int, Strict(), Field(ge=1, le=2**63 - 1)] = Field(description="Rows.")
    bytes: Size = Field(description="Bytes of the files.")
    text_bytes: Size = Field(default=0, description="UTF-8 bytes of the texts of a corpus.")
    dataset_type: DatasetType = Field(
        description="TRL's name for what trainers are given; `none` for rows that are only evaluated on."
    )
    format: Literal["standard", "conversational"] = Field(description="TRL's name for the form: text, or turns.")
    columns: list[Column] = Field(max_length=500, description="Columns, by name.")
    lengths: CardLengths = Field(description="Lengths of rows.")
    duplicates: Duplicates = Field(description="Rows that repeat others.")
    pairs: Pairs | None = Field(default=None, description="Preferences and badcases: what can be learnt from.")
    models: list[ModelRows] = Field(default=[], max_length=1000, description="Badcases by model.")
    classes: list[ClassRows] = Field(default=[], description="Badcases by class.")
    prompt_versions: list[Label] = Field(default=[], max_length=1000, description="Prompt versions of badcases.")
    overlaps: list[Overlap] = Field(default=[], max_length=1000, description="What other sources of the spec hold too.")
    languages: list[LanguageRows] = Field(default=[], description="Rows by language, the most frequent first.")
    pii: list[PiiHint] = Field(default=[], description="Hints of personal data.")


class DataCard(Model):
    """A data source, measured. The digest is the source's."""

    api_version: Version = API
    kind: Literal["DataCard"] = KIND
    metadata: Provenance = Field(description="Where the figures come from.")
    spec: DataCardBody = Field(description="The measurements.")
