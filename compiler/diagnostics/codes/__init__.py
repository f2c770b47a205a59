"""All diagnostic codes, one module per family. A code is never reused."""

from compiler.diagnostics.codes import (
    chk,
    chk_data,
    clu,
    pln,
    prompts,
    rnd,
    run,
    run_augment,
    run_local,
    run_rewards,
    run_scoring,
    run_settings,
    run_sources,
    run_template,
    sel,
    spc,
    trc_import,
    trc_triage,
    yml,
)
from compiler.diagnostics.codes.row import Code

FAMILIES = (
    yml.TABLE,
    spc.TABLE,
    chk.TABLE,
    chk_data.TABLE,
    sel.TABLE,
    pln.TABLE,
    rnd.TABLE,
    clu.TABLE,
    run.TABLE,
    run_settings.TABLE,
    run_template.TABLE,
    run_scoring.TABLE,
    run_rewards.TABLE,
    run_sources.TABLE,
    run_augment.TABLE,
    run_local.TABLE,
    prompts.TABLE,
    trc_import.TABLE,
    trc_triage.TABLE,
)

CODES: dict[str, Code] = {name: row for table in FAMILIES for name, row in table.items()}

__all__ = ["CODES", "FAMILIES", "Code"]
