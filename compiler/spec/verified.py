"""Whether anybody can verify evidence: by a digest that a source or a file of the spec has."""

from compiler.spec.evidence import EvidenceFile
from compiler.spec.inputs import Inputs
from compiler.spec.schema.data_card import DataCard
from compiler.spec.schema.evidence import ProbeReport, PromptRounds
from compiler.spec.schema.preflight import RewardPreflight
from compiler.spec.schema.stage_result import StageResult


def unverified(file: EvidenceFile, inputs: Inputs) -> str:
    """Return why nobody can verify the evidence; empty where it can be verified.

    Stage results name the evaluation data, data cards the rows and pre-flights the code, and `stale` compares these.
    Probes of a Job name the files of badcases.
    """
    report = file.report
    if isinstance(report, StageResult | DataCard | RewardPreflight):
        return ""
    if isinstance(report, ProbeReport) and report.spec.data:
        known = inputs.digests.issuperset(report.spec.data)
        return "" if known else "its badcases have changed since"
    if report.metadata.digest not in inputs.digests:
        return "its digest belongs to no source or file of the spec"
    if isinstance(report, PromptRounds) and not _names_decoding(report, inputs):
        return "it does not name its decoding, nor does the spec"
    return ""


def _names_decoding(report: PromptRounds, inputs: Inputs) -> bool:
    named = report.spec.decoding or inputs.spec.spec.decoding
    return named is not None or all(each.decoding for each in report.spec.rounds)
