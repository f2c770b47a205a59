"""The console of tables: as wide as the terminal, or 80 columns for pipes and logs."""

import os

from rich.console import Console

PLAIN_WIDTH = 80


def table_console() -> Console:
    """Return a console on stdout; the variable `COLUMNS` sets the width where it is no terminal."""
    console = Console(highlight=False)
    if console.is_terminal:
        return console
    columns = os.environ.get("COLUMNS", "")
    return Console(highlight=False, width=int(columns) if columns.isdecimal() and int(columns) else PLAIN_WIDTH)
