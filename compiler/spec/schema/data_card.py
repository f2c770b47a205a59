"""`DataCard`: what `trainspec data` measured of a source, for compiling without its rows."""

from typing import Annotated, Literal

from pydantic import Field, Strict

from compiler.spec.schema.provenance import KIND, EvidenceDocument
from compiler.spec.schema.types import BadcaseClass, Model, Name, RelativePath, Shape, Share, Text, Uri
from runtime.contract.data.shapes import DatasetType

Size = Annotated[int, Strict(), Field(ge=0, le=2**63 - 1)]
Label = Annotated[str, Field(max_length=500)]
RowName = Annotated[str, Field(min_length=1, max_length=1000)]


class Column(Model):
    """A column, or field, of the rows."""

    name: Label = Field(description="Name of the column.")
    types: list[Literal["text", "turns", "number", "flag", "list", "object"]] = Field(
        default=[], description="Types of its values."
    )
    rows: Size = Field(description="Rows in which it has a value.")


class LongRow(Model):
    """One of the longest rows."""

    row: RowName = Field(description="The row, as `file:line`.")
    length: Size = Field(description="Its length.")


class CardLengths(Model):
    """Lengths of rows. A row counts as the longest sequence that a trainer makes from it."""

    unit: Literal["tokens", "bytes"] = Field(
        description="`tokens`: of the text without the chat template, by the model's tokenizer; `bytes`: of UTF-8."
    )
    tokenizer: Text | None = Field(
        default=None, description="Model whose tokenizer counted the tokens, as `name/revision`."
    )
    p50: Size = Field(description="Median length.")
    p90: Size = Field(description="90th percentile.")
    p99: Size = Field(description="99th percentile.")
    max: Size = Field(description="Length of the longest row.")
    longest: list[LongRow] = Field(default=[], max_length=20, description="The longest rows.")


class CardRowPair(Model):
    """Two rows that share something."""

    kind: Literal["prompt", "cluster", "failed", "contained", "near", "quoted"] = Field(
        description="What the rows share: a prompt, a cluster, a failed answer, a question inside other text "
        "(`contained`), most of their text (`near`), or a question in a text that asks nothing (`quoted`)."
    )
    here: RowName = Field(description="Row of this source.")
    there: RowName = Field(description="Row of the other source.")


class Duplicates(Model):
    """Rows that repeat an earlier row of the source."""

    exact: Size = Field(description="Rows with exactly the same text; ids do not count.")
    near: Size = Field(
        description="Other rows nearly like an earlier one (of the first 200,000): character shingles with a Jaccard "
        "similarity of 0.8 or more, estimated by MinHash."
    )
    rows: list[CardRowPair] = Field(default=[], max_length=20, description="The first near duplicates.")


class Pairs(Model):
    """Pairs of answers: preferences, and badcases with their fixes."""

    answered: Size = Field(description="Pairs whose two answers differ.")
    unanswered: Size = Field(default=0, description="Badcases without a logged wrong answer.")
    same: Size = Field(default=0, description="Pairs whose two answers are equal.")
    same_rows: list[RowName] = Field(default=[], max_length=20, description="The first pairs with equal answers.")
    near: Size = Field(description="Pairs that differ by less than `nearDistance`.")
    near_distance: Share = Field(description="Normalised edit distance below which pairs are near; from `thresholds`.")


class ModelRows(Model):
    """Badcases by the model that answered."""

    model: Label = Field(description="Model, as the rows name it.")
    rows: Size = Field(description="Rows.")


class ClassRows(Model):
    """Badcases by their class."""

    name: BadcaseClass = Field(description="Class.")
    rows: Size = Field(description="Rows.")


class LabelRows(Model):
    """Badcases with the same labels."""

    category: BadcaseClass = Field(default=BadcaseClass.UNDETERMINED, alias="class", description="Class.")
    kind: Label = Field(default="", description="Kind, as a badcase report names it; empty if not noted.")
    component: Label = Field(default="", description="Component of the first error; empty if not noted.")
    rows: Size = Field(description="Rows.")
    answered: Size = Field(default=0, description="Rows whose wrong answer differs from the fix.")
    near: Size = Field(default=0, description="Answered rows that differ by less than `nearDistance`.")


