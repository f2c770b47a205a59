"""Render the files of a plan from templates.

Templates contain the structure, and `quote` writes every value. Each rendered text is read back (`read_back.py`) and
compared with the intended values before anything is written.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from jinja2 import FileSystemLoader, StrictUndefined, Template, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment

from compiler import __version__
from compiler.diagnostics import Diagnostic, Location, Outcome, diagnostic
from compiler.plan.model import Plan, Stage
from compiler.render.bundle import RenderedBundle, RenderedFile
from compiler.render.egress import egress_of, secrets_of
from compiler.render.read_back import Holes, reads_as, reads_back
from compiler.render.recorder import recorder_text
from compiler.render.review import review_context
from compiler.render.workload import workload_files
from compiler.selection.rules import RULES_VERSION
from compiler.spec.workloads import OUTPUTS
from compiler.spec.yaml.quote import is_literal, key, mapping, quote
from runtime.contract.credentials import credentials_in
from runtime.contract.exit_codes import NEVER_RETRY
from runtime.contract.exit_codes import ExitCode as StageExit

# per Job: how many pods may fail before the Job fails, and the seconds that a pod has to stop
BACKOFF_LIMIT = 3
GRACE_SECONDS = 120


# exit codes of a stage that its Job handles
_EXITS: dict[str, object] = {
    "never_retry": [int(code) for code in NEVER_RETRY],
    "group_ended": int(StageExit.GROUP_ENDED),
}


def render(plan: Plan) -> Outcome[RenderedBundle]:
    """Return every file of the plan folder.

    A value that does not read back as intended is an error.
    """
    found: list[Diagnostic] = []
    files = [RenderedFile(name="PLAN.md", text=_template("review/PLAN.md.j2").render(review_context(plan)))]
    files += [RenderedFile(name=each, text=recorder_text()) for each in plan.selection.attached]
    if plan.stages:
        files += [render_object(name, template, context, found) for name, template, context in _objects(plan, found)]
    found += [problem for file in files for problem in _credentials(file, plan)]
    bundle = RenderedBundle(files=tuple(sorted(files, key=lambda file: file.name)))
    return Outcome(value=None if found else bundle, diagnostics=tuple(found))


def _objects(plan: Plan, found: list[Diagnostic]) -> Iterator[tuple[str, str, dict[str, object]]]:
    """Yield the file name, template and context of each Kubernetes object."""
    common = {"plan": plan, "profile": plan.inputs.profile.spec, "version": __version__, "rules_version": RULES_VERSION}
    names = ["network-policy.yaml", "outputs-claim.yaml"]
    gpu = plan.inputs.profile.spec.gpu
    gpus = gpu.count if gpu else 0
    for stage in plan.stages:
        stem = f"{stage.order:02d}-{stage.name}"
        config = _config_text(stage, found)
        yield f"{stem}.config.yaml", "kubernetes/configmap.yaml.j2", common | {"stage": stage, "config": config}
        job = _EXITS | {"stage": stage, "gpus": stage.gpus(gpus), "backoff": BACKOFF_LIMIT, "grace": GRACE_SECONDS}
        job["secrets"] = secrets_of(stage, plan.inputs.profile.spec)
        workload = workload_files(stage, plan.inputs.profile.spec)
        for part, template in workload.templates.items():
            yield f"{stem}.{part}.yaml", template, common | job | workload.context
        if not stage.finished:  # finished stages are not applied again
            names += [f"{stem}.config.yaml", *(f"{stem}.{part}.yaml" for part in workload.templates)]
    yield "network-policy.yaml", "kubernetes/network-policy.yaml.j2", common
    spread = [stage.name for stage in plan.pending if stage.nodes > 1]
    if spread:
        names.append("nodes-policy.yaml")
        yield "nodes-policy.yaml", "kubernetes/nodes-policy.yaml.j2", common | {"stages": spread}
    for each in egress_of(plan):
        names.append(each.file)
        yield each.file, "kubernetes/egress-policy.yaml.j2", common | {"egress": each}
    yield "outputs-claim.yaml", "kubernetes/outputs-claim.yaml.j2", common
    sort_options = OUTPUTS[plan.inputs.profile.spec.output].sort_options if plan.trains else ""
    listed = {"names": sorted(names), "sort_options": sort_options}
    yield "kustomization.yaml", "kubernetes/kustomization.yaml.j2", common | listed


def _config_text(stage: Stage, found: list[Diagnostic]) -> str:
    """Return the stage's config as YAML text that reads back as `stage.config`."""
    text = mapping(stage.config)
    if not reads_as(text, stage.config):
        found.append(_defect(f"{stage.name} config", "kubernetes/configmap.yaml.j2"))
    return text


