"""The spec language: a package for each apiVersion, and the table of the documents that can be written in it."""

from pydantic import BaseModel

from compiler.schema.v1.cluster_profile import ClusterProfile
from compiler.schema.v1.data_card import DataCard
from compiler.schema.v1.evidence import BadcaseReport, ProbeReport, PromptRounds, RewardPreflight, StageResult
from compiler.schema.v1.training_spec import TrainingSpec
from compiler.schema.v1.types import API_VERSION, PATTERN_HINTS

# the newest first; how documents of an older one are moved is in `compiler/versions.py`
OLD_API_VERSION = "trainspec.dev/v1alpha1"
VERSIONS = (API_VERSION, OLD_API_VERSION)

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
DOCUMENTS: dict[tuple[str, str], type[BaseModel]] = {(API_VERSION, model.__name__): model for model in _KINDS}

__all__ = ["API_VERSION", "DOCUMENTS", "EVIDENCE", "OLD_API_VERSION", "PATTERN_HINTS", "VERSIONS"]
