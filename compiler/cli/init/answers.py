"""The answers that `trainspec init` needs: checks, and prompts for those not given as flags."""

import difflib
import re
import sys
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from compiler.cli.init.texts import PROFILE, Answers
from compiler.spec.schema.types import METRIC_NAME, NAME, PATTERN_HINTS, REVISION, Application
from runtime.contract.data.file_formats import ANY_ENDING, ending_of
from runtime.contract.metrics import METRICS

SPECS = Path("specs")
Given = Mapping[str, Any]


class UnusableError(ValueError):
    """An invalid answer; the text says why, and what to write."""


NEEDED = {
    "name": "NAME",
    "application": "--application",
    "task": "--task",
    "target": "--target",
    "runs": "--runs or --no-runs",
    "model": "--model",
}


def _name(text: str) -> str:
    if not re.fullmatch(NAME, text) or len(text) > 63:
        raise UnusableError(f"`{text}` cannot name Kubernetes objects: {PATTERN_HINTS[NAME]}")
    if (SPECS / text).exists() or (SPECS / text).is_symlink():
        raise UnusableError(f"`{SPECS / text}` already exists: choose another name, or edit it")
    return text


def _application(text: str) -> str:
    known = [each.value for each in Application]
    if text not in known:
        raise UnusableError(f"unknown kind of application `{text}`: use one of {', '.join(known)}")
    return text


def _line(text: str | None) -> str:
    """Return text of any language as one line."""
    line = " ".join((text or "").split())
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in line):
        shown = line.encode("ascii", "backslashreplace").decode("ascii")
        raise UnusableError(f"`{shown[:80]}` holds a control character or a lone surrogate: remove it")
    return line


def _task(text: str) -> str:
    text = _line(text)
    if not text or len(text) > 2000:
        raise UnusableError("the task is empty or over 2000 characters: write one sentence, in any language")
    return text


def _metric(text: str) -> str:
    if not re.fullmatch(METRIC_NAME, text) or len(text) > 63:
        raise UnusableError(f"metric name `{text}` is not valid: {PATTERN_HINTS[METRIC_NAME]}")
    if text in METRICS and METRICS[text].needs_settings:
        raise UnusableError(f"metric `{text}` needs settings: start with `exact_match`, then see `trainspec schema`")
    near = difflib.get_close_matches(text, METRICS, n=1, cutoff=0.8)
    if text not in METRICS and near:
        raise UnusableError(f"the metric library has no `{text}`: did you mean `{near[0]}`?")
    return text


def _target(value: float | str) -> float:
    try:
        target = float(value)
    except ValueError:
        target = -1
    if not 0 <= target <= 1:
        raise UnusableError(f"target `{value}` is not between 0 and 1: write 0.9 for 90 %")
    return target


def _model(text: str) -> str:
    name, slash, revision = text.rpartition("/")
    if not slash or not re.fullmatch(REVISION, name) or not re.fullmatch(REVISION, revision):
        raise UnusableError(f"model `{text}` is not valid: write `name/revision`, its folder in the models volume")
    return text


def _file(value: Path | str | None) -> Path | None:
    if value is None or not str(value):
        return None
    path = Path(value)
    if not path.is_file() or not ending_of(path):
        raise UnusableError(f"`{value}` is not a data file: name an existing {ANY_ENDING} file")
    return path


def _profile(text: str | None) -> str:
    known = sorted(path.stem for path in (SPECS / "clusters").glob("*.yaml"))
    if not text:
        return known[0] if known else PROFILE
    if known and text not in known:
        raise UnusableError(f"no profile `{text}` in `{SPECS / 'clusters'}`: use one of {', '.join(known)}")
    if not known and text != PROFILE:
        raise UnusableError(
            f"`{SPECS / 'clusters'}` holds no profile: leave `--profile` out, and `init` writes `{PROFILE}`"
        )
    return text


CHECKS: dict[str, Callable[[Any], Any]] = {
    "name": _name,
    "application": _application,
    "task": _task,
    "metric": _metric,
    "target": _target,
    "runs": bool,
    "traces": _line,
    "model": _model,
    "badcases": _file,
    "evaluation": _file,
    "profile": _profile,
}


def checked(given: Given) -> Answers:
    """Return the answers; raise an `UnusableError` that lists every invalid one."""
    problems, values = [], {}
    for field, check in CHECKS.items():
        try:
            values[field] = check(given[field])
        except UnusableError as problem:
            problems.append(str(problem))
    if problems:
        raise UnusableError("\nerror: ".join(problems))
    return Answers(**values)


def completed(given: Given) -> Given:
    """Prompt for each answer that was not given, on stderr, and return all answers."""

    def ask(field: str, question: str, default: str | None = None) -> Any:
        if given[field] is not None:
            return given[field]
        shown = f"{question} [{default}]: " if default else f"{question}: "
        while True:
            answer = _answer(shown) or default
            if answer is None:
                continue
            try:
                return CHECKS[field](answer)
            except UnusableError as problem:
                print(f"error: {problem}", file=sys.stderr)

    answers = dict(given)
    answers["name"] = ask("name", "Name of the spec (its folder in `specs`)")
    answers["application"] = ask("application", f"Kind of application ({', '.join(Application)})")
    answers["task"] = ask("task", "What does the system do, in one sentence (any language)")
    answers["metric"] = ask("metric", "Metric that decides", "exact_match")
    answers["target"] = ask("target", "Value of the metric that meets the goal (0 to 1)")
    if given["runs"] is None:
        answers["runs"] = _confirmed("Does the system run end to end, even if poorly?")
    answers["traces"] = ask("traces", "Location of full-chain traces (leave empty if not recorded)", "")
    answers["model"] = ask("model", "Base model, as name/revision")
    answers["badcases"] = ask("badcases", "File of labelled badcases (leave empty if none yet)", "")
    answers["evaluation"] = ask("evaluation", "File of evaluation questions (leave empty if none yet)", "")
    return answers


def _confirmed(question: str) -> bool:
    """Prompt until the answer is yes or no; an empty answer is no."""
    known = {"y": True, "yes": True, "n": False, "no": False, "": False}
    while (answer := _answer(f"{question} [y/N]: ").lower()) not in known:
        print("error: answer `y` or `n`", file=sys.stderr)
    return known[answer]


def _answer(question: str) -> str:
    """Read a line from the terminal; raise `UnusableError` if stdin is closed."""
    print(question, end="", file=sys.stderr, flush=True)
    line = sys.stdin.readline()
    if not line:
        raise UnusableError("stdin is closed: run `trainspec init` again, or give the answers as options")
    return line.strip()
