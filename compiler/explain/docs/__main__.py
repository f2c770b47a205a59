"""`python -m compiler.explain.docs [FOLDER]`: write the generated pages (FOLDER: `docs`)."""

import sys
from pathlib import Path

from compiler.explain.docs import PAGES


def main(folder: Path) -> None:
    """Write every page that has changed."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        path, text = folder / name, page()
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs"))
