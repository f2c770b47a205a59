"""The spec language: the models of its documents, by kind."""

from pydantic import BaseModel

from compiler.spec.schema.cluster_profile import ClusterProfile
from compiler.spec.schema.evidence import EVIDENCE
from compiler.spec.schema.training_spec import TrainingSpec
from compiler.spec.schema.types import API_VERSION, PATTERN_HINTS

_KINDS: tuple[type[BaseModel], ...] = (TrainingSpec, ClusterProfile, *EVIDENCE)
DOCUMENTS: dict[str, type[BaseModel]] = {model.__name__: model for model in _KINDS}

__all__ = ["API_VERSION", "DOCUMENTS", "EVIDENCE", "PATTERN_HINTS"]
