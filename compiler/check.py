"""Check phase: what a schema cannot say. Pure: everything was read before."""

from collections.abc import Callable, Iterator

from compiler.datafiles import DataFile
from compiler.diagnostics import Diagnostic, Outcome, diagnostic, has_errors
from compiler.inputs import Inputs
from compiler.schema.v1alpha1 import Purpose, Shape
from compiler.trainer_fields import check_trainer

FITTING_SHAPES: dict[Purpose, tuple[Shape, ...]] = {
    Purpose.DEMONSTRATIONS: (Shape.PROMPT_COMPLETION, Shape.MESSAGES),
    Purpose.PREFERENCES: (Shape.PREFERENCE, Shape.UNPAIRED_PREFERENCE),
    Purpose.BADCASES: (Shape.BADCASE,),
    Purpose.EVALUATION: (Shape.EVALUATION,),
    Purpose.CORPUS: (Shape.TEXT,),
}


def check(inputs: Inputs) -> Outcome[Inputs]:
    """The inputs as they came, with everything that does not make sense in them."""
    found = tuple(problem for checked in CHECKS for problem in checked(inputs))
    return Outcome(value=None if has_errors(found) else inputs, diagnostics=found)


def names_are_unique(inputs: Inputs) -> Iterator[Diagnostic]:
    """Data sources and prompt rounds are told apart by name."""
    body = inputs.spec.spec
    for path, names in (
        (("spec", "data"), [source.name for source in body.data]),
        (("spec", "prompt", "rounds"), [each.name for each in body.prompt.rounds]),
    ):
        for index, name in enumerate(names):
            if name in names[:index]:
                where = inputs.document.at((*path, index, "name"))
                yield diagnostic("CHK206", f"name `{name}` is used twice", where, hint="rename one of the two")


def shapes_fit(inputs: Inputs) -> Iterator[Diagnostic]:
    """A source's shape is one that its purpose can use."""
    for index, source in enumerate(inputs.spec.spec.data):
        fitting = FITTING_SHAPES[source.purpose]
        if source.shape not in fitting:
            options = " or ".join(f"`{shape}`" for shape in fitting)
            message = f"shape `{source.shape}` does not fit purpose `{source.purpose}`"
            yield diagnostic(
                "CHK205", message, inputs.document.at(("spec", "data", index, "shape")), hint=f"use {options}"
            )


def pairs_are_usable(inputs: Inputs) -> Iterator[Diagnostic]:
    """A source of pairs holds at least one whose two sides differ."""
    for index, source in enumerate(inputs.spec.spec.data):
        file = inputs.files[source.name]
        if source.shape in (Shape.PREFERENCE, Shape.BADCASE) and not file.answered and file.unanswered < file.rows:
            message = f"data source `{source.name}` has no usable pair: both sides are the same in every row"
            hint = "give each row a wrong answer that differs from the right one"
            yield diagnostic("CHK214", message, inputs.document.at(("spec", "data", index)), hint=hint)


def training_and_evaluation_are_apart(inputs: Inputs) -> Iterator[Diagnostic]:
    """No prompt and no cluster is both trained on and evaluated on (rule D14)."""
    sources = list(enumerate(inputs.spec.spec.data))
    held_out = [(index, source) for index, source in sources if source.purpose is Purpose.EVALUATION]
    trained = [source for _, source in sources if source.purpose not in (Purpose.EVALUATION, Purpose.CORPUS)]
    for index, source in held_out:
        for other in trained:
            shared = _shared(inputs.files[source.name], inputs.files[other.name])
            if shared:
                message = f"`{other.name}` and evaluation `{source.name}` share {shared}"
                hint = "split by cluster, then remove the shared rows from the training side"
                yield diagnostic("CHK210", message, inputs.document.at(("spec", "data", index)), hint=hint)


def _shared(one: DataFile, other: DataFile) -> str:
    prompts, clusters = len(one.prompts & other.prompts), len(one.clusters & other.clusters)
    parts = [f"{prompts} prompts"] * bool(prompts) + [f"{clusters} clusters"] * bool(clusters)
    return " and ".join(parts)


def trainer_fields_are_known(inputs: Inputs) -> Iterator[Diagnostic]:
    """Overrides use fields of the pinned TRL."""
    training = inputs.spec.spec.training
    for method, overrides in (("sft", training.sft), ("dpo", training.dpo)):
        if overrides is not None:
            yield from check_trainer(
                method, overrides.trainer, ("spec", "training", method, "trainer"), inputs.document
            )


def image_is_pinned(inputs: Inputs) -> Iterator[Diagnostic]:
    """The profile's image is named by digest."""
    name, at, digest = inputs.profile.spec.image.partition("@sha256:")
    if not at or not name or name.split() != [name] or len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
        where = inputs.profile_document.at(("spec", "image"))
        yield diagnostic(
            "CHK212",
            "the image is not pinned by digest",
            where,
            hint="write it as `name@sha256:` and 64 hexadecimal digits",
        )


def secrets_keep_out_of_the_runtime(inputs: Inputs) -> Iterator[Diagnostic]:
    """A secret does not take the place of a variable that rendered Jobs set, nor changes the interpreter."""
    for index, secret in enumerate(inputs.profile.spec.secrets):
        if secret.env.startswith(("TRAINSPEC_", "PYTHON", "LD_")) or secret.env in (
            "HOME",
            "PATH",
            "HF_HOME",
            "HF_HUB_OFFLINE",
        ):
            where = inputs.profile_document.at(("spec", "secrets", index, "env"))
            yield diagnostic(
                "CHK209", f"variable `{secret.env}` is set by rendered Jobs", where, hint="use another name"
            )


CHECKS: tuple[Callable[[Inputs], Iterator[Diagnostic]], ...] = (
    names_are_unique,
    shapes_fit,
    pairs_are_usable,
    training_and_evaluation_are_apart,
    trainer_fields_are_known,
    image_is_pinned,
    secrets_keep_out_of_the_runtime,
)
