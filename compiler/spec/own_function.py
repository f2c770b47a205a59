"""A function of the team's own, read without running it: its module parses, defines it, and it can be called."""

import ast
import warnings
from typing import Literal

Kind = Literal["metric", "reward"]
_HINT = {
    "metric": "write it as `def {name}(row, answer):`",
    "reward": "write it as `def {name}(prompts, completions, **columns):`",
}


def function_fault(text: str, relative: str, name: str, kind: Kind) -> tuple[str, str] | None:
    """Return what is wrong with the function `name` in the `text` of the file `relative`, and a hint; None if nothing.

    A name that the module may have from elsewhere (an import, an assignment) is not examined.
    """
    try:
        with warnings.catch_warnings(action="ignore"):
            body = ast.parse(text).body
    except SyntaxError as error:
        return f"`{relative}` is not Python: {error.msg} (line {error.lineno})", "fix the code"
    except (ValueError, RecursionError, MemoryError):
        return f"`{relative}` is not Python that can be read", "fix the code"
    defined = [each for each in ast.walk(ast.Module(body=body, type_ignores=[])) if _may_define(each, name)]
    if not defined:
        return f"`{relative}` defines no `{name}`", _HINT[kind].format(name=name)
    made = [each for each in body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and each.name == name]
    if not made or made[-1].decorator_list or len(defined) > len(made):
        return None
    if fault := _call_fault(made[-1], kind):
        return f"`{name}` of `{relative}` {fault}", _HINT[kind].format(name=name)
    return None


def _may_define(node: ast.AST, name: str) -> bool:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return node.name == name
        case ast.Name(ctx=ast.Store()):
            return node.id == name
        case ast.ImportFrom() | ast.Import():
            return any(each.name == "*" or (each.asname or each.name) == name for each in node.names)
        case ast.Call(func=ast.Name(id="globals" | "exec" | "setattr")):
            return True
    return False


def _call_fault(function: ast.FunctionDef | ast.AsyncFunctionDef, kind: Kind) -> str:
    """Return why the call of a metric (row and answer), or of a reward (all by name), must fail."""
    given = function.args
    positional = [each.arg for each in (*given.posonlyargs, *given.args)]
    needed_by_name = [
        each.arg for each, default in zip(given.kwonlyargs, given.kw_defaults, strict=True) if not default
    ]
    if isinstance(function, ast.AsyncFunctionDef):
        return "is asynchronous, and its call returns no score"
    if kind == "metric":
        needed = len(positional) - len(given.defaults)
        if needed > 2 or needed_by_name or (len(positional) < 2 and given.vararg is None):
            return "is called with a row and an answer, but takes other arguments"
        return ""
    return "" if given.kwarg else "gets all columns of the rows by name, but takes no `**columns`"
