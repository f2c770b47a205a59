"""One call of a component."""

import time
from collections.abc import Callable
from typing import Any

from .form import KINDS, name_of, present, time_of, tokens_of
from .part import Part, _current
from .report import report
from .streams import named_arguments, recorded
from .traces import Trace
from .writer import default_recorder

MOST_STEPS = 10_000


class Step(Part):
    """One call of a component: a context manager, or a decorator of the function that is the component.

    Set `output` before the block ends, and `tokens` of a call of a model, as (input, output).
    """

    __slots__ = ("above", "called", "component", "id", "kind", "tokens")

    def __init__(
        self,
        component: object,
        value: object,
        kind: str,
        parent: Part | None,
        model: object,
        prompt_version: object,
        attributes: dict[str, Any],
        called: bool = False,
    ) -> None:
        super().__init__(model, prompt_version, attributes)
        self.component, self.kind, self.id, self.called = component, kind, "", called
        self.tokens: Any = None
        self.above = _current.get() if parent is None else parent
        self._input = value
        if self.above is not None:
            self.trace = self.above.trace
            self._input = self.take(value, "input")[0]

    def know_input(self, value: object) -> None:
        """Set the input where it is known only after the start."""
        self._input = self.take(value, "input")[0]
        if self.above is None:
            self.trace._input = self._input

    @property
    def output(self) -> Any:
        """The output as it was when it was set."""
        return self.taken()

    @output.setter
    def output(self, value: object) -> None:
        self._output = self.take(value, "output")[0]

    def _open(self) -> None:
        if self.above is None:  # a step outside of a trace is a trace of its own
            self._start_trace()
        trace = self.trace
        self.id = str(next(trace.numbers))
        if trace.ended:
            report("a step starts after the end of its trace, and is not recorded")
        elif len(trace.steps) >= MOST_STEPS:
            trace.missed += 1
        else:
            trace.steps.append(self)
        known = trace.recorder.components
        if known and name_of(self.component) not in known:
            report(f"component `{name_of(self.component)}` is not in the spec, add it there")
        self.started = time.perf_counter_ns()

    def _start_trace(self) -> None:
        alone = self.called and isinstance(self._input, dict) and len(self._input) == 1
        query = next(iter(self._input.values())) if alone else self._input
        self.trace = Trace(query, default_recorder(), model=self.model, prompt_version=self.prompt_version)
        self._input = self.take(self._input, "input")[0]
        self.trace.open()

    def _close(self, error: BaseException | None) -> None:
        if self.above is None:
            self.trace._output = self.taken()
            self.trace.close(error)

    def record(self) -> dict[str, Any]:
        """Return the step in the form of a step of `trainspec.dev/trace/v1`."""
        trace, kind = self.trace, name_of(self.kind)
        if kind not in KINDS:
            report(f"kind `{kind}` of a step is unknown, use one of {', '.join(KINDS)}")
            kind = "other"
        tokens = tokens_of(self.tokens)
        if self.tokens is not None and tokens is None:
            report("`tokens` are not (input, output)")
        return {"id": self.id, "kind": kind, "component": name_of(self.component) or "unnamed"} | present(
            parent=self.above.id if isinstance(self.above, Step) else None,
            input=self._input,
            output=self.taken(),
            error=self.error,
            started=time_of(trace.start + self.started - trace.started),
            milliseconds=round((self.ended - self.started) / 1e6, 3) if self.ended else None,
            model=name_of(self.model) or (name_of(trace.model) if kind == "model" else None),
            prompt_version=name_of(self.prompt_version),
            tokens=tokens or None,
            attributes=self._noted(),
        )

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function with each call recorded as this step."""
        named = named_arguments(function)

        def open_step(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Step:
            value, attributes = named(args, kwargs), dict(self.attributes)
            made = Step(self.component, value, self.kind, None, self.model, self.prompt_version, attributes, True)
            made.open()
            return made

        return recorded(function, open_step)
