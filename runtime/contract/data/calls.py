"""Calls of tools, and the tools themselves, as OpenAI, LLaMA-Factory and Arrow write them, in the native form."""

from typing import Any

from runtime.contract.data.faults import Fault, RefusedError
from runtime.contract.data.shown import shown
from runtime.contract.data.structures import json_in
from runtime.contract.data.turns import CALL_HINT, TOOLS_HINT

_VALUES = ("default", "const", "example")  # keys of JSON Schema whose value may be null


def native_calls(value: Any, place: str, *, padded: bool) -> Any:
    """Return the calls of a turn in the native form; what is no call stays, for the check of turns.

    `padded` says that a table has added the keys of other rows, which are null. RefusedError for text that is not JSON.
    """
    calls = (
        json_in(value, place, "is text that is not a list of calls in JSON", CALL_HINT)
        if isinstance(value, str)
        else value
    )
    calls = [calls] if isinstance(calls, dict) else calls
    if not isinstance(calls, list):
        return calls
    return [native_call(call, f"{place}[{at}]", padded=padded) for at, call in enumerate(calls)]


def native_call(value: Any, place: str, *, padded: bool) -> Any:
    """Return one call in the native form, with its arguments as an object."""
    call = json_in(value, place, "is text that is not a call in JSON", CALL_HINT) if isinstance(value, str) else value
    if not isinstance(call, dict):
        return call
    outer = {key: each for key, each in call.items() if not _is_missing(each) and key != "index"}
    if "function" not in outer and "name" in outer:
        function = {key: outer.pop(key) for key in ("name", "arguments", "parameters") if key in outer}
        outer = {"type": "function", **outer, "function": function}
        inner_place = place
    else:
        inner_place = f"{place}.function"
    if not isinstance(outer.get("function"), dict):
        return outer
    function = {key: each for key, each in outer["function"].items() if not _is_missing(each)}
    if "arguments" not in function:
        function["arguments"] = function.pop("parameters", {})
    function["arguments"] = _arguments(function["arguments"], f"{inner_place}.arguments", padded=padded)
    return outer | {"function": function}


def native_tools(value: Any, place: str) -> Any:
    """Return the tools of a row in the native form; what is no tool stays, for the check of tools."""
    tools = [value] if isinstance(value, dict) else value
    if not isinstance(tools, list):
        return tools
    return [_native_tool(tool, f"{place}[{at}]") for at, tool in enumerate(tools)]


def is_padded_schema(value: Any) -> bool:
    """Return whether a table has added null keys to a schema, in which only `default` and the like may be null."""
    if isinstance(value, dict):
        return any(
            is_padded_schema(each) if each is not None else key not in _VALUES
            for key, each in value.items()
            if key not in ("enum", "examples")
        )
    return isinstance(value, list) and any(is_padded_schema(each) for each in value)


def without_nulls(value: Any) -> Any:
    """Return a value without the keys that are null, at any depth."""
    if isinstance(value, dict):
        return {key: without_nulls(each) for key, each in value.items() if each is not None}
    return [without_nulls(each) for each in value] if isinstance(value, list) else value


def _native_tool(value: Any, place: str) -> Any:
    tool = json_in(value, place, "is text that is not a tool in JSON", TOOLS_HINT) if isinstance(value, str) else value
    if isinstance(tool, dict) and is_padded_schema(tool):
        tool = without_nulls(tool)
    if not isinstance(tool, dict):
        return tool
    if "function" not in tool and "name" in tool and tool.get("type", "function") == "function":
        tool = {"type": "function", "function": {key: each for key, each in tool.items() if key != "type"}}
    function = tool.get("function")
    if isinstance(function, str):
        function = json_in(function, f"{place}.function", "is text that is not a function in JSON", TOOLS_HINT)
    if isinstance(function, dict) and isinstance(function.get("parameters"), str):
        parameters = json_in(
            function["parameters"],
            f"{place}.function.parameters",
            "is text that is not a schema in JSON",
            TOOLS_HINT,
        )
        function = function | {"parameters": parameters}
    return tool | {"function": function} if function is not None else tool


def _arguments(value: Any, place: str, *, padded: bool) -> Any:
    if value in ("", None):
        return {}
    if isinstance(value, str):
        arguments = json_in(value, place, "is text that is not an object in JSON", CALL_HINT)
        if not isinstance(arguments, dict):
            raise RefusedError(Fault(place, "is text that is not an object in JSON", shown(value), CALL_HINT))
        return arguments
    return without_nulls(value) if padded else value


def _is_missing(value: object) -> bool:
    """Return whether a table has no value here: null, or NaN of pandas."""
    return value is None or value != value
