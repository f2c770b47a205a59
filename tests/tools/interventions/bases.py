"""Base models on the disk, by the digest of the code that makes them; never committed."""

import hashlib
import os
from pathlib import Path

from tools.interventions.pretraining import pretrained, specialised
from transformers import LlamaForCausalLM

HERE = Path(__file__).parent
# what the measured figures depend on; the choices and the table may change without running anything again
MAKERS = (
    *("words.py", "habits.py", "training.py", "pretraining.py", "applications.py", "answering.py", "systems.py"),
    *("learning.py", "interventions.py", "worth.py", "evidence.py", "bases.py", "measuring.py"),
)
_PRETRAIN = MAKERS[:4]
STUDENT = {"width": 72, "layers": 2, "steps": 600}


def digest_of(names: tuple[str, ...] = MAKERS) -> str:
    found = hashlib.sha256()
    for name in names:
        found.update((HERE / name).read_bytes())
    return found.hexdigest()


def base(seed: int, topic: str) -> LlamaForCausalLM:
    """The base model of a world, which went on with one family of tasks."""
    general = lambda: _kept(f"base-{seed}", lambda: pretrained(seed))  # noqa: E731
    return _kept(f"base-{seed}-{topic}", lambda: specialised(general(), seed, topic))


def student(seed: int) -> LlamaForCausalLM:
    """A model of a seventh of its size, pre-trained on the same world for a shorter time."""
    return _kept(f"student-{seed}", lambda: pretrained(seed, **STUDENT))


def _kept(name: str, make) -> LlamaForCausalLM:
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "trainspec" / "interventions"
    folder = cache / f"{name}-{digest_of(_PRETRAIN)[:16]}"
    if not folder.exists():
        model = make()
        model.save_pretrained(folder.with_suffix(".part"))
        folder.with_suffix(".part").rename(folder)
    return LlamaForCausalLM.from_pretrained(folder, dtype="float32").eval()
