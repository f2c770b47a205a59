"""`trainspec init`: write a first spec from flags or from answers on a terminal, without overwriting files."""

import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from compiler.cli.exit_codes import ExitCode
from compiler.cli.init.answers import NEEDED, SPECS, Given, UnusableError, checked, completed
from compiler.cli.init.git_files import write_git_files
from compiler.cli.init.texts import DATA_NOTES, EVIDENCE_NOTES, PROFILE, PROFILE_TEXT, Answers, spec_text
from compiler.diagnostics import has_errors
from runtime.contract.data.file_formats import ending_of


def init_spec(given: Given) -> ExitCode:
    """Write `specs/<name>` from the flags (None if not given), and prompt for the rest on a terminal."""
    missing = [flag for field, flag in NEEDED.items() if given[field] is None]
    if missing and not _on_a_terminal():
        print(f"`trainspec init` needs {', '.join(missing)} if it does not run on a terminal", file=sys.stderr)
        return ExitCode.USAGE
    try:
        complete = completed(given) if missing else given
        answers = checked({**complete, "metric": complete["metric"] or "exact_match"})
        return _write(answers)
    except UnusableError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return ExitCode.USAGE
    except OSError as error:
        where = f" `{error.filename}`" if error.filename else ""
        print(f"error: cannot write{where}: {(error.strerror or str(error)).lower()}", file=sys.stderr)
        return ExitCode.ERRORS


def _on_a_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _write(answers: Answers) -> ExitCode:
    """Build the new folder next to its final location, check that it compiles, and only then move it there."""
    from compiler.cli.report import report
    from compiler.explain.docs.json_schema import FILES, text
    from compiler.pipeline.phases import make_plan
    from compiler.render.review import verdict

    written = _write_shared({f"schema/{name}": text(kind) for name, kind in FILES.items()})
    folder = SPECS / answers.name
    staged = Path(tempfile.mkdtemp(prefix=f".{answers.name}.new-", dir=SPECS))
    try:
        names = _fill(staged, answers)
        outcome = make_plan(staged / "spec.yaml", str(folder / "spec.yaml"))
        report(outcome.diagnostics, "text")
        if outcome.value is None or has_errors(outcome.diagnostics):
            print(f"`{folder}` was not written: fix the errors above, then run `trainspec init` again", file=sys.stderr)
            for path in written:
                Path(path).unlink()
            return ExitCode.ERRORS
        staged.chmod(0o755)
        staged.rename(folder)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    for name in (*written, *(str(folder / name) for name in names), *write_git_files(Path())):
        print(f"wrote {name}")
    print(f"\n{verdict(outcome.value)}\n\nnext: trainspec explain {folder}, then trainspec compile {folder}")
    return ExitCode.OK


def _write_shared(schemas: Mapping[str, str]) -> list[str]:
    """Write missing schemas, and a profile if none exists; return the paths written."""
    profiles = SPECS / "clusters"
    files = schemas if any(profiles.glob("*.yaml")) else {**schemas, f"clusters/{PROFILE}.yaml": PROFILE_TEXT}
    written = []
    for name, text in files.items():
        path = SPECS / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.write_text(text, encoding="utf-8")
            written.append(str(path))
    return written


def _fill(folder: Path, answers: Answers) -> list[str]:
    """Write the spec's files into a folder; return their names."""
    texts = {
        "spec.yaml": spec_text(answers),
        "data/README.md": DATA_NOTES,
        "evidence/README.md": EVIDENCE_NOTES.format(metric=answers.metric, model=answers.model),
    }
    for name, content in texts.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, encoding="utf-8")
    files = {"badcases": answers.badcases, "evaluation": answers.evaluation}
    copied = [f"data/{purpose}{ending_of(file)}" for purpose, file in files.items() if file is not None]
    for name, file in zip(copied, (file for file in files.values() if file is not None), strict=True):
        shutil.copyfile(file, folder / name)
    return [*texts, *copied]
