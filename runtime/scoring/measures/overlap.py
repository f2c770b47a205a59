"""Overlap of an answer with a reference, from 0 to 1: token F1, ROUGE-L and chrF."""

import importlib.util
from collections import Counter

from runtime.contract.errors import StageError
from runtime.contract.words import content_words, words_of


def token_f1(reference: str, answer: str) -> float:
    """Return the F1 of the words that both texts have, as for SQuAD (Rajpurkar et al. 2016, arXiv 1606.05250)."""
    wanted, found = content_words(reference), content_words(answer)
    return _f1((Counter(wanted) & Counter(found)).total(), len(wanted), len(found))


def rouge_l(reference: str, answer: str) -> float:
    """Return the F1 of the longest common subsequence of words (Lin 2004), without stemming.

    Google's `rouge-score` keeps ASCII letters only, so Chinese would score 0; on English text both agree.
    """
    from rapidfuzz.distance import LCSseq

    wanted, found = words_of(reference), words_of(answer)
    return _f1(int(LCSseq.similarity(wanted, found)), len(wanted), len(found))


def chrf(reference: str, answer: str) -> float:
    """Return sacrebleu's chrF (Popović 2015) of one answer: F2 of runs of 1 to 6 characters, so it suits any script."""
    from sacrebleu.metrics.chrf import CHRF

    return float(CHRF().sentence_score(answer, [reference]).score) / 100 if answer else 0.0


def require_sacrebleu() -> None:
    """Raise RUN723 if `sacrebleu` is not installed."""
    if importlib.util.find_spec("sacrebleu") is None:
        message = "metric `chrf` needs `sacrebleu`, which is not installed"
        raise StageError("RUN723", message, "install `trainspec[runtime]`, or choose another metric")


def _f1(common: int, wanted: int, found: int) -> float:
    return 2 * common / (wanted + found) if common else 0.0
