"""Types that all documents of `trainspec.dev/v1` share: names, amounts, terms of the rules."""

import re
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict
from pydantic.alias_generators import to_camel

from runtime.contract.data.columns import BadcaseClass as BadcaseClass  # of this vocabulary too, and of the stages'
from runtime.contract.data.shapes import Purpose as Purpose
from runtime.contract.data.shapes import Shape as Shape
from runtime.contract.data.text_encoding import check_encoding
from runtime.contract.rewards import FUNCTION as FUNCTION

API_VERSION = "trainspec.dev/v1"

NAME = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
# letters of Chinese, Japanese and Korean too: people name kinds of badcases in their own language
_KIND_LETTERS = r"a-z0-9\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
KIND_NAME = f"^[{_KIND_LETTERS}]([-{_KIND_LETTERS}]*[{_KIND_LETTERS}])?$"
METRIC_NAME = r"^[a-z][a-z0-9_]*$"
CPU = r"^([1-9][0-9]*m?|[1-9][0-9]*\.[0-9]+|0\.[0-9]*[1-9][0-9]*)$"
BYTES = r"^[1-9][0-9]*(Mi|Gi|Ti|M|G|T)$"
LABEL = r"^([a-z0-9][-a-z0-9.]*/)?[A-Za-z0-9]([-A-Za-z0-9._]{0,61}[A-Za-z0-9])?$"
LABEL_VALUE = r"^[A-Za-z0-9]([-A-Za-z0-9._]{0,61}[A-Za-z0-9])?$"
RESOURCE = r"^[a-z0-9][-a-z0-9.]*/[A-Za-z0-9][-A-Za-z0-9._]*$"
REVISION = r"^[A-Za-z0-9][-A-Za-z0-9._]*$"
MODEL_NAME = r"^([A-Za-z0-9_][-A-Za-z0-9._]*/)?[A-Za-z0-9_][-A-Za-z0-9._]*$"
ENDPOINT = r"^https?://[A-Za-z0-9.-]+(:([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?(/[^\s]*)?$"
BUCKET = r"^s3://[a-z0-9][-.a-z0-9]{1,61}[a-z0-9](/[^\s/\\.][^\s/\\]*)*/?$"
REGION = r"^[a-z0-9][-a-z0-9]*$"
URI = r"^[a-z][a-z0-9+.-]*://[^\s]+$"
SHA256 = r"^[0-9a-f]{64}$"
MARKER = r"\S"
PATTERN_HINTS = {
    NAME: "use lower-case letters, digits and inner `-`, as in `my-name`",
    KIND_NAME: "use lower-case letters, digits, Chinese, Japanese or Korean characters, and inner `-`",
    METRIC_NAME: "use lower-case letters, digits and `_`, as in `exact_match`",
    CPU: 'write cores in quotes, as in `"2"` or `500m`',
    BYTES: "write an amount with its unit, as in `8Gi`",
    LABEL: "write the key of a label, as in `cloud.example.com/rack`",
    LABEL_VALUE: "use letters, digits, `-`, `.` and `_`; put a number or a word such as `true` in quotes",
    RESOURCE: "write it as `nvidia.com/gpu`",
    REVISION: "use letters, digits, `-`, `.` and `_`; put a number in quotes",
    MODEL_NAME: "write a hub's model as `owner/name`, as in `Qwen/Qwen3-8B`, or the name of a folder",
    ENDPOINT: "write it as `https://host/v1`",
    BUCKET: "write it as `s3://bucket` or `s3://bucket/prefix`",
    REGION: "write it as `eu-west-1`",
    URI: "write it with its scheme, as in `s3://bucket/file.jsonl`",
    SHA256: "write the 64 hexadecimal digits of the SHA-256",
    MARKER: "write the text before an answer, as in `Answer:`",
    FUNCTION: "use a name of the library, or write `module:function`",
}


def tidy(path: str) -> str:
    """Return `./data//rows.jsonl` as `data/rows.jsonl`, the only form that the runtime accepts."""
    return str(PurePosixPath(path))