def render_object(name: str, template: str, context: dict[str, object], found: list[Diagnostic]) -> RenderedFile:
    """Render one object and read it back.

    A difference from the intended values is appended to `found`.
    """
    holes = Holes()
    skeleton = _template(template).render(
        context | {"q": holes.quote, "key": holes.key, "word": holes.key, "block": holes.block}
    )
    text = holes.fill(skeleton)
    if not reads_back(text, skeleton, holes.values):
        found.append(_defect(name, template))
    return RenderedFile(name=name, text=text)


def _credentials(file: RenderedFile, plan: Plan) -> Iterator[Diagnostic]:
    """Yield a diagnostic for each credential in a file.

    The check of the sources misses credentials with escapes.
    """
    for each in credentials_in(file.text):
        secret = file.text[each.start : each.end]
        where = next(
            (place for document in plan.inputs.documents for place in document.where(secret)),
            plan.inputs.document.at(()),
        )
        yield diagnostic("CHK245", f"`{file.name}` would contain what looks like {each.name}", where)


def _defect(name: str, template: str) -> Diagnostic:
    hint = "report this with the spec: it is a defect in the compiler"
    return diagnostic(
        "RND501", f"`{name}` does not read back as intended", Location(path=f"templates/{template}"), hint=hint
    )


def templates_folder() -> Path:
    """Return the folder of templates: inside the package in a wheel, next to it in a checkout."""
    packaged = Path(__file__).parent.parent / "templates"
    return packaged if packaged.is_dir() else Path(__file__).parent.parent.parent / "templates"


_MARKUP = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;", "[": "&#91;", "]": "&#93;"}
_BLOCK = re.compile(r"#{1,6}(\s|$)|~~~|```")  # at the start of a line: a heading, or a fence that hides the next lines
_ANY_MARKUP = re.compile(r"[&<>|\[\]`]")


def escape_markdown(value: object) -> str:
    """Return a spec's text as one safe line of Markdown.

    It cannot break a table, start HTML or close a code span.
    """
    text = " ".join(str(value).split())
    if _BLOCK.match(text):
        text = f"\\{text}"
    if _ANY_MARKUP.search(text) is None:
        return text
    for char, safe in _MARKUP.items():
        text = text.replace(char, safe)
    # an even number of backticks makes code spans that end on this line
    return text if text.count("`") % 2 == 0 else text.replace("`", "&#96;")


def as_code(value: object) -> str:
    """Return a value as JSON in a code span, which the value cannot close."""
    text = json.dumps(value, ensure_ascii=False).replace("`", "\\u0060")
    return f"`{text}`"


def as_python(value: object) -> str:
    """Return a text as a Python literal on one line, which does not end a block of code in Markdown."""
    return json.dumps(str(value), ensure_ascii=False).replace("`", "\\u0060")


@pass_context
def _block(context: Context, text: str, indent: int) -> str:
    """The template filter `block`, which leaves a hole as `q` does."""
    return str(context["block"](text, indent))


def _template(name: str) -> Template:
    return _environment().get_template(name)


@cache
def _environment() -> SandboxedEnvironment:
    environment = SandboxedEnvironment(
        loader=FileSystemLoader(templates_folder()),
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"md": escape_markdown, "code": as_code, "python": as_python, "block": _block}
    environment.tests |= {"literal": is_literal}
    environment.globals |= {"q": quote, "key": key, "word": key}
    return environment
