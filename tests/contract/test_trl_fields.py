"""Generated files match their sources."""

import json
from pathlib import Path

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


def test_fields_that_a_method_sets_itself_exist() -> None:
    from runtime.contract.methods import OWNED

    assert all(fields.keys() <= trl_fields()[METHODS[name].trl_config].keys() for name, fields in OWNED.items())


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
    from compiler.diagnostics.codes import CODES
    from runtime.contract.errors import EXIT_CODES

    assert set(EXIT_CODES) <= CODES.keys()


def test_jobs_never_retry_permanent_errors_of_the_runtime() -> None:
    import yaml

    from runtime.contract.exit_codes import ExitCode

    job = yaml.safe_load(next(ROOT.glob("specs/nl2sql/plan/*.job.yaml")).read_text(encoding="utf-8"))
    rule = next(each for each in job["spec"]["podFailurePolicy"]["rules"] if each["action"] == "FailJob")
    worth_it = {ExitCode.INTERNAL, ExitCode.IO_ERROR, ExitCode.TRY_LATER, ExitCode.GROUP_ENDED}
    hopeless = set(ExitCode) - {ExitCode.OK, ExitCode.UNAVAILABLE, *worth_it}
    assert set(rule["onExitCodes"]["values"]) == {int(code) for code in hopeless}