Name = Annotated[str, Field(pattern=NAME, max_length=63)]
KindName = Annotated[str, Field(pattern=KIND_NAME, max_length=63)]
MetricName = Annotated[str, Field(pattern=METRIC_NAME, max_length=63)]
Text = Annotated[str, Field(min_length=1, max_length=2000)]
ModelName = Annotated[str, Field(pattern=MODEL_NAME, max_length=193)]
Revision = Annotated[str, Field(pattern=REVISION, max_length=64)]
Uri = Annotated[str, Field(pattern=URI, max_length=500)]
Endpoint = Annotated[str, Field(pattern=ENDPOINT, max_length=500)]
Sha256 = Annotated[str, Field(pattern=SHA256)]
RelativePath = Annotated[
    str, Field(min_length=1, max_length=500, description="A path relative to the spec's folder."), AfterValidator(tidy)
]
Encoding = Annotated[str, Field(max_length=40), AfterValidator(check_encoding)]
Flag = Annotated[bool, Strict()]
Temperature = Annotated[float, Strict(), Field(ge=0, le=2)]
Share = Annotated[float, Strict(), Field(ge=0, le=1)]
Signed = Annotated[float, Strict(), Field(ge=-1, le=1)]
Number = Annotated[float, Strict(), Field(ge=-1e6, le=1e6)]
Amount = Annotated[float, Strict(), Field(ge=0)]
Count = Annotated[int, Strict(), Field(ge=0, le=2**31 - 1)]
Positive = Annotated[int, Strict(), Field(ge=1, le=2**31 - 1)]
Minutes = Annotated[int, Strict(), Field(ge=1, le=60 * 24 * 365)]
Seed = Annotated[int, Strict(), Field(ge=0, le=2**32 - 1)]
Cpu = Annotated[str, Field(pattern=CPU, max_length=20)]
Label = Annotated[str, Field(pattern=LABEL, max_length=317)]
LabelValue = Annotated[str, Field(pattern=LABEL_VALUE, max_length=63)]
Bytes = Annotated[str, Field(pattern=BYTES, max_length=20)]


class Model(BaseModel):
    """Base of every part of a document: frozen, strict about names, camelCase in YAML, built on first use."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=False, defer_build=True
    )


class Language(StrEnum):
    """A language in which the method can be cited."""

    EN = "en"
    ZH = "zh"


_HAN = re.compile("[\u4e00-\u9fff]")


class Metadata(Model):
    """Name, owner and description of a document."""

    name: Name = Field(description="Name of the spec; the names of rendered objects begin with it.")
    owner: Text | None = Field(default=None, description="Team or person who answers for the document.")
    description: Text | None = Field(default=None, description="One sentence for people, in any language.")


class SpecMetadata(Metadata):
    """Who and what, and the language of the people who review the plan."""

    language: Language | None = Field(
        default=None,
        description="Language in which plans cite the method: `zh` where the description is Chinese, else `en`.",
    )

    @property
    def reader_language(self) -> Language:
        """The language that is set, or that of the description."""
        return self.language or (Language.ZH if _HAN.search(self.description or "") else Language.EN)


class ComponentKind(StrEnum):
    """What runs in a component. Only what the model does can be trained."""

    MODEL = "model"
    RETRIEVER = "retriever"
    INDEX = "index"
    TOOL = "tool"
    PARSER = "parser"
    CODE = "code"


class Decoding(Model):
    """How answers are generated."""

    temperature: Temperature = Field(default=0.0, description="Sampling temperature; 0 is greedy decoding.")
    constrained: Flag = Field(default=False, description="Whether a grammar or a JSON Schema constrains the output.")


class Application(StrEnum):
    """Kind of LLM application."""

    AGENT = "agent"
    RAG = "rag"
    WORKFLOW = "workflow"
    TOOL_CHAIN = "tool-chain"


class GapKind(StrEnum):
    """A capability gap: what the business needs and the model cannot do. In the order of training."""

    UNKNOWN_DOMAIN = "unknown-domain"
    UNTAUGHT = "untaught"
    UNSTABLE = "unstable"
    REASONING = "reasoning"
    PREFERENCE = "preference"
    RULE_CONSTRAINTS = "rule-constraints"
    COMPRESSION = "compression"


class Technique(StrEnum):
    """Change of a prompt round."""

    ZERO_SHOT = "zero-shot"
    FEW_SHOT = "few-shot"
    RULES = "rules"
    RESTRUCTURE = "restructure"
