"""Record the whole chain of each query of an application: one trace a line, which `trainspec triage` reads.

    from trainspec_trace import configure, record, step

    configure(path="traces/shop.jsonl")

    @step("retriever", kind="retrieval")
    def search(query): ...

    with record(query, session=user.session, model="name/revision", prompt_version="v1") as trace:
        passages = search(query)
        with step("model", messages, kind="model") as call:
            call.output = reply = ask(messages)
            call.tokens = reply.usage.prompt_tokens, reply.usage.completion_tokens
        trace.answer = reply.text

Only the standard library of Python 3.11 is needed. Recording never raises: `counts()` has what went wrong, and stderr
the first of each kind. Values are copied when they are given; what cannot be copied is noted in `losses`.
"""


__all__ = [
    "Part",
    "Recorder",
    "Step",
    "Trace",
    "bound",
    "configure",
    "counts",
    "current",
    "default_recorder",
    "record",
    "step",
]

"""Copy a value as it is now, so that later changes by the application do not reach the record."""

from collections import deque
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from datetime import time as time_of_day  # the one file of a plan also has the module `time`
from decimal import Decimal
from enum import Enum
from itertools import islice
from pathlib import PurePath
from typing import Any
from uuid import UUID

# what a trace lacks: the kind of loss and its detail, which never holds text of the value
Lost = tuple[str, str]

VALUE_COST = 8  # characters of the budget that each item of a container costs, so that it bounds their number too
LEVELS = 32  # of nested containers
KEY_CHARACTERS = 256
LARGE = 1 << 4096  # Python refuses to write integers much longer than this in decimal
ERROR_CHARACTERS = 4000


def snapshot(value: object, characters: int) -> tuple[Any, tuple[Lost, ...], int]:
    """Return a copy of a value that JSON can hold, what it lacks, and how many of the `characters` it used.

    Texts are shared, not copied, and cut where `characters` end. Objects that cannot be copied are replaced by the
    name of their type. Never raises.
    """
    if type(value) is str and len(value) <= characters:
        return value, (), len(value)
    if value is None:
        return None, (), 0
    copier = _Copier(characters)
    try:
        copy = copier.copy(value)
    except Exception:  # code of the application runs here: properties, iterators, `__class__`
        copy = copier.without_detail(value)
    return copy, copier.lost(), characters - max(copier.room, 0)


def error_text(error: BaseException) -> str:
    """Return the type and the message of an exception, also of one whose `__str__` raises."""
    name = type(error).__name__
    try:
        text = str(error)
    except Exception as inner:
        text = f"(`__str__` raised {type(inner).__name__})"
    return f"{name}: {text}"[:ERROR_CHARACTERS] if text else name


def type_name(value: object) -> str:
    """Return the full name of the type of a value."""
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


