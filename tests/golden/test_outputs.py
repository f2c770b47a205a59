"""Golden outputs: what one small plan is rendered as on several nodes, as a JobSet and as a TrainJob.

`outputs/<case>/profile.yaml` is the profile, `outputs/<case>/plan/` what was rendered, without the plan's page and the
configs that are common to all. `--update-golden` rewrites it; the difference is reviewed like code.
"""

from pathlib import Path

import pytest
from conftest import MakeSpec

from compiler.pipeline.phases import compile_spec

HERE = Path(__file__).parent / "outputs"
CASES = sorted(path.name for path in HERE.iterdir())


@pytest.mark.parametrize("case", CASES)
def test_outputs(case: str, make_spec: MakeSpec, update_golden: bool) -> None:
    folder, profile = HERE / case / "plan", (HERE / case / "profile.yaml").read_text(encoding="utf-8")
    outcome = compile_spec(make_spec(profile=profile), "spec.yaml")
    assert outcome.value is not None, outcome.diagnostics
    rendered = {
        file.name: file.text
        for file in outcome.value.bundle.files
        if not file.name.endswith(("PLAN.md", "config.yaml"))
    }
    if update_golden:
        folder.mkdir(exist_ok=True)
        for path in folder.iterdir():
            path.unlink()
        for name, text in rendered.items():
            (folder / name).write_text(text, encoding="utf-8")
    assert rendered == {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
