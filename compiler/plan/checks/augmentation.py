"""Checks of an augmentation: who writes, and settings of its costs that have no effect."""

from collections.abc import Iterator

from compiler.diagnostics import Diagnostic, diagnostic
from compiler.plan.model import Plan


def writer_of_augmentation(plan: Plan) -> Iterator[Diagnostic]:
    """Report that the base model writes the rows from which it would learn: no teacher is named."""
    body = plan.inputs.spec.spec
    if body.teacher is None and any(stage.method == "augment" for stage in plan.pending):
        message = f"there is no `teacher`, so `{body.model.path}` itself writes the questions and answers of `augment`"
        hint = "add `teacher`, a stronger model; without one, read the share of answerable questions in its report"
        yield diagnostic("PLN420", message, plan.inputs.document.at(("spec", "model"), key=True), hint=hint)


def prices_without_use(plan: Plan) -> Iterator[Diagnostic]:
    """Report a limit of money where no endpoint has a price, and the price of a teacher without an endpoint."""
    body, document = plan.inputs.spec.spec, plan.inputs.document
    teacher, own = body.teacher, body.augmentation
    if teacher is not None and teacher.price is not None and teacher.endpoint is None:
        where = document.at(("spec", "teacher", "price"), key=True)
        message = "`teacher.price` is set, but the teacher has no endpoint: the plan uses its weights"
        yield diagnostic("PLN403", message, where, hint="remove it")
    prices = [each.price for each in (teacher, body.serving) if each is not None and each.price is not None]
    if own is not None and own.max_usd is not None and not prices:
        where = document.at(("spec", "augmentation", "maxUsd"), key=True)
        message = "`augmentation.maxUsd` is set, but no endpoint has a `price`, so its calls are free"
        yield diagnostic("PLN403", message, where, hint="add `teacher.price` or `serving.price`, or limit `maxCalls`")
