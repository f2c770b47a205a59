"""Record calls of functions: plain ones, coroutines, generators and async generators."""

import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any, Protocol


class Opened(Protocol):
    """A step that is open, as a wrapped function needs it. No method raises."""

    output: Any

    def enter(self) -> None:
        """Make it the parent of the steps that start from now on, in this thread or task."""

    def leave(self) -> None:
        """Undo `enter`."""

    def add(self, chunk: object) -> None:
        """Add a chunk to its output."""

    def stopped_early(self) -> None:
        """Note that the consumer wants no more chunks."""

    def close(self, error: BaseException | None = None) -> None:
        """End it."""


Open = Callable[[tuple[Any, ...], dict[str, Any]], Opened]


def recorded(function: Callable[..., Any], open_step: Open) -> Callable[..., Any]:
    """Return the function with each call recorded as the step that `open_step` opens for its arguments.

    A generator is recorded while it is consumed, with its chunks as its output.
    """
    wrap = (
        _async_generator
        if inspect.isasyncgenfunction(function)
        else _generator
        if inspect.isgeneratorfunction(function)
        else _coroutine
        if inspect.iscoroutinefunction(function)
        else _plain
    )
    return functools.wraps(function)(wrap(function, open_step))


def named_arguments(function: Callable[..., Any]) -> Callable[[tuple[Any, ...], dict[str, Any]], dict[str, Any]]:
    """Return a function that names the arguments of a call, without `self`; quicker than `Signature.bind`."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    names = code.co_varnames[: code.co_argcount] if code else ()
    start = 1 if names[:1] in (("self",), ("cls",)) else 0

    def named(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        made = dict(zip(names[start:], args[start:], strict=False)) | kwargs
        more = args[max(start, len(names)) :]
        return made | {"args": more} if more else made

    return named


def _plain(function: Callable[..., Any], open_step: Open) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        step = open_step(args, kwargs)
        step.enter()
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            step.leave()
            step.close(error)
            raise
        step.output = result
        step.leave()
        step.close()
        return result

    return call


def _coroutine(function: Callable[..., Any], open_step: Open) -> Callable[..., Any]:
    async def call(*args: Any, **kwargs: Any) -> Any:
        step = open_step(args, kwargs)
        step.enter()
        try:
            result = await function(*args, **kwargs)
        except BaseException as error:
            step.leave()
            step.close(error)
            raise
        step.output = result
        step.leave()
        step.close()
        return result

    return call


def _generator(function: Callable[..., Any], open_step: Open) -> Callable[..., Any]:
    def chunks(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        step, inner = open_step(args, kwargs), function(*args, **kwargs)
        resume, sent = inner.send, None
        try:
            while True:
                step.enter()
                try:
                    chunk = resume(sent)
                finally:
                    step.leave()
                step.add(chunk)
                try:
                    resume, sent = inner.send, (yield chunk)
                except GeneratorExit:
                    step.stopped_early()
                    inner.close()
                    raise
                except BaseException as thrown:
                    resume, sent = inner.throw, thrown
        except StopIteration as end:
            step.close()
            return end.value
        except BaseException as error:
            step.close(error)
            raise

    return chunks


def _async_generator(function: Callable[..., Any], open_step: Open) -> Callable[..., Any]:
    async def chunks(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        step, inner = open_step(args, kwargs), function(*args, **kwargs)
        resume, sent = inner.asend, None
        try:
            while True:
                step.enter()
                try:
                    chunk = await resume(sent)
                finally:
                    step.leave()
                step.add(chunk)
                try:
                    resume, sent = inner.asend, (yield chunk)
                except GeneratorExit:
                    step.stopped_early()
                    await inner.aclose()
                    raise
                except BaseException as thrown:
                    resume, sent = inner.athrow, thrown
        except StopAsyncIteration:
            step.close()
        except BaseException as error:
            step.close(error)
            raise

    return chunks
