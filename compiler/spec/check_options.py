"""Checks of the options of rewards and metrics, which the runtime would reject after a Job has started."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from compiler.diagnostics import Diagnostic, Location, diagnostic
from compiler.spec.inputs import Inputs
from compiler.spec.schema.validate import dotted
from compiler.spec.yaml.document import FieldPath
from runtime.contract.metrics import METRICS
from runtime.contract.options import LengthClash, length_clashes, option_error

_CLASHES: dict[LengthClash, tuple[str, str]] = {
    "no bound": (
        "reward `length` has neither `least` nor `most`, so every answer scores 1",
        "add `least` or `most`",
    ),
    "bounds crossed": ("`most` {most} of reward `length` is below `least` {least}", "raise `most`, or lower `least`"),
    "marker and tokens": (
        "`after` of reward `length` cuts text, but `unit: tokens` counts all tokens of the model",
        "remove `after`, or use `unit: characters`",
    ),
}


def reward_options_fit(inputs: Inputs) -> Iterator[Diagnostic]:
    """Check that each option of a reward is valid, and that code of the spec's folder has no options."""
    reward = inputs.spec.spec.reward
    for index, function in enumerate(reward.functions if reward else ()):
        at = ("spec", "reward", "functions", index, "options")
        if ":" in function.use:
            if function.options:
                message = f"`{function.use}` takes no options, only the columns of the rows"
                hint = "remove `options`, and set these values in the code"
                yield diagnostic("CHK243", message, inputs.document.at(at, key=True), hint=hint)
            continue
        wrong = [each for name, value in function.options.items() for each in _value(inputs, (*at, name), value)]
        yield from wrong
        if not wrong and function.use == "length":
            where = inputs.document.at(at if function.options else (*at[:-1], "use"))
            for clash in length_clashes(function.options):
                message, hint = _CLASHES[clash]
                yield diagnostic("CHK243", message.format_map({"least": 0} | function.options), where, hint=hint)


def metric_options_fit(inputs: Inputs) -> Iterator[Diagnostic]:
    """Check that each option of a metric is valid, and that only a metric of the library has any."""
    for index, metric in enumerate(inputs.spec.spec.goal.metrics):
        at = ("spec", "goal", "metrics", index)
        if metric.databases and not (metric.function in METRICS and METRICS[metric.function].needs_databases):
            where = inputs.document.at((*at, "databases"), key=True)
            message = f"metric `{metric.function}` runs no queries, so it takes no `databases`"
            yield diagnostic("CHK243", message, where, hint="remove `databases`")
        if metric.options and metric.function not in METRICS:
            where = inputs.document.at((*at, "options"), key=True)
            what = "only the row and the answer" if metric.is_own else "because people measure it"
            message = f"`{metric.function}` takes no options, {what}"
            yield diagnostic("CHK243", message, where, hint="remove `options`")
            continue
        for name, value in metric.options.items():
            yield from _value(inputs, (*at, "options", name), value)


def _value(inputs: Inputs, path: FieldPath, value: object) -> Iterator[Diagnostic]:
    """Yield the diagnostic for an invalid value of the option at `path`."""
    where, name = inputs.document.at(path), dotted(path)
    error = option_error(str(path[-1]), value)
    if error is None:
        return
    if error["type"] == "value_error" and path[-1] == "pattern":
        message = f"`{name}` {error['ctx']['error']}"
        yield diagnostic("SPC104", message, where, hint="fix it; a `\\` before a character matches it literally")
    elif error["type"] == "value_error":
        yield _invalid_path(name, str(value), where)
    else:
        from compiler.spec.schema.error_texts import wording  # slow to import, and only needed for an error

        code, message, hint = wording(error)
        yield diagnostic(code, f"`{name}` {message}", where, hint=hint)


def _invalid_path(name: str, value: str, where: Location) -> Diagnostic:
    """Return the diagnostic for an invalid path; the input phase has reported missing files."""
    pure = PurePosixPath(value)
    if pure.is_absolute() or ".." in pure.parts or "\\" in value or not pure.name:
        hint = "name a file or folder below the spec's folder, without `..`"
        return diagnostic("CHK202", f"`{value}` is not below the spec's folder", where, hint=hint)
    message = f"`{name}` is not a normalised path (found `{value}`)"
    return diagnostic("SPC104", message, where, hint=f"write it as `{pure}`")
