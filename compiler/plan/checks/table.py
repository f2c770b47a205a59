"""The table of checks of a plan, in running order."""

from collections.abc import Callable, Iterator

from compiler.diagnostics import Diagnostic
from compiler.plan.checks.augmentation import prices_without_use, writer_of_augmentation
from compiler.plan.checks.batches import batches_of_broken_groups, kto_batches_of_one
from compiler.plan.checks.data import few_prompts_of_probe, few_rows, long_rows, rewards_without_answers, unused_sources
from compiler.plan.checks.goal import constrained_decoding, goals_without_measure, guards_without_measure, passing_score
from compiler.plan.checks.limits import cost_over_cap
from compiler.plan.checks.marks import marks_of_both_kinds
from compiler.plan.checks.overrides import overrides_of_rules
from compiler.plan.checks.profile import gpu_for_four_bits, names_of_services, whole_models_for_ppo
from compiler.plan.checks.prompts import (
    budgets_below_one_round,
    money_without_price,
    probes_of_another_prompt,
    prompts_without_file,
)
from compiler.plan.checks.trainer import adapters_of_output_layers, settings_that_cannot_work, values_beyond_recipes
from compiler.plan.checks.unused_settings import (
    adapter_of_full_tuning,
    ask_settings_without_use,
    kueue_settings_without_queue,
    marker_without_chains,
    replay_without_general_text,
    sharding_of_one_gpu,
    topology_of_one_node,
)
from compiler.plan.model import Plan

PLAN_CHECKS: tuple[Callable[[Plan], Iterator[Diagnostic]], ...] = (
    cost_over_cap,
    overrides_of_rules,
    unused_sources,
    few_rows,
    few_prompts_of_probe,
    long_rows,
    rewards_without_answers,
    whole_models_for_ppo,
    gpu_for_four_bits,
    names_of_services,
    batches_of_broken_groups,
    kto_batches_of_one,
    marks_of_both_kinds,
    settings_that_cannot_work,
    adapters_of_output_layers,
    values_beyond_recipes,
    adapter_of_full_tuning,
    replay_without_general_text,
    marker_without_chains,
    ask_settings_without_use,
    sharding_of_one_gpu,
    topology_of_one_node,
    kueue_settings_without_queue,
    writer_of_augmentation,
    prices_without_use,
    prompts_without_file,
    budgets_below_one_round,
    money_without_price,
    probes_of_another_prompt,
    goals_without_measure,
    guards_without_measure,
    passing_score,
    constrained_decoding,
)
