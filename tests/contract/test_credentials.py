"""Nothing that is rendered, collected or documented here holds a credential."""

from pathlib import Path

import pytest

from runtime.contract import credentials

ROOT = Path(__file__).parent.parent.parent
COMMITTED = [
    path
    for pattern in ("specs/*/plan/*", "specs/*/evidence/*", "specs/*/*.yaml", "specs/clusters/*", "docs/*.md", "*.md")
    for path in sorted(ROOT.glob(pattern))
    if path.is_file()
]


def test_no_committed_file_holds_what_the_table_knows() -> None:
    assert len(COMMITTED) > 250
    held = {str(path): [each.name for each in credentials.credentials_in(read(path))] for path in COMMITTED}
    assert {path: names for path, names in held.items() if names} == {}


@pytest.mark.slow
def test_no_committed_file_holds_what_another_scanner_knows() -> None:
    """By the plugins of detect-secrets that go by shape; those that go by entropy take every digest for a secret."""
    from detect_secrets.core import scan
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
    from detect_secrets.settings import transient_settings

    plugins = [
        {"name": plugin.__name__}
        for plugin in get_mapping_from_secret_type_to_class().values()
        if "Entropy" not in plugin.__name__ and plugin.__name__ != "KeywordDetector"
    ]
    assert len(plugins) > 15
    with transient_settings({"plugins_used": plugins}):
        held = [
            f"{path}: {each.type}"
            for path in COMMITTED
            for line in read(path).splitlines()
            for each in scan.scan_line(line)
        ]
        assert list(scan.scan_line("AKIA" + "Q7R2" * 4)), "the scanner finds nothing at all"
    assert held == []


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
