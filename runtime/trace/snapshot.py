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
