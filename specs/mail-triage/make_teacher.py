"""Make the teacher of this spec from SmolLM2-135M, by a few minutes of fine-tuning on labelled mails.

    python specs/mail-triage/make_teacher.py [MODELS]

`MODELS` is the folder of models (default: the user's cache); the teacher is `mail-sorter-135m/1` in it.
A team already has its teacher; this one replaces a larger model, so that the plan runs on a small machine.
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

BASE, TEACHER = "smollm2-135m-instruct/0.1.2", "mail-sorter-135m/1"
HERE = Path(__file__).resolve().parent


def main() -> int:
    """Train the teacher and copy it to the models folder, unless it exists."""
    models = Path(sys.argv[1] if len(sys.argv) > 1 else cache_folder() / "models").resolve()
    target = models / TEACHER
    if target.is_dir():
        print(f"`{TEACHER}` already exists: {target}")
        return 0
    fetch_model(BASE, models)
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.yaml"
        config.write_text(yaml.safe_dump(stage(HERE / "data" / "teacher-train.jsonl")), encoding="utf-8")
        places = {"MODELS": models, "DATA": HERE / "data", "OUTPUTS": Path(folder)}
        environment = os.environ | {f"TRAINSPEC_{name}": str(path) for name, path in places.items()}
        environment["TRAINSPEC_TERMINATION_LOG"] = str(Path(folder) / "termination.json")
        command = [sys.executable, "-m", "runtime", str(config)]
        code = subprocess.run(command, env=environment, check=False).returncode  # noqa: S603
        if code == 0:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(Path(folder) / "teacher" / "model", target)
    return code


def stage(rows: Path) -> dict[str, object]:
    """Return the config of the training, as in a plan."""
    content = rows.read_bytes()
    block = {"path": rows.name, "shape": "prompt-completion", "rows": content.count(b"\n")}
    return {
        "schema": "trainspec.dev/stage/v1",
        "plan": "teacher",
        "stage": "sft",
        "method": "sft",
        "output": "teacher",
        "seed": 42,
        "model": {"path": BASE, "adapters": [], "dtype": "float32", "trust_remote_code": False},
        "data": [{**block, "sha256": hashlib.sha256(content).hexdigest()}],
        "peft": None,
        "trainer": {
            "learning_rate": 5e-5,
            "max_steps": 30,
            "per_device_train_batch_size": 8,
            "max_length": 256,
            "lr_scheduler_type": "linear",
            "warmup_steps": 3,
            "save_strategy": "no",
        },
    }


if __name__ == "__main__":
    sys.exit(main())
