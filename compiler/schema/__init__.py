"""The spec language: one module for each apiVersion, and the table of what exists."""

from pydantic import BaseModel

from compiler.schema import v1alpha1

PATTERN_HINTS = v1alpha1.PATTERN_HINTS

DOCUMENTS: dict[tuple[str, str], type[BaseModel]] = {
    (v1alpha1.API_VERSION, "TrainingSpec"): v1alpha1.TrainingSpec,
    (v1alpha1.API_VERSION, "ClusterProfile"): v1alpha1.ClusterProfile,
}
