"""Generated files are in step with what they are generated from."""

import json
from pathlib import Path
from typing import get_args

from trl_table import fields_of, trl_table

from compiler.spec.methods import METHODS
from compiler.spec.methods.trainer_fields import RUNTIME_FIELDS, trl_fields

ROOT = Path(__file__).parent.parent.parent


def test_the_table_of_trainer_fields_is_that_of_the_installed_trl(update_golden: bool) -> None:
    path = ROOT / "compiler" / "spec" / "methods" / "trl_fields.json"
    text = json.dumps(trl_table(), indent=1, sort_keys=True) + "\n"
    if update_golden:
        path.write_text(text, encoding="utf-8")
    assert json.loads(path.read_text(encoding="utf-8")) == json.loads(text)


def test_fields_of_the_runtime_exist() -> None:
    known = set().union(*trl_fields().values())
    assert RUNTIME_FIELDS.keys() <= known


def test_the_fields_of_ppo_are_those_of_the_runtimes_own_config() -> None:
    from runtime.train.ppo.config import PPOConfig

    assert trl_fields()["PPOConfig"] == fields_of(PPOConfig)
    assert {each.field for each in METHODS["ppo"].defaults} <= fields_of(PPOConfig).keys()


def test_the_compiler_refuses_what_the_runtime_refuses() -> None:
    from runtime.train.trainer_args import RESERVED

    assert set(RESERVED) <= RUNTIME_FIELDS.keys()


def test_fields_that_a_method_sets_itself_are_the_same_for_both() -> None:
    from runtime.contract.training_stages import TrainingStage

    owned = {
        method: set(stage.OWNED)
        for stage in TrainingStage.__subclasses__()
        for method in get_args(stage.model_fields["method"].annotation)
    }
    owned["grpo"] |= {"reward_weights"}  # `train_grpo` refuses it
    assert {row.name: set(row.owned) for row in METHODS.values() if row.owned} == {m: f for m, f in owned.items() if f}
    assert all(row.owned.keys() <= trl_fields()[row.trl_config].keys() for row in METHODS.values() if row.owned)


def test_ranges_are_of_fields_that_exist_and_hold_every_default() -> None:
    from compiler.spec.methods.trainer_fields import ABOVE_ZERO, AT_LEAST, AT_MOST, missed_range

    numbers = {
        name for fields in trl_fields().values() for name, kinds in fields.items() if {"int", "float"} & set(kinds)
    }
    assert {*ABOVE_ZERO, *AT_LEAST, *AT_MOST} <= numbers
    rows = METHODS.values()
    defaults = [each for row in rows for each in (*row.defaults, *((row.full_rate,) if row.full_rate else ()))]
    assert {each.field: each.value for each in defaults if missed_range(each.field, each.value)} == {}


def test_every_code_of_the_runtime_can_be_explained() -> None:
    from compiler.diagnostics import CODES
    from runtime.contract.errors import EXIT_CODES

    assert set(EXIT_CODES) <= CODES.keys()


def test_jobs_never_retry_what_the_runtime_calls_hopeless() -> None:
    import re

    from runtime.contract.exit_codes import ExitCode

    text = (ROOT / "templates" / "kubernetes" / "job.yaml.j2").read_text(encoding="utf-8")
    found = re.search(r"values: \[(.*)\]", text)
    assert found
    hopeless = set(ExitCode) - {ExitCode.OK, ExitCode.UNAVAILABLE, *(ExitCode(code) for code in (70, 74, 75, 79))}
    assert {int(code) for code in found[1].split(",")} == {int(code) for code in hopeless}
