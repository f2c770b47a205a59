"""Execution accuracy: equal and different results, and hostile queries, which can do nothing."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.waiting import ends_by_itself

from runtime.scoring.sandbox.sql import SqlJudge, database_scripts, extract_sql, same_result

SCRIPT = """
CREATE TABLE city (id INTEGER PRIMARY KEY, name TEXT, area REAL, country TEXT);
INSERT INTO city VALUES (1, '北京', 16410.5, 'cn'), (2, 'Paris', 105.4, 'fr'), (3, 'Lyon', 47.9, 'fr');
"""


@pytest.fixture
def scripts(tmp_path: Path) -> list[Path]:
    (tmp_path / "map.sql").write_text(SCRIPT, encoding="utf-8")
    (tmp_path / "map.2.sql").write_text(SCRIPT.replace("47.9", "247.9"), encoding="utf-8")
    (tmp_path / "map_2.sql").write_text("", encoding="utf-8")
    return database_scripts(tmp_path, "map")


@pytest.fixture(scope="module")
def judge() -> Iterator[SqlJudge]:
    with SqlJudge() as opened:
        yield opened


@pytest.mark.parametrize(
    ("answer", "sql"),
    [
        ("SELECT 1", "SELECT 1"),
        ("  SELECT a\nFROM b ; SELECT 2", "SELECT a\nFROM b"),
        ("Here it is:\n```sql\nSELECT 1;\n```\nIt works.", "SELECT 1"),
        ("```\nSELECT 1\n```", "SELECT 1"),
        ("```SQL SELECT 1", "SELECT 1"),
        ("SELECT 1\n\nThis query selects one.", "SELECT 1"),
        ("```sql\n```", ""),
        ("", ""),
    ],
)
def test_extract_sql(answer: str, sql: str) -> None:
    assert extract_sql(answer) == sql


def test_scripts_are_the_instances_of_one_database(scripts: list[Path], tmp_path: Path) -> None:
    assert [path.name for path in scripts] == ["map.2.sql", "map.sql"]
    assert database_scripts(tmp_path, "../map") == []


@pytest.mark.parametrize(
    ("gold", "predicted", "right"),
    [
        ("SELECT name FROM city", "SELECT name FROM city ORDER BY id DESC", True),
        ("SELECT name FROM city ORDER BY id", "SELECT name FROM city ORDER BY id DESC", False),
        ("SELECT name, id FROM city", "SELECT id, name FROM city", True),
        ("SELECT name, name FROM city", "SELECT name, country FROM city", False),
        ("SELECT count(*) FROM city", "SELECT 3.0", True),
        ("SELECT count(*) FROM city", "SELECT '3'", False),
        ("SELECT avg(area) FROM city", "SELECT sum(area) / 3 FROM city", True),
        ("SELECT country FROM city", "SELECT DISTINCT country FROM city", False),
        ("SELECT id FROM city WHERE name = '北京'", "SELECT id FROM city WHERE area > 16000", True),
        # Right on one instance, wrong on the other: only chance made it look right.
        ("SELECT name FROM city WHERE country = 'fr' AND area > 100", "SELECT name FROM city WHERE id = 2", False),
    ],
)
def test_judge(judge: SqlJudge, scripts: list[Path], gold: str, predicted: str, right: bool) -> None:
    verdict = judge.judge(scripts, gold, predicted)
    assert (verdict.right, verdict.gold_error) == (right, "")


BUSY = pytest.mark.slow  # until it is ended
HOSTILE = [
    "DROP TABLE city",
    "DELETE FROM city",
    "UPDATE city SET name = 'x'",
    "INSERT INTO city VALUES (9, 'x', 1, 'x')",
    "CREATE TABLE x (y)",
    "ATTACH DATABASE '/tmp/trainspec-attack.db' AS x",
    "VACUUM INTO '/tmp/trainspec-attack.db'",
    "PRAGMA table_info(city)",
    "SELECT load_extension('x')",
    "SELECT 1; DROP TABLE city",
    "BEGIN",
    "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT n FROM t",
    pytest.param("WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t", marks=BUSY),
    "SELECT randomblob(1000000000)",
    "SELECT group_concat(a.name) FROM city a, city b, city c, city d, city e, city f, city g, city h, city i, city j",
    pytest.param("SELECT printf('%.*c', 900000000, 'x')", marks=BUSY),
    "SELECT hex(zeroblob(900000)) FROM city a, city b, city c, city d, city e, city f, city g",
    "SELECT " + "(" * 5000 + "1" + ")" * 5000,
    "SELECT \0 FROM city",
    "SELECT",
    "",
    "not sql",
]


@pytest.mark.parametrize("attack", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_query_is_only_wrong(judge: SqlJudge, scripts: list[Path], attack: str) -> None:
    with ends_by_itself("a hostile query"):
        verdict = judge.judge(scripts, "SELECT name FROM city", attack)
    assert not verdict.right
    assert not verdict.gold_error
    assert judge.judge(scripts, "SELECT count(*) FROM city", "SELECT 3").right  # the judge lives, the data is whole
    assert not Path("/tmp/trainspec-attack.db").exists()


def test_a_gold_query_that_fails_has_its_own_error(judge: SqlJudge, scripts: list[Path]) -> None:
    assert "no such table" in judge.judge(scripts, "SELECT 1 FROM gone", None).gold_error
    assert judge.judge(scripts, "SELECT 1", None).right


cells = st.none() | st.integers(-3, 3) | st.text(max_size=2) | st.floats(allow_nan=False, allow_infinity=False)
tables = st.integers(1, 4).flatmap(lambda width: st.lists(st.tuples(*[cells] * width), min_size=1, max_size=6))


@given(tables, st.randoms(use_true_random=False))
def test_order_of_rows_and_columns_does_not_matter_by_default(rows: list[tuple[object, ...]], random: Random) -> None:
    order = list(range(len(rows[0])))
    random.shuffle(order)
    changed = [tuple(row[index] for index in order) for row in rows]
    assert same_result(rows, changed, ordered=True)
    random.shuffle(changed)
    assert same_result(rows, changed, ordered=False)
    assert not same_result(rows, [*changed, changed[0]], ordered=False)
