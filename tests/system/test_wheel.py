"""A wheel, installed outside of the checkout, checks and compiles a spec, and names the extras that it lacks."""

import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.xdist_group("wheel")
def test_an_installed_wheel_checks_and_compiles(tmp_path: Path) -> None:
    built = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path / "dist"), str(ROOT)]
    subprocess.run(built, check=True, capture_output=True, cwd=tmp_path)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    constraints = ROOT / "runtime" / "constraints.txt"
    install = [python, "-m", "pip", "install", "--quiet", "--constraint", constraints, wheel]
    subprocess.run(install, check=True, capture_output=True, cwd=tmp_path)
    recorder = (
        "import trainspec_trace, trainspec_trace.otlp, sys; print(sorted({'pydantic', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([python, "-c", recorder], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert done.stdout == "[]\n"
    for name in ("clusters", "nl2sql"):
        shutil.copytree(ROOT / "specs" / name, tmp_path / "specs" / name)
    committed = {path.name: path.read_bytes() for path in (tmp_path / "specs" / "nl2sql" / "plan").iterdir()}
    shutil.rmtree(tmp_path / "specs" / "nl2sql" / "plan")
    trainspec = tmp_path / "venv" / "bin" / "trainspec"
    for command in ("check", "compile"):
        done = subprocess.run([trainspec, command, "specs"], capture_output=True, text=True, cwd=tmp_path, check=False)
        assert done.returncode == 0, done.stderr
    compiled = {path.name: path.read_bytes() for path in (tmp_path / "specs" / "nl2sql" / "plan").iterdir()}
    assert compiled == committed
    done = subprocess.run([trainspec, "status", "specs"], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 4
    assert "trainspec[cluster]" in done.stderr
    runtime = tmp_path / "venv" / "bin" / "trainspec-runtime"
    done = subprocess.run([runtime, "run", "c.yaml"], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert "trainspec[runtime]" in done.stderr
