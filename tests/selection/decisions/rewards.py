"""The eight checks of a reward: a table of reports at, under and over each limit, and within the tolerances."""

from dataclasses import dataclass

from compiler.selection.reward_verdicts import checks
from compiler.spec.schema.preflight import (
    Agreement,
    Alignment,
    Contract,
    Discrimination,
    Hack,
    LengthBias,
    PreflightBody,
    Repeatability,
    Signal,
)
from runtime.contract.preflight import HACKS

PASSES, WARNS, BLOCKS = "passes", "warns", "blocks"


@dataclass(frozen=True, kw_only=True, slots=True)
class RewardCase:
    """A report in which one check was made, and how it comes out."""

    check: str
    name: str
    report: PreflightBody
    expected: str

    @property
    def id(self) -> str:
        return f"{self.check}: {self.name}"

    def outcome(self) -> str:
        """How the check comes out."""
        return next(str(each.passing) for each in checks(self.report) if each.name == self.check)


def contract(failures: int) -> PreflightBody:
    return PreflightBody(contract=Contract(cases=10, failures=failures))


def repeatability(scorer: str, rows: int, flips: int) -> PreflightBody:
    return PreflightBody(repeatability=Repeatability.model_validate({"scorer": scorer, "rows": rows, "flips": flips}))


def discrimination(pairs: int, auc: float, win: float) -> PreflightBody:
    return PreflightBody(discrimination=Discrimination.model_validate({"pairs": pairs, "auc": auc, "pairedWin": win}))


def agreement(positives: int, negatives: int, tpr: float, tnr: float) -> PreflightBody:
    made = {"positives": positives, "negatives": negatives, "tpr": tpr, "tnr": tnr}
    return PreflightBody.model_validate({"humanAgreement": Agreement.model_validate(made)})


def alignment(outputs: int, spearman: float) -> PreflightBody:
    return PreflightBody(alignment=Alignment(outputs=outputs, spearman=spearman))


def hacks(worst: float = 0.0, tried: tuple[str, ...] = HACKS) -> PreflightBody:
    rows = [
        Hack.model_validate({"probe": name, "shareOfMaximum": worst if name == tried[-1] else 0.0}) for name in tried
    ]
    return PreflightBody.model_validate({"hackResistance": rows})


def signal(share: float) -> PreflightBody:
    return PreflightBody(signal=Signal.model_validate({"prompts": 50, "samples": 8, "spreadShare": share}))


def length_bias(correlation: float) -> PreflightBody:
    made = LengthBias.model_validate({"partialCorrelation": correlation})
    return PreflightBody.model_validate({"lengthBias": made})


ROWS: tuple[tuple[str, str, PreflightBody, str], ...] = (
    ("contract", "no failure", contract(0), PASSES),
    ("contract", "one failure", contract(1), BLOCKS),
    ("repeatability", "code, no flip", repeatability("code", 1000, 0), PASSES),
    ("repeatability", "code, one flip of 1,000", repeatability("code", 1000, 1), BLOCKS),
    ("repeatability", "judge, 5 % flips", repeatability("judge", 100, 5), PASSES),
    ("repeatability", "judge, 6 % flips", repeatability("judge", 100, 6), BLOCKS),
    ("repeatability", "judge, 1 of 20 flips", repeatability("judge", 20, 1), PASSES),
    ("repeatability", "judge, 1 of 19 flips", repeatability("judge", 19, 1), BLOCKS),
    ("discrimination", "at its limits", discrimination(50, 0.9, 0.95), PASSES),
    ("discrimination", "49 pairs", discrimination(49, 1.0, 1.0), BLOCKS),
    ("discrimination", "auc 0.899", discrimination(50, 0.899, 1.0), BLOCKS),
    ("discrimination", "paired win 0.949", discrimination(50, 1.0, 0.949), BLOCKS),
    ("human agreement", "0.9 on 30 a class", agreement(30, 30, 0.9, 0.9), PASSES),
    ("human agreement", "tpr 0.899", agreement(30, 30, 0.899, 1.0), WARNS),
    ("human agreement", "tnr 0.899", agreement(30, 30, 1.0, 0.899), WARNS),
    ("human agreement", "0.8", agreement(30, 30, 0.8, 0.8), WARNS),
    ("human agreement", "tpr 0.799", agreement(30, 30, 0.799, 1.0), BLOCKS),
    ("human agreement", "tnr 0.799", agreement(30, 30, 1.0, 0.799), BLOCKS),
    ("human agreement", "29 right rows", agreement(29, 30, 1.0, 1.0), BLOCKS),
    ("human agreement", "29 wrong rows", agreement(30, 29, 1.0, 1.0), BLOCKS),
    ("alignment with the metric", "0.8 over 50 outputs", alignment(50, 0.8), PASSES),
    ("alignment with the metric", "0.799", alignment(50, 0.799), WARNS),
    ("alignment with the metric", "0.6", alignment(50, 0.6), WARNS),
    ("alignment with the metric", "0.599", alignment(50, 0.599), BLOCKS),
    ("alignment with the metric", "turned round", alignment(50, -1.0), BLOCKS),
    ("alignment with the metric", "49 outputs", alignment(49, 1.0), BLOCKS),
    ("hack resistance", "half of the maximum", hacks(0.5), PASSES),
    ("hack resistance", "above half of the maximum", hacks(0.501), BLOCKS),
    *(
        (
            "hack resistance",
            f"`{name}` above half",
            hacks(0.6, (*(each for each in HACKS if each != name), name)),
            BLOCKS,
        )
        for name in HACKS
    ),
    *(
        (
            "hack resistance",
            f"`{name}` was not tried",
            hacks(0.0, tuple(each for each in HACKS if each != name)),
            BLOCKS,
        )
        for name in HACKS
    ),
    ("hack resistance", "a further probe above half", hacks(0.9, (*HACKS, "emoji")), BLOCKS),
    ("signal", "40 % of groups", signal(0.4), PASSES),
    ("signal", "39.9 % of groups", signal(0.399), BLOCKS),
    ("length bias", "0.3", length_bias(0.3), PASSES),
    ("length bias", "0.301", length_bias(0.301), BLOCKS),
    ("length bias", "-0.3", length_bias(-0.3), PASSES),
    ("length bias", "-0.301", length_bias(-0.301), BLOCKS),
)
REWARDS = tuple(
    RewardCase(check=check, name=name, report=report, expected=expected) for check, name, report, expected in ROWS
)
