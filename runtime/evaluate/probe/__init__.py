"""The probe: what a model lacks, measured by samples that stop once every verdict is clear."""
