"""The spec language: a package for each apiVersion, and the table of the documents that can be written in it."""

from pydantic import BaseModel

from compiler.schema.v1.cluster_profile import ClusterProfile
from compiler.schema.v1.data_card import DataCard
from compiler.schema.v1.evidence import BadcaseReport, ProbeReport, PromptRounds, RewardPreflight, StageResult
from compiler.schema.v1.training_spec import TrainingSpec
from compiler.schema.v1.types import API_VERSION, PATTERN_HINTS

# documents of `specs/<name>/evidence/`
EVIDENCE: tuple[type[BaseModel], ...] = (
    BadcaseReport,
    DataCard,
    ProbeReport,
    PromptRounds,
    RewardPreflight,
    StageResult,
)

_KINDS: tuple[type[BaseModel], ...] = (TrainingSpec, ClusterProfile, *EVIDENCE)
DOCUMENTS: dict[str, type[BaseModel]] = {model.__name__: model for model in _KINDS}

__all__ = ["API_VERSION", "DOCUMENTS", "EVIDENCE", "PATTERN_HINTS"]
