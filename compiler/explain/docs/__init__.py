"""The manual pages that are generated: a table of files, each with the function that gives its text."""

from collections.abc import Callable

from compiler.explain import diagnostics as manual
from compiler.explain.docs import rules, spec

PAGES: dict[str, Callable[[], str]] = {
    "diagnostics.md": manual.page,
    "rules.md": rules.page,
    "spec.md": spec.page,
}
