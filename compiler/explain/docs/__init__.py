"""Generated manual pages: each file with the function that returns its text."""

from collections.abc import Callable

from compiler.explain import diagnostics as manual
from compiler.explain.docs import rules, spec

PAGES: dict[str, Callable[[], str]] = {
    "diagnostics.md": manual.page,
    "rules.md": rules.page,
    "spec.md": spec.page,
}