class _Copier:
    """One snapshot: the budget that is left (`room`), and what the copy lacks so far."""

    __slots__ = ("cut", "hidden", "path", "room", "types")

    def __init__(self, room: int) -> None:
        self.room = room
        self.cut = 0
        self.types: dict[str, None] = {}
        self.hidden: dict[str, None] = {}
        self.path: list[int] = []

    def lost(self) -> tuple[Lost, ...]:
        """Return each kind of loss once."""
        if not (self.cut or self.types or self.hidden):
            return ()
        found = [("cut-text", f"{self.cut} characters")] if self.cut else []
        found += [("no-detail", ", ".join(islice(self.types, 5)))] if self.types else []
        return (*found, *([("redacted", ", ".join(islice(self.hidden, 5)))] if self.hidden else []))

    def copy(self, value: object) -> Any:
        kind = type(value)
        if kind is str:
            return self.text(value)  # type: ignore[arg-type]
        if kind is dict:
            return self.mapping(value)  # type: ignore[arg-type]
        if kind is list or kind is tuple:
            return self.items(value, value)
        if value is None or kind is bool:
            return value
        if kind is int:
            return value if -LARGE < value < LARGE else self.without_detail(value)  # type: ignore[operator]
        if kind is float:
            return value if value - value == 0 else repr(value)  # type: ignore[operator]
        try:
            return self.instance(value)
        except Exception:
            return self.without_detail(value)

    def text(self, value: str) -> str:
        self.room -= len(value)
        if self.room >= 0:
            return value
        kept = max(0, self.room + len(value))
        self.room = 0
        self.cut += len(value) - kept
        return value[:kept]

    def mapping(self, value: dict[Any, Any]) -> Any:
        """Copy a dict; most are flat and fit, and are copied in one go."""
        if VALUE_COST * len(value) > self.room:
            self.types["a dict with too many items"] = None
            value = dict(islice(value.items(), max(0, self.room) // VALUE_COST))
        copy = value.copy()
        room = self.room - VALUE_COST * len(copy)
        for key, inner in copy.items():
            if type(key) is not str or len(key) > KEY_CHARACTERS:
                break
            kind = type(inner)
            if kind is str:
                room -= len(inner)
            elif not (
                inner is None
                or kind is bool
                or (kind is int and -LARGE < inner < LARGE)
                or (kind is float and inner - inner == 0)
            ):
                break
        else:
            if room >= 0:
                self.room = room
                return copy
        if not self.enters(value):
            return self.without_detail(value)
        self.room -= VALUE_COST * len(copy)
        made: dict[str, Any] = {}
        for key, inner in copy.items():
            made[self.key(key, made)] = self.copy(inner)
        self.path.pop()
        return made

    def key(self, key: object, made: dict[str, Any]) -> str:
        """Return a key as a text that the new dict does not have yet."""
        if isinstance(key, str):
            name = str.__str__(key)
        else:
            known = key is None or isinstance(key, (int, float, Enum, UUID, date, PurePath, Decimal))
            name = str(key) if known else repr(key) if type(key) in (tuple, frozenset) else self.without_detail(key)
        name = name[:KEY_CHARACTERS]
        return name if name not in made else f"{name}#{len(made)}"

    def items(self, value: object, items: Any) -> Any:
        """Copy the items of a sequence or set."""
        if not self.enters(value):
            return self.without_detail(value)
        if VALUE_COST * len(items) > self.room:
            self.types[f"a {type(value).__name__} with too many items"] = None
            items = [*islice(items, max(0, self.room) // VALUE_COST)]
        self.room -= VALUE_COST * len(items)
        made = [self.mapping(each) if type(each) is dict else self.copy(each) for each in tuple(items)]
        self.path.pop()
        return made

    def enters(self, value: object) -> bool:
        """Note a container before its content is copied; false for one that contains itself, or is too deep."""
        if id(value) in self.path or len(self.path) >= LEVELS:
            return False
        self.path.append(id(value))
        return True

    def instance(self, value: Any) -> Any:
        """Copy an instance of any other class."""
        if isinstance(value, str):
            return self.text(str.__str__(value))
        if isinstance(value, int):
            return self.copy(int.__int__(value))
        if isinstance(value, float):
            return self.copy(float.__float__(value))
        if isinstance(value, dict):
            return self.mapping(dict.copy(value))
        names = getattr(type(value), "_fields", None)
        if isinstance(value, tuple) and names:
            return self.mapping(dict(zip(names, tuple.__iter__(value), strict=False)))
        if isinstance(value, (list, tuple, deque)):
            return self.items(value, value)
        if isinstance(value, (set, frozenset)):
            made = self.items(value, value)
            return sorted(made) if all(type(each) is str for each in made) else made
        if isinstance(value, Enum):
            return self.copy(value.value)
        if isinstance(value, (datetime, date, time_of_day)):
            return value.isoformat()
        if isinstance(value, timedelta):
            return value.total_seconds()
        if isinstance(value, (Decimal, UUID, PurePath)):
            return self.text(str(value))
        if isinstance(value, BaseException):
            return self.text(error_text(value))
        if isinstance(value, Mapping):
            return self.mapping(dict(islice(value.items(), max(0, self.room) // VALUE_COST)))
        if type(value).__module__ == "numpy" and getattr(value, "shape", None) == () and hasattr(value, "item"):
            return self.copy(value.item())
        fields = [*_fields(value)]
        return self.declared(value, fields) if fields else self.without_detail(value)

    def declared(self, value: object, fields: list[tuple[str, bool]]) -> Any:
        """Copy the declared fields of an instance; those that its class hides are replaced."""
        if not self.enters(value):
            return self.without_detail(value)
        self.room -= VALUE_COST * len(fields)
        made: dict[str, Any] = {}
        for name, shown in fields:
            if not shown:
                self.hidden[name] = None
            made[name] = self.copy(getattr(value, name, None)) if shown else "[hidden]"
        self.path.pop()
        return made

    def without_detail(self, value: object) -> str:
        """Return the name of the type, and note the loss."""
        try:
            name = type_name(value)
        except Exception:
            name = "object"
        self.types[name] = None
        return f"<{name}>"


def _fields(value: Any) -> Iterator[tuple[str, bool]]:
    """Yield the declared fields of a dataclass, a pydantic model or an attrs class, and whether they may be shown."""
    kind = type(value)
    for name, field in getattr(kind, "__dataclass_fields__", {}).items():
        yield name, field.repr
    for name, field in getattr(kind, "__pydantic_fields__", {}).items():
        yield name, bool(field.repr) and not field.exclude
    for field in getattr(kind, "__attrs_attrs__", ()):
        yield field.name, bool(field.repr)

"""Remove what must not leave the process: by names of fields, by patterns, and by a function of the application."""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

MASK = "[redacted]"
# last words of the names of fields that hold credentials
SECRET_FIELDS = (
    "password",
    "passwd",
    "secret",
    "api_key",
    "private_key",
    "access_token",
    "refresh_token",
    "auth_token",
    "authorization",
    "cookie",
)
# forms of credentials, each with text that every match contains; all are bounded or linear
SECRETS = (
    (r"\bsk-(?:[A-Za-z0-9]{1,20}-){0,3}[A-Za-z0-9_]{20,}[A-Za-z0-9_-]*", ("sk-",)),
    (r"\b(?:hf_[A-Za-z0-9]{30,}|glpat-[A-Za-z0-9_-]{20,}|AIza[A-Za-z0-9_-]{35})", ("hf_", "glpat-", "AIza")),
    (r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b", ("AKIA", "ASIA")),
    (r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{22,})", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_")),
    (r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}", ("xox",)),
    (r"(?<![\w-])eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}", ("eyJ",)),
    (r"-----BEGIN [A-Z0-9 ]{0,60}PRIVATE KEY(?: BLOCK)?-----(?:[^-]*-----END [A-Z0-9 ]{1,80}-----)?", ("PRIVATE KEY",)),
    (r"(?<=://)[^\s/:@\"'`]{1,64}:[^\s/@\"'`]{3,256}(?=@)", ("://",)),
    (r"(?i)\bbearer [A-Za-z0-9._~+/=-]{16,}", ("earer ", "EARER ")),
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W_A-Z]+")


class Redactor:
    """Masks fields and texts of plain data.

    `fields` are names whose values are masked, wherever such words end the name of a field, in any case and with any
    separator (`api_key` also masks `openaiApiKey`). `patterns` are regular expressions whose matches are masked.
    `function` receives each remaining text and returns what may be stored; where it raises, the whole text is masked.
    Raises `re.error` or `TypeError` for what is no pattern.
    """

    def __init__(
        self, fields: Iterable[str], patterns: Iterable[str], function: Callable[[str], str] | None = None
    ) -> None:
        if isinstance(fields, str) or isinstance(patterns, str):
            raise TypeError("fields and patterns are lists of texts")
        names = {"".join(_words(name)) for name in (*SECRET_FIELDS, *fields)}
        self._own = tuple(re.compile(pattern) for pattern in patterns)
        self._known = tuple((re.compile(pattern), hints) for pattern, hints in SECRETS)
        self._function = function

        @lru_cache(maxsize=4096)
        def masked(name: str) -> bool:
            words = _words(name)
            return any("".join(words[start:]) in names for start in range(len(words)))

        self.masked = masked

    def stored(self, text: str) -> tuple[str, str]:
        """Return what may be stored of a text, and why it differs; an empty reason where it does not."""
        made, reason = text, ""
        for pattern, hints in self._known:
            if any(hint in made for hint in hints):
                made = pattern.sub(MASK, made)
        for pattern in self._own:
            made = pattern.sub(MASK, made)
        if made != text:
            reason = "pattern"
        if self._function is not None:
            try:
                kept = self._function(made)
                if not isinstance(kept, str):
                    raise TypeError(type(kept).__name__)
            except Exception as error:
                return MASK, f"the redactor raised {type(error).__name__}"
            made, reason = kept, reason or ("function" if kept != made else "")
        return made, reason


class Redaction:
    """The redaction of one trace. Conversations repeat their texts in each step, so each text is read once."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor, self._masked = redactor, redactor.masked
        self._texts: dict[str, str] = {}
        self._reasons: dict[str, str] = {}
        self.found: dict[str, None] = {}

    def value(self, value: Any) -> Any:
        """Return plain data without what is masked; the reasons are added to `found`."""
        if type(value) is str:
            return self._text(value)
        if type(value) is dict:
            return self._fields(value)
        if type(value) is list:
            return [self._fields(each) if type(each) is dict else self.value(each) for each in value]
        return value

    def _fields(self, value: dict[str, Any]) -> dict[str, Any]:
        texts, plain = self._texts, not self._reasons
        made: dict[str, Any] = {}
        for key, inner in value.items():
            name = texts.get(key) if plain else None
            if name is None:
                name = self._text(key)
            if name in made:
                name = f"{name}#{len(made)}"
            if self._masked(key):
                self.found[f"field `{name}`"] = None
                made[name] = MASK
            elif type(inner) is not str:
                made[name] = inner if inner is None else self.value(inner)
            else:
                kept = texts.get(inner) if plain else None
                made[name] = self._text(inner) if kept is None else kept
        return made

    def _text(self, text: str) -> str:
        made = self._texts.get(text)
        if made is None:
            made, reason = self._redactor.stored(text)
            self._texts[text] = made
            if reason:
                self._reasons[text] = reason
        if self._reasons and text in self._reasons:
            self.found[self._reasons[text]] = None
        return made


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(name)]

"""Append lines to one file from several threads and processes, and start a new file when it is full."""

import importlib
import os
import stat
import threading
import time
from contextlib import suppress
from typing import Any

fcntl: Any = None
with suppress(ImportError):  # Windows has no such locks: one process a file
    fcntl = importlib.import_module("fcntl")

LOCK_SECONDS = 2.0
BLOCK = 1 << 16
RECORD_START = b'{"schema":'
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


class RotatingFile:
    """Lines in `path`, which becomes `path.1` before it grows beyond `size` bytes; `keep` full files are kept.

    A line is written by one call while the file is locked, so that lines never mix, and a line that a killed process
    left unfinished is removed by the next writer. Raises `OSError` where a line cannot be written, with the file as it
    was before.
    """

    def __init__(self, path: str, size: int, keep: int) -> None:
        self.path, self.size, self.keep = path, size, keep
        self._descriptor = -1
        self._lock = threading.Lock()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget)

    def append(self, line: bytes) -> None:
        """Append one line, which ends with a line feed."""
        if not self._lock.acquire(timeout=LOCK_SECONDS):
            raise TimeoutError(f"another thread holds `{self.path}`")
        try:
            end = self._locked_end()
            try:
                if end and end + len(line) > self.size:
                    end = self._rotate()
                self._write(line, end)
            finally:
                self._unlock()
        finally:
            self._lock.release()

    def _write(self, line: bytes, end: int) -> None:
        try:
            written = os.write(self._descriptor, line)
        except OSError:
            os.ftruncate(self._descriptor, end)
            raise
        if written < len(line):
            os.ftruncate(self._descriptor, end)
            raise OSError(f"only {written} of {len(line)} bytes fit into `{self.path}`")

    def _locked_end(self) -> int:
        """Open and lock the file that `path` names now, and return where its last whole line ends."""
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            if self._descriptor < 0:
                self._open()
            self._wait_for_lock(deadline)
            here = os.fstat(self._descriptor)
            try:
                there = os.stat(self.path)
            except FileNotFoundError:
                there = None
            if there is not None and (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino):
                return self._repaired_end(here.st_size)
            self._close()  # another process has rotated it, or somebody has moved it

    def _open(self) -> None:
        try:
            self._descriptor = os.open(self.path, _FLAGS, 0o600)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(self.path) or ".", exist_ok=True)
            self._descriptor = os.open(self.path, _FLAGS, 0o600)
        if not stat.S_ISREG(os.fstat(self._descriptor).st_mode):
            self._close()
            raise OSError(f"`{self.path}` is no file")

    def _wait_for_lock(self, deadline: float) -> None:
        while fcntl is not None:
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() > deadline:
                    self._close()
                    raise TimeoutError(f"another process holds `{self.path}`") from None
                time.sleep(0.0005)

    def _unlock(self) -> None:
        if fcntl is not None and self._descriptor >= 0:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def _repaired_end(self, end: int) -> int:
        """Return the size of the file, once its last line is whole: the writer of an unfinished one is dead."""
        if not end or self._read(end - 1, 1) == b"\n":
            return end
        start = self._last_line(end)
        if self._read(start, len(RECORD_START)) == RECORD_START[: end - start]:
            os.ftruncate(self._descriptor, start)
            return start
        return end + os.write(self._descriptor, b"\n")  # somebody else's text

    def _last_line(self, end: int) -> int:
        start = end
        while start:
            stop, start = start, max(0, start - BLOCK)
            feed = self._read(start, stop - start).rfind(b"\n")
            if feed >= 0:
                return start + feed + 1
        return 0

    def _read(self, start: int, count: int) -> bytes:
        os.lseek(self._descriptor, start, os.SEEK_SET)
        return os.read(self._descriptor, count)

    def _rotate(self) -> int:
        """Rename the full file while its lock is held, and open and lock a new one; return where that ends.

        A process that waits for the lock of the full file finds that `path` names another file, and opens that.
        """
        if fcntl is None:
            self._close()  # Windows does not rename open files
        for number in range(self.keep - 1, 0, -1):
            if os.path.exists(f"{self.path}.{number}"):
                os.replace(f"{self.path}.{number}", f"{self.path}.{number + 1}")
        if self.keep:
            os.replace(self.path, f"{self.path}.1")
        else:
            os.unlink(self.path)
        self._close()
        return self._locked_end()

    def _close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def _forget(self) -> None:
        """Start anew in a forked child: its copies of descriptors share the locks of the parent."""
        self._lock = threading.Lock()
        self._close()

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

"""The form of a trace: `trainspec.dev/trace/v1`, one JSON object a line."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from json import JSONEncoder
from typing import Any


SCHEMA = "trainspec.dev/trace/v1"
SOURCE = "trainspec-trace/1"
KINDS = ("intent", "retrieval", "tool", "model", "agent", "chain", "other")
NAME_CHARACTERS = 1000
_encode = JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":")).encode


def line_of(record: dict[str, Any]) -> bytes:
    """Return a record as a line of JSON; halves of surrogate pairs, which UTF-8 cannot hold, become U+FFFD."""
    text = _encode(record)
    try:
        return f"{text}\n".encode()
    except UnicodeEncodeError:
        known = loss("encoding", "", "lone surrogates")
        if known not in record["losses"]:
            record["losses"].append(known)
        return f"{_encode(record)}\n".encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def loss(kind: str, step: str, detail: str = "") -> dict[str, str]:
    """Return what a trace or its step lacks."""
    return {"kind": kind, "step": step, "detail": detail}


def name_of(value: object) -> str | None:
    """Return a name or version as a text, whatever the application gave."""
    if value is None:
        return None
    copy = snapshot(value, NAME_CHARACTERS)[0]
    return copy if isinstance(copy, str) else str(copy)[:NAME_CHARACTERS]


def time_of(nanoseconds: int) -> str:
    """Return a time since the epoch in ISO 8601."""
    return datetime.fromtimestamp(nanoseconds / 1e9, UTC).isoformat(timespec="microseconds")


def present(**fields: Any) -> dict[str, Any]:
    """Return the fields that have a value."""
    return {name: value for name, value in fields.items() if value is not None}


def tokens_of(value: Any) -> dict[str, int] | None:
    """Return the token counts that are known, given as (input, output) or by name; None for anything else."""
    if isinstance(value, dict):
        value = (value.get("input"), value.get("output"))
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        return None
    counts = dict(zip(("input", "output"), value, strict=True))
    if not all(count is None or (type(count) is int and count >= 0) for count in counts.values()):
        return None
    return {name: count for name, count in counts.items() if count is not None}


def step_losses(step: dict[str, Any], lost: Iterable[Lost]) -> Iterator[dict[str, str]]:
    """Yield what the record of a step lacks."""
    name = step["id"]
    yield from (loss(kind, name, detail) for kind, detail in lost)
    if step.get("milliseconds") is None:
        yield loss("no-latency", name, "still running when the trace ended")
    if step["kind"] == "model":
        if not step.get("model"):
            yield loss("no-model", name)
        if "tokens" not in step and "error" not in step:
            yield loss("no-tokens", name)

"""Count what goes wrong in recording, and report each kind of fault once: the application must not notice."""

import sys
from collections import Counter

MOST_KINDS = 100  # of faults that are printed
_counts: Counter[str] = Counter()


def report(what: str, detail: str = "") -> None:
    """Count a fault; print the first of its kind on stderr."""
    _counts[what] += 1
    if _counts[what] == 1 and len(_counts) <= MOST_KINDS:
        try:
            print(f"trainspec_trace: {what}{': ' if detail else ''}{detail}; later ones are counted", file=sys.stderr)
        except Exception:
            _counts["stderr is closed"] += 1


def counts() -> dict[str, int]:
    """Return how often each fault happened in this process."""
    return dict(_counts)

"""Where traces go and what they may hold: the settings, and the way of a record to its file."""

import itertools
import os
from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import Any



class Recorder:
    """Where traces go, and what they may hold.

    `path` is a file of JSON lines; the environment variable `TRAINSPEC_TRACES` overrides it, and turns recording off
    where it is empty. `sink` receives each redacted record. `components` are those of the spec. `sample` is the share
    of traces that are kept; traces with errors are always kept. `redact_fields`, `redact_patterns` and `redact` are
    explained in `Redactor`. Bounds: `value_characters` of one input or output, `trace_characters` of all in a trace,
    `file_bytes` of a file, and `files_kept` full files.
    """

    def __init__(
        self,
        *,
        path: str | os.PathLike[str] | None = None,
        sink: Callable[[dict[str, Any]], object] | None = None,
        components: Iterable[str] = (),
        sample: float = 1.0,
        redact_fields: Iterable[str] = (),
        redact_patterns: Iterable[str] = (),
        redact: Callable[[str], str] | None = None,
        value_characters: int = 200_000,
        trace_characters: int = 2_000_000,
        file_bytes: int = 64 << 20,
        files_kept: int = 9,
    ) -> None:
        chosen = os.environ.get("TRAINSPEC_TRACES", os.fspath(path) if path else "" if sink else "traces/traces.jsonl")
        self.sink, self.sample, self.components = sink, float(sample), frozenset(components)
        self.value_characters, self.trace_characters = int(value_characters), int(trace_characters)
        self.redactor = Redactor(redact_fields, redact_patterns, redact)
        self.file = RotatingFile(chosen, int(file_bytes), int(files_kept)) if chosen else None

    def write(self, record: dict[str, Any]) -> None:
        """Redact a record and write it, unless the sample leaves it out. Never raises."""
        try:
            if not self._chosen(record):
                return
            kept = redacted(record, self.redactor)
            if self.file is not None:
                self.file.append(line_of(kept))
            if self.sink is not None:
                self.sink(kept)
        except Exception as error:
            report("a trace is lost", error_text(error))

    def _chosen(self, record: dict[str, Any]) -> bool:
        if self.sample >= 1 or "error" in record or any("error" in each for each in record["steps"]):
            return True
        digest = blake2b(record["id"].encode("utf-8", "replace"), digest_size=8).digest()
        return int.from_bytes(digest, "big") < self.sample * 2**64


def redacted(record: dict[str, Any], redactor: Redactor) -> dict[str, Any]:
    """Return a record without what must not be stored, with a loss for each step of which something was masked."""
    losses, redaction = list(record["losses"]), Redaction(redactor)

    def masked(part: dict[str, Any], names: tuple[str, ...], step: str) -> dict[str, Any]:
        made = part | {name: redaction.value(part[name]) for name in names if name in part}
        losses.extend(loss("redacted", step, reason) for reason in itertools.islice(redaction.found, 20))
        redaction.found.clear()
        return made

    steps = [masked(each, ("input", "output", "error", "attributes"), each["id"]) for each in record["steps"]]
    made = masked(record, ("session", "query", "answer", "error", "intent", "attributes"), "")
    return made | {"steps": steps, "losses": losses}


_recorder: Recorder | None = None


def configure(**settings: Any) -> None:
    """Set where traces go and what they may hold, with the settings of `Recorder`.

    Where a setting is wrong nothing is recorded, since it might have been meant to protect something.
    """
    global _recorder
    try:
        _recorder = Recorder(**settings)
    except Exception as error:
        report("wrong settings, nothing is recorded", error_text(error))
        _recorder = Recorder(sink=_discarded)
        _recorder.file = None


def default_recorder() -> Recorder:
    """Return the recorder that `configure` set, or one with default settings."""
    if _recorder is None:
        configure()
    return _recorder  # type: ignore[return-value]


def _discarded(record: dict[str, Any]) -> None:
    """A sink that keeps nothing."""

"""What a trace and a step have in common: values, clock, error, chunks, and the place in the context."""

import time
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from contextlib import suppress
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Any, Self


_current: ContextVar["Part | None"] = ContextVar("trainspec_trace", default=None)


class Part:
    """A trace or a step, while it is open."""

    __slots__ = (
        "_chunk_room",
        "_chunks",
        "_input",
        "_output",
        "_token",
        "attributes",
        "early",
        "ended",
        "error",
        "lost",
        "model",
        "prompt_version",
        "started",
        "trace",
    )
    trace: Any  # the `Trace` that it is or belongs to
    _chunk_room: int
    _input: Any

    def __init__(self, model: object, prompt_version: object, attributes: dict[str, Any]) -> None:
        self.model, self.prompt_version = model, prompt_version
        self.attributes: Any = attributes
        self.error: str | None = None
        self.lost: dict[Lost, None] | None = None
        self.started = self.ended = 0
        self.early = False
        self._output: Any = None
        self._chunks: list[Any] | None = None
        self._token: Token[Part | None] | None = None

    def take(self, value: object, name: str, room: int | None = None) -> tuple[Any, int]:
        """Return a snapshot of a value, and how much of the trace's budget it used."""
        trace = self.trace
        limit = trace.recorder.value_characters if room is None else room
        copy, lost, used = snapshot(value, limit if limit < trace.room else max(trace.room, 0))
        trace.room -= used
        if lost:
            self.lost = (self.lost or {}) | {(kind, f"{name}: {detail}"): None for kind, detail in lost}
        return copy, used

    def add(self, chunk: object) -> None:
        """Add a chunk to the output."""
        if self._chunks is None:
            self._chunks, self._chunk_room = [], self.trace.recorder.value_characters
        copy, used = self.take(chunk, "chunks", max(self._chunk_room, 0))
        if self._chunk_room > 0:
            self._chunks.append(copy)
        self._chunk_room -= used + VALUE_COST

    def stream(self, chunks: Iterable[Any]) -> Iterator[Any]:
        """Yield chunks, and record those that were consumed as the output, joined if they are texts."""
        try:
            for chunk in chunks:
                self.add(chunk)
                yield chunk
        except GeneratorExit:
            self.stopped_early()
            raise

    async def astream(self, chunks: AsyncIterable[Any]) -> AsyncIterator[Any]:
        """Yield asynchronous chunks, as `stream` does."""
        try:
            async for chunk in chunks:
                self.add(chunk)
                yield chunk
        except GeneratorExit:
            self.stopped_early()
            raise

    def stopped_early(self) -> None:
        """Note that the consumer wants no more chunks."""
        self.early = True

    def taken(self) -> Any:
        """Return the recorded output."""
        if self._output is None and self._chunks:
            texts = all(type(each) is str for each in self._chunks)
            return "".join(self._chunks) if texts else self._chunks
        return self._output

    def enter(self) -> None:
        """Make this the parent of the steps that start from now on, in this thread or task."""
        self._token = _current.set(self)

    def leave(self) -> None:
        """Undo `enter`."""
        token, self._token = self._token, None
        if token is not None:
            with suppress(ValueError):  # a generator that is closed in another context than the one that started it
                _current.reset(token)

    def open(self) -> None:
        """Start the clock. Never raises."""
        try:
            self._open()
        except Exception as error:
            report("a trace or a step is not started", error_text(error))

    def close(self, error: BaseException | None = None) -> None:
        """Stop the clock, and note the error; a consumer that stops early is none. Never raises."""
        self.ended = time.perf_counter_ns()
        if error is not None and not isinstance(error, GeneratorExit):
            self.error = error_text(error)
        try:
            self._close(error)
        except Exception as failed:
            report("a trace is lost", error_text(failed))

    def record(self) -> dict[str, Any]:
        """Return the part in the form of `trainspec.dev/trace/v1`."""
        raise NotImplementedError

    def _open(self) -> None:
        raise NotImplementedError

    def _close(self, error: BaseException | None) -> None:
        raise NotImplementedError

    def _noted(self) -> dict[str, Any] | None:
        """Return the attributes as they are now."""
        if not isinstance(self.attributes, dict):
            report("`attributes` are not a dict")
            self.attributes = {}
        noted = {**self.attributes, "stopped_early": True} if self.early else self.attributes
        return self.take(noted, "attributes")[0] if noted else None

    def __enter__(self) -> Self:
        self.open()
        self.enter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.leave()
        self.close(error)


def current() -> Part | None:
    """Return the step, or else the trace, that is open in this thread or task."""
    return _current.get()


def bound(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function for a thread of a pool: its steps belong to the step that is open now."""
    parent = _current.get()

    def call(*args: Any, **kwargs: Any) -> Any:
        token = _current.set(parent)
        try:
            return function(*args, **kwargs)
        finally:
            _current.reset(token)

    return call

"""The query of a user with its steps."""

import itertools
import os
import time
from typing import Any



class Trace(Part):
    """A query of a user. Set `answer` before the block ends; `intent`, `model` and the others too, once known."""

    __slots__ = ("id", "intent", "missed", "numbers", "process", "recorder", "room", "session", "start", "steps")

    def __init__(
        self,
        query: object,
        recorder: Recorder,
        session: object = None,
        intent: object = None,
        model: object = None,
        prompt_version: object = None,
        id: object = None,  # noqa: A002
        attributes: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(model, prompt_version, attributes or {})
        self.trace = self
        self.recorder, self.room = recorder, recorder.trace_characters
        self.session, self.intent, self.id = session, intent, name_of(id) or os.urandom(16).hex()
        self.steps: list[Part] = []
        self.numbers, self.missed, self.process = itertools.count(1), 0, os.getpid()
        self._input = self.take(query, "query")[0]

    @property
    def answer(self) -> Any:
        """The answer as it was when it was set."""
        return self.taken()

    @answer.setter
    def answer(self, value: object) -> None:
        self._output = self.take(value, "answer")[0]

    def _open(self) -> None:
        self.start, self.started = time.time_ns(), time.perf_counter_ns()

    def _close(self, error: BaseException | None) -> None:
        if self.process == os.getpid():  # a forked child leaves the trace to its parent
            self.recorder.write(self.record())

    def record(self) -> dict[str, Any]:
        """Return the trace in the form of `trainspec.dev/trace/v1`."""
        parts = sorted(self.steps, key=lambda each: each.started)
        steps = [each.record() for each in parts]
        intents = [each["output"] for each in steps if each["kind"] == "intent" and isinstance(each.get("output"), str)]
        models = {each["model"] for each in steps if "model" in each}
        made: dict[str, Any] = {"schema": SCHEMA, "id": self.id, "source": SOURCE} | present(
            session=name_of(self.session),
            started=time_of(self.start),
            milliseconds=round((self.ended - self.started) / 1e6, 3),
            query=self._input,
            answer=self.taken(),
            error=self.error,
            intent=name_of(self.intent if self.intent is not None or not intents else intents[0]),
            model=name_of(self.model) or (models.pop() if len(models) == 1 else None),
            prompt_version=name_of(self.prompt_version),
            attributes=self._noted(),
        )
        lost = [loss("no-query", "")] if self._input is None else []
        lost += [loss("no-answer", "")] if not {"answer", "error"} & made.keys() else []
        lost += [loss("no-detail", "", f"{self.missed} more steps")] if self.missed else []
        lost += [loss(kind, "", detail) for kind, detail in self.lost or ()]
        for part, step in zip(parts, steps, strict=True):
            lost += step_losses(step, part.lost or ())
        return made | {"steps": steps, "losses": lost}

"""One call of a component."""

import time
from collections.abc import Callable
from typing import Any


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

"""What an application calls: `record` a query, and its `step`s."""

from typing import Any



def record(
    query: object = None,
    *,
    session: object = None,
    intent: object = None,
    model: object = None,
    prompt_version: object = None,
    id: object = None,  # noqa: A002
    **attributes: Any,
) -> Trace:
    """Return a query to be recorded by `with`; its line is written when the block ends, also by an error.

    `model` is `name/revision`. `id` is a random number by default. Further arguments are attributes of the trace.
    """
    return Trace(query, default_recorder(), session, intent, model, prompt_version, id, attributes)


def step(
    component: object,
    input: object = None,  # noqa: A002
    *,
    kind: str = "other",
    parent: object = None,
    model: object = None,
    prompt_version: object = None,
    **attributes: Any,
) -> Step:
    """Return one call of a component to be recorded by `with`, or a decorator that records each call of a function.

    `kind` is `intent`, `retrieval`, `tool`, `model`, `agent`, `chain` or `other`. `parent` is the step or trace that it
    belongs to, by default the innermost that is open in this thread or task. Further arguments are attributes.
    """
    above = parent if isinstance(parent, Part) else None
    if above is not parent:
        report("`parent` is not a step or trace, and is ignored")
    return Step(component, input, kind, above, model, prompt_version, attributes)
