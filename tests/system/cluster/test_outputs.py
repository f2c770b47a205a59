"""An API server with the definitions of the operators accepts all rendered objects in a dry run."""

import subprocess
import uuid
from pathlib import Path

import pytest
from conftest import MakeSpec

from compiler.pipeline.phases import compile_spec

TESTS = Path(__file__).parents[2]
CASES = sorted(path.name for path in (TESTS / "golden" / "outputs").iterdir())


@pytest.mark.parametrize("case", CASES)
def test_the_server_accepts_every_object_and_refuses_an_unknown_field(
    case: str, kubectl: list[str], make_spec: MakeSpec, tmp_path: Path
) -> None:
    namespace = f"outputs-{uuid.uuid4().hex[:8]}"
    profile = (TESTS / "golden" / "outputs" / case / "profile.yaml").read_text(encoding="utf-8")
    spec = make_spec(profile=profile.replace("namespace: training", f"namespace: {namespace}"))
    outcome = compile_spec(spec, "spec.yaml")
    assert outcome.value is not None, outcome.diagnostics
    plan = tmp_path / "rendered"
    plan.mkdir()
    for file in outcome.value.bundle.files:
        (plan / file.name).write_text(file.text, encoding="utf-8")
    subprocess.run([*kubectl, "create", "namespace", namespace], capture_output=True, check=True)
    try:
        apply = [*kubectl, "apply", "--server-side", "--dry-run=server", "--validate=strict", "-k", str(plan)]
        done = subprocess.run(apply, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        rendered = [path for path in plan.glob("*.yaml") if path.name != "kustomization.yaml"]
        assert len(done.stdout.splitlines()) == len(rendered)

        trained = next(path for path in sorted(plan.glob("02-sft.*.yaml")) if "config" not in path.name)
        trained.write_text(trained.read_text(encoding="utf-8").replace("\nspec:\n", "\nspec:\n  nodez: 2\n"))
        refused = subprocess.run(apply, capture_output=True, text=True, check=False)
        assert refused.returncode != 0
        assert "nodez" in refused.stderr
    finally:
        subprocess.run([*kubectl, "delete", "namespace", namespace, "--wait=false"], capture_output=True, check=False)
