"""An example of each diagnostic code: data that `trainspec explain` shows and the tests run."""

from compiler.diagnostics.examples import (
    chk,
    clu,
    data,
    judge,
    pln,
    prompts,
    rnd,
    run,
    run_augment,
    run_local,
    run_rewards,
    run_settings,
    run_sources,
    run_template,
    sel,
    spc,
    trc_import,
    trc_triage,
    yml,
)
from compiler.diagnostics.examples.example import Example, Situation

EXAMPLES: dict[str, Example | Situation] = {
    **yml.EXAMPLES,
    **spc.EXAMPLES,
    **chk.EXAMPLES,
    **data.EXAMPLES,
    **sel.EXAMPLES,
    **pln.EXAMPLES,
    **rnd.EXAMPLES,
    **clu.EXAMPLES,
    **run.EXAMPLES,
    **run_rewards.EXAMPLES,
    **run_sources.EXAMPLES,
    **run_augment.EXAMPLES,
    **run_local.EXAMPLES,
    **judge.EXAMPLES,
    **run_template.EXAMPLES,
    **run_settings.EXAMPLES,
    **prompts.EXAMPLES,
    **trc_import.EXAMPLES,
    **trc_triage.EXAMPLES,
}

__all__ = ["EXAMPLES", "Example", "Situation"]
