"""Make the teacher and the student of this spec from SmolLM2-135M.

    python specs/parcel-address/make_teacher.py [MODELS]

Both are fine-tuned on the labelled addresses, the student for fewer steps, and written to `MODELS` (default: the user's
cache). A team already has its models; these replace a large and a small one, so that the plan runs on a small machine.
They have the same size because a smaller student does not learn to copy in minutes: six layers of the teacher's base,
trained for 100 steps, fell into endless phrases when distilled on their own answers.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from runtime.fetch import cache_folder, fetch_model

# model to make, base model, training steps
MADE = {
    "address-splitter-135m/1": ("smollm2-135m-instruct/0.1.2", 50),
    "address-splitter-early/1": ("smollm2-135m-instruct/0.1.2", 6),
}
HERE = Path(__file__).resolve().parent


def main() -> int:
    """Make the models that the folder lacks; return the exit code of the training that failed, or 0."""
    models = Path(sys.argv[1] if len(sys.argv) > 1 else cache_folder() / "models").resolve()
    for name, (base, steps) in MADE.items():
        if (models / name).is_dir():
            print(f"`{name}` already exists: {models / name}")
        elif code := make(name, base, steps, models):
            return code
    return 0


def make(name: str, base: str, steps: int, models: Path) -> int:
    """Train one model and copy it to the models folder."""
    fetch_model(base, models)
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.yaml"
        config.write_text(yaml.safe_dump(stage(base, steps)), encoding="utf-8")
        places = {"MODELS": models, "DATA": HERE / "data", "OUTPUTS": Path(folder)}
        environment = os.environ | {f"TRAINSPEC_{name}": str(path) for name, path in places.items()}
        environment["TRAINSPEC_TERMINATION_LOG"] = str(Path(folder) / "termination.json")
        command = [sys.executable, "-m", "runtime", str(config)]
        code = subprocess.run(command, env=environment, check=False).returncode  # noqa: S603
        if code == 0:
            (models / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(Path(folder) / "made" / "model", models / name)
    return code


def stage(base: str, steps: int) -> dict[str, object]:
    """Return the config of a training, as in a plan."""
    rows = HERE / "data" / "teacher-train.jsonl"
    content = rows.read_bytes()
    block = {"path": rows.name, "shape": "prompt-completion", "rows": content.count(b"\n")}
    return {
        "schema": "trainspec.dev/stage/v1",
        "plan": "made",
        "stage": "sft",
        "method": "sft",
        "output": "made",
        "seed": 42,
        "model": {"path": base, "adapters": [], "dtype": "float32", "trust_remote_code": False},
        "data": [{**block, "sha256": hashlib.sha256(content).hexdigest()}],
        "peft": None,
        "trainer": {
            "learning_rate": 2e-4,
            "max_steps": steps,
            "per_device_train_batch_size": 8,
            "max_length": 256,
            "lr_scheduler_type": "linear",
            "warmup_steps": 3,
            "save_strategy": "no",
        },
    }


if __name__ == "__main__":
    sys.exit(main())
