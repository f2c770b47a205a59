"""The `trainspec` command: arguments in, exit codes out. What commands do is in `commands.py` and behind it.

Help lists the commands in the order of these modules.
"""

from compiler.cli import specs, runs, project, admin  # noqa: F401, I001 - each adds its commands
from compiler.cli.options import Format, app

__all__ = ["Format", "app"]
