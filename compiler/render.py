"""Render phase: a plan becomes files. Templates hold structure, `yaml_scalar.quote` every value, and what was rendered
is read back and compared with what was meant before anything is written.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from compiler import __version__
from compiler.bundle import RenderedBundle, RenderedFile
from compiler.defaults import BACKOFF_LIMIT, GRACE_SECONDS
from compiler.diagnostics import Diagnostic, Location, Outcome, diagnostic
from compiler.load import compose
from compiler.plan_model import Plan, Stage
from compiler.review import review_context
from compiler.selection.rules import RULES_VERSION
from compiler.yaml_scalar import block, key, quote


def render(plan: Plan) -> Outcome[RenderedBundle]:
    """Every file of the plan folder; a value that does not read back as it was meant is an error."""
    found: list[Diagnostic] = []
    files = [
        RenderedFile(name="PLAN.md", text=_environment().get_template("review/PLAN.md.j2").render(review_context(plan)))
    ]
    if plan.stages:
        files += [_checked(name, template, context, found) for name, template, context in _objects(plan, found)]
    bundle = RenderedBundle(files=tuple(sorted(files, key=lambda file: file.name)))
    return Outcome(value=None if found else bundle, diagnostics=tuple(found))


def _objects(plan: Plan, found: list[Diagnostic]) -> Iterator[tuple[str, str, dict[str, object]]]:
    """File name, template and context of each Kubernetes object."""
    common = {"plan": plan, "profile": plan.inputs.profile.spec, "version": __version__, "rules_version": RULES_VERSION}
    names = ["network-policy.yaml", "outputs-claim.yaml"]
    for stage in plan.stages:
        stem = f"{stage.order:02d}-{stage.name}"
        config = _config_text(stage, found)
        yield f"{stem}.config.yaml", "kubernetes/configmap.yaml.j2", common | {"stage": stage, "config": config}
        yield (
            f"{stem}.job.yaml",
            "kubernetes/job.yaml.j2",
            common | {"stage": stage, "backoff": BACKOFF_LIMIT, "grace": GRACE_SECONDS},
        )
        names += [f"{stem}.config.yaml", f"{stem}.job.yaml"]
    yield "network-policy.yaml", "kubernetes/network-policy.yaml.j2", common
    yield "outputs-claim.yaml", "kubernetes/outputs-claim.yaml.j2", common
    yield "kustomization.yaml", "kubernetes/kustomization.yaml.j2", common | {"names": sorted(names)}


def _config_text(stage: Stage, found: list[Diagnostic]) -> str:
    """The stage's config as YAML text, equal to `stage.config` when it is read back."""
    template = f"training/{stage.method}.yaml.j2"
    text = _environment().get_template(template).render(config=stage.config)
    if _read_back(text) != stage.config:
        found.append(_defect(f"{stage.name} config", template))
    return text


def _checked(name: str, template: str, context: dict[str, object], found: list[Diagnostic]) -> RenderedFile:
    """Render one object, and see that each quoted value stands in it, in order, as it was meant."""
    meant: list[object] = []
    environment = _environment()
    text = environment.get_template(template).render(context | {"q": _recording(meant)})
    leaves = iter(_leaves(_read_back(text)))
    if not all(any(_same(value, leaf) for leaf in leaves) for value in meant):
        found.append(_defect(name, template))
    return RenderedFile(name=name, text=text)


def _recording(meant: list[object]):  # type: ignore[no-untyped-def]
    def record(value: object) -> str:
        meant.append(value)
        return quote(value)

    return record


def _same(value: object, leaf: object) -> bool:
    return (type(value) is type(leaf) and value == leaf) or (isinstance(value, str) and value == leaf)


def _leaves(value: object) -> Iterator[object]:
    """Keys and scalars of a document, in its order."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    else:
        yield value


def _read_back(text: str) -> object:
    outcome = compose(text, "rendered")
    return outcome.value.data if outcome.value is not None and outcome.ok else None


def _defect(name: str, template: str) -> Diagnostic:
    hint = "report this with the spec: it is a defect of the compiler"
    return diagnostic(
        "RND501", f"`{name}` does not read back as intended", Location(path=f"templates/{template}"), hint=hint
    )


def templates_folder() -> Path:
    """The templates: inside of the package in a wheel, beside it in a checkout."""
    packaged = Path(__file__).parent / "templates"
    return packaged if packaged.is_dir() else Path(__file__).parent.parent / "templates"


def escape_markdown(value: object) -> str:
    """Text of a spec as one line of Markdown that cannot break a table, start HTML or close a code span."""
    text = " ".join(str(value).split())
    for char, safe in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("|", "&#124;"), ("[", "&#91;"), ("]", "&#93;")):
        text = text.replace(char, safe)
    # an even number of backticks makes code spans of this line alone
    return text if text.count("`") % 2 == 0 else text.replace("`", "&#96;")


@cache
def _environment() -> SandboxedEnvironment:
    environment = SandboxedEnvironment(
        loader=FileSystemLoader(templates_folder()),
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"md": escape_markdown, "block": block}
    environment.globals |= {"q": quote, "key": key}
    return environment
