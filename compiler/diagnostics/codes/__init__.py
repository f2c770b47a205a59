"""All diagnostic codes, one module per family. A code is never reused."""

from compiler.diagnostics.codes import chk, clu, pln, rnd, run, run_local, run_settings, sel, spc, yml
from compiler.diagnostics.codes.row import Code

FAMILIES = (
    yml.TABLE,
    spc.TABLE,
    chk.TABLE,
    sel.TABLE,
    pln.TABLE,
    rnd.TABLE,
    clu.TABLE,
    run.TABLE | run_settings.TABLE,
    run_local.TABLE,
)

CODES: dict[str, Code] = {name: row for table in FAMILIES for name, row in table.items()}

__all__ = ["CODES", "FAMILIES", "Code"]
