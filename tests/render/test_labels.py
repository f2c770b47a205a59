"""Labels: the same ones on every object, under keys that are written once."""

import re

import pytest
import yaml
from conftest import PROFILE, MakeSpec

from compiler.pipeline.phases import compile_spec
from compiler.render.templates import templates_folder
from compiler.run.cluster.access import access_text
from compiler.spec import labels
from compiler.spec.inputs import read_profile
from compiler.spec.labels import INSTANCE, PART_OF, plan_labels
from compiler.spec.workloads import OUTPUTS

KEY = re.compile(r"(?:app\.kubernetes\.io|trainspec\.dev)/[a-z][-a-z]*(?![-/a-z0-9])")
SOURCES = templates_folder().parent / "compiler"


def test_every_object_of_a_plan_has_the_labels_of_a_plan(make_spec: MakeSpec) -> None:
    """Those that templates write, and those that are written for a ledger, are the same."""
    for output in OUTPUTS:
        gpu = f"  output: {output}\n  gpu: {{type: H100, nodes: 2, memoryGib: 80}}\n"
        profile = PROFILE.replace("  storage:\n", f"{gpu}  storage:\n")
        outcome = compile_spec(make_spec(profile=profile), "spec.yaml")
        assert outcome.value is not None, outcome.diagnostics
        texts = [file.text for file in outcome.value.bundle.files if file.name.endswith(".yaml")]
        for each in map(yaml.safe_load, texts):
            if each["kind"] != "Kustomization":
                found = each["metadata"]["labels"]
                component = found["app.kubernetes.io/component"]
                assert {name: found.get(name) for name in plan_labels("shop", "")} == plan_labels("shop", component)


def test_every_object_of_access_has_the_labels_that_name_no_plan(make_spec: MakeSpec) -> None:
    profile = read_profile(make_spec().parents[1] / "clusters" / "small.yaml", "small.yaml").value
    assert profile is not None
    text = access_text(profile[1], [], [], ["10.0.0.0/16"]).value
    assert text is not None
    common = {name: value for name, value in plan_labels("", "access").items() if name not in (INSTANCE, PART_OF)}
    for each in yaml.safe_load_all(text):
        assert common.items() <= each["metadata"]["labels"].items(), each["metadata"]["name"]


def test_templates_write_each_key_that_is_read() -> None:
    written = {key for path in templates_folder().rglob("*.j2") for key in KEY.findall(path.read_text("utf-8"))}
    known = {value for value in vars(labels).values() if isinstance(value, str) and KEY.fullmatch(value)}
    assert known - written == {labels.REPORTS, labels.TRIED}  # of objects that have no template


@pytest.mark.parametrize("room", ["plan", "render", "run", "spec"])
def test_no_other_module_writes_a_key(room: str) -> None:
    paths = [path for path in (SOURCES / room).rglob("*.py") if path.name != "labels.py"]
    found = {path.name: KEY.findall(path.read_text("utf-8")) for path in paths}
    assert {name: keys for name, keys in found.items() if keys} == {}