class Overlap(Model):
    """Rows that the source shares with another source of the spec."""

    source: Name = Field(description="The other source.")
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] = Field(
        description="SHA-256 of the other source when it was compared."
    )
    prompts: Size = Field(default=0, description="Questions that both sources contain, in normal form.")
    clusters: Size = Field(default=0, description="Clusters that both sources contain.")
    contained: Size = Field(
        default=0, description="Rows that contain a question of the other source, as a turn or inside other text."
    )
    near: Size = Field(
        default=0, description="Rows whose question differs from one of the other source in a few characters."
    )
    quoted: Size = Field(
        default=0, description="Other rows with a question of the other source in a document, a result or an answer."
    )
    failed: Size = Field(default=0, description="Rows that teach a wrong answer of a badcase in the other source.")
    rows: list[CardRowPair] = Field(default=[], max_length=20, description="The first such rows.")


class LanguageRows(Model):
    """Rows by language."""

    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}$")] = Field(
        description="ISO 639 code; `und` if a row is too short to detect its language."
    )
    rows: Size = Field(description="Rows.")


class PiiHint(Model):
    """Text that looks like personal data. The text itself is not stored."""

    kind: Literal["e-mail", "phone", "chinese-id", "credit-card", "ip-address"] = Field(
        description="Kind of personal data."
    )
    rows: Size = Field(description="Rows that contain it.")
    first: list[RowName] = Field(default=[], max_length=20, description="The first such rows.")


class DataCardBody(Model):
    """The measurements."""

    source: Name = Field(description="Name of the data source in the spec.")
    shape: Shape = Field(description="Shape that the rows were read as.")
    path: RelativePath | None = Field(
        default=None, description="Path of the source, if its rows are in the spec's folder."
    )
    uri: Uri | None = Field(default=None, description="URI of the rows, if they are not in the spec's folder.")
    mapping: dict[str, Text] = Field(default={}, description="The source's `columns` when the rows were read.")
    files: Annotated[int, Strict(), Field(ge=1, le=10_000)] = Field(default=1, description="Files of the source.")
    rows: Annotated[int, Strict(), Field(ge=1, le=2**63 - 1)] = Field(description="Rows.")
    bytes: Size = Field(description="Bytes of the files.")
    text_bytes: Size = Field(default=0, description="UTF-8 bytes of the texts of a corpus.")
    dataset_type: DatasetType = Field(
        description="TRL's name of the dataset type; `none` for rows that are only used for evaluation."
    )
    format: Literal["standard", "conversational"] = Field(
        description="TRL's name of the format: plain text (`standard`) or turns (`conversational`)."
    )
    columns: list[Column] = Field(max_length=500, description="Columns, by name.")
    lengths: CardLengths = Field(description="Lengths of rows.")
    duplicates: Duplicates = Field(description="Rows that repeat others.")
    pairs: Pairs | None = Field(default=None, description="Pairs of answers, for preferences and badcases.")
    models: list[ModelRows] = Field(default=[], max_length=1000, description="Badcases by model.")
    classes: list[ClassRows] = Field(default=[], description="Badcases by class.")
    labels: list[LabelRows] = Field(
        default=[],
        max_length=1000,
        description="Badcases by class, kind and component. Without it, the compiler estimates from `classes`.",
    )
    desirable: Size | None = Field(
        default=None, description="Marked answers (shape `unpaired-preference`) that are good."
    )
    trajectories: Size = Field(default=0, description="Conversations with several turns of the assistant.")
    judged: Size = Field(default=0, description="Trajectories of which some turn has `train` or `verdict`.")
    prompt_versions: list[Label] = Field(default=[], max_length=1000, description="Prompt versions of badcases.")
    overlaps: list[Overlap] = Field(default=[], max_length=1000, description="Overlaps with other sources of the spec.")
    languages: list[LanguageRows] = Field(default=[], description="Rows by language, most frequent first.")
    pii: list[PiiHint] = Field(default=[], description="Hints of personal data.")


class DataCard(EvidenceDocument):
    """Measurements of a data source. The digest is that of its rows."""

    kind: Literal["DataCard"] = KIND
    spec: DataCardBody = Field(description="The measurements.")
