"""The claims of `docs/gitops.md` and the workflows, tested as far as possible without Argo CD, Flux and GitHub."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from lupa.lua51 import LuaRuntime
from support.gitops_page import PAGE, ROOT, blocks, files, lay_down

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yaml"))
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")
KEY = "resource.customizations.health."


def health(kind: str, obj: dict[str, Any]) -> tuple[str, str]:
    """Run the page's health check on an object, with the libraries that Argo CD allows to scripts."""
    (config,) = (
        found for text in blocks() for found in yaml.safe_load_all(text) if "argocd-cm" in str(found.get("metadata"))
    )
    (script,) = (text for name, text in config["data"].items() if name.startswith(KEY) and name.endswith(f"_{kind}"))
    lua = LuaRuntime(register_eval=False)
    for library in ("string", "math", "io", "os", "debug", "coroutine"):
        lua.globals()[library] = None
    lua.globals()["obj"] = lua.table_from(obj, recursive=True)
    found = lua.execute(script)
    return found["status"], found["message"]


def having(*conditions: tuple[str, str], suspend: bool | None = None) -> dict[str, Any]:
    """Return an object with conditions, each a type and a status."""
    spec = {} if suspend is None else {"suspend": suspend}
    entries = [{"type": name, "status": status, "message": f"{name} is {status}"} for name, status in conditions]
    return {"spec": spec, "status": {"conditions": entries}}


@pytest.mark.parametrize(("kind", "complete"), [("JobSet", "Completed"), ("TrainJob", "Complete")])
def test_argo_cd_learns_the_health_of_a_kind(kind: str, complete: str) -> None:
    cases = [
        ({"spec": {}}, "Progressing"),
        ({"spec": {"suspend": True}}, "Suspended"),
        ({"spec": {}, "status": {}}, "Progressing"),
        ({"spec": {}, "status": {"conditions": []}}, "Progressing"),
        (having(("Suspended", "True"), suspend=True), "Suspended"),
        (having(("Suspended", "False"), suspend=False), "Progressing"),
        (having((complete, "False"), ("Failed", "False")), "Progressing"),
        (having(("Suspended", "False"), (complete, "True"), suspend=False), "Healthy"),
        (having((complete, "True"), ("Failed", "False")), "Healthy"),
        (having(("Failed", "True")), "Degraded"),
        (having(("Failed", "True"), suspend=True), "Degraded"),
        (having(("StartupPolicyCompleted", "True")), "Progressing"),
    ]
    assert [(obj, health(kind, obj)[0]) for obj, _ in cases] == cases
    assert health(kind, having(("Failed", "True"))) == ("Degraded", "Failed is True")
    assert health(kind, having((complete, "True"))) == ("Healthy", f"{complete} is True")


def test_every_manifest_of_the_page_is_yaml() -> None:
    found = [each for text in blocks() for each in yaml.safe_load_all(text)]
    kinds = {each["kind"] for each in found if "kind" in each}
    assert kinds == {"Kustomization", "Application", "ConfigMap", "GitRepository"}


@pytest.mark.parametrize(
    "text", [path.read_text(encoding="utf-8") for path in WORKFLOWS] + [files()[".github/workflows/plans.yaml"]]
)
def test_workflows_are_pinned_and_may_do_little(text: str) -> None:
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {"contents": "read"}
    used = [step["uses"] for job in workflow["jobs"].values() for step in job["steps"] if "uses" in step]
    assert used
    assert [name for name in used if not PINNED.fullmatch(name)] == []
    for job in workflow["jobs"].values():
        checkouts = [step for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@")]
        assert all(step["with"]["persist-credentials"] is False for step in checkouts)
        # what comes from outside reaches a script through the environment only
        assert not any("${{" in step.get("run", "") for step in job["steps"])


def test_the_digest_is_read_from_the_plan_as_the_page_does() -> None:
    (line,) = (each.strip() for each in files()[".github/workflows/plans.yaml"].splitlines() if "digest=$(" in each)
    script = f'PLAN=specs/nl2sql/plan; {line}; echo "$digest"'
    done = subprocess.run(["bash", "-ec", script], capture_output=True, text=True, cwd=ROOT, check=True)
    assert re.fullmatch(r"[0-9a-f]{64}\n", done.stdout)
    assert done.stdout[:16] in (ROOT / "specs/nl2sql/plan/PLAN.md").read_text(encoding="utf-8")


def test_overlays_take_jobs_out_or_suspend_them(tmp_path: Path) -> None:
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed")
    without, suspended = (built(folder) for folder in lay_down(tmp_path))
    assert {each["kind"] for each in without} == {"ConfigMap", "NetworkPolicy", "PersistentVolumeClaim"}
    jobs = [each for each in suspended if each["kind"] == "Job"]
    assert len(jobs) == 6
    assert all(each["spec"]["suspend"] is True for each in jobs)


def built(folder: Path) -> list[dict[str, Any]]:
    done = subprocess.run(["kubectl", "kustomize", str(folder)], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return list(yaml.safe_load_all(done.stdout))


def test_links_of_the_page_lead_to_its_headings() -> None:
    headings = {
        re.sub(r"[^\w\- ]", "", title).lower().replace(" ", "-") for title in re.findall(r"^## (.+)$", PAGE, re.M)
    }
    assert set(re.findall(r"\]\(#([\w-]+)\)", PAGE)) <= headings
