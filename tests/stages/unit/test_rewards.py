"""Rewards from the user's view: scores of answers, refused settings, and limits of reward code."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runtime.contract.blocks import DataBlock, RewardBlock
from runtime.contract.errors import StageError
from runtime.contract.exit_codes import ExitCode
from runtime.contract.volumes import Volumes
from runtime.data.rows import Source
from runtime.scoring.preflight.probes import HACKS
from runtime.scoring.rewards import process
from runtime.scoring.rewards.library import functions
from runtime.scoring.rewards.rows import reward_prompts, score_texts
from runtime.scoring.rewards.scorer import Scorer

CALL = '{"name": "weather", "arguments": {"city": "北京", "days": 3}}'
SCHEMA = {"type": "object", "required": ["total"], "properties": {"total": {"type": "integer"}}}
# attempts of a malicious function; each returns 1 on success
ATTEMPTS = """
import os, signal, socket, subprocess
from pathlib import Path

HERE = Path(__file__).parent

def attempt(action):
    def function(completions, **columns):
        try:
            action()
            return [1.0] * len(completions)
        except OSError:
            return [0.0] * len(completions)
    return function

connect = attempt(lambda: socket.socket())
unix = attempt(lambda: socket.socket(socket.AF_UNIX))
write = attempt(lambda: (HERE / "written.txt").write_text("x"))
empty = attempt(lambda: (HERE / "data.txt").open("w").close())
remove = attempt(lambda: (HERE / "data.txt").unlink())
rename = attempt(lambda: (HERE / "data.txt").rename(HERE / "moved.txt"))
folder = attempt(lambda: (HERE / "folder").mkdir())
start = attempt(lambda: subprocess.run(["true"]))
fork = attempt(lambda: os.fork() or os._exit(0))
kill = attempt(lambda: os.kill(os.getppid(), 0))
read = attempt(lambda: (HERE / "data.txt").read_text())
secret = lambda completions, **columns: [float("SECRET_KEY" in os.environ)] * len(completions)
"""
OWN = """
import math, os, sys, time
from helpers import vowels

import numpy

def share(prompts, completions, **columns):
    print("noise on stdout")
    return [vowels(text) / 10 for text in completions]

def turns(prompts, completions, **columns):
    return [float(prompt[-1]["role"] == "user" and turn[0]["content"] == "好") for prompt, turn in zip(prompts, completions)]

def right(prompts, completions, reference, level, **columns):
    return [None if each is None else float(text == wanted) for text, wanted, each in zip(completions, reference, level)]

def array(completions, **columns):
    return numpy.linspace(0, 1, len(completions))

def raises(completions, **columns):
    return [1 / (len(text) - 3) for text in completions]

def nan(completions, **columns):
    return [math.nan for _ in completions]

def infinite(completions, **columns):
    return [-math.inf for _ in completions]

def short(completions, **columns):
    return [1.0]

def text(completions, **columns):
    return ["1.0" for _ in completions]

def number(completions, **columns):
    return 1.0

def hangs(completions, **columns):
    while True:
        pass

def greedy(completions, **columns):
    return [float(len(bytearray(3 << 30))) for _ in completions]

def exits(completions, **columns):
    os._exit(0)

constant = 3
"""


@pytest.fixture
def volumes(tmp_path: Path) -> Volumes:
    """A data volume with functions, a schema and the databases of a bank."""
    data = tmp_path / "data"
    (data / "databases").mkdir(parents=True)
    (data / "own.py").write_text(OWN, encoding="utf-8")
    (data / "helpers.py").write_text("def vowels(text):\n    return sum(map(text.count, 'aeiou'))\n", encoding="utf-8")
    (data / "sly.py").write_text(ATTEMPTS, encoding="utf-8")
    (data / "data.txt").write_text("kept", encoding="utf-8")
    (data / "schema.json").write_text(json.dumps(SCHEMA), encoding="utf-8")
    for number, rows in enumerate(("(1,'安'),(2,'b')", "(7,'c')")):
        script = f"CREATE TABLE account(id INT, name TEXT); INSERT INTO account VALUES {rows};"
        (data / "databases" / f"bank.{number}.sql").write_text(script, encoding="utf-8")
    return Volumes(models=tmp_path, data=data, outputs=tmp_path)


def term(use: str, weight: float = 1.0, **options: Any) -> RewardBlock:
    return RewardBlock(use=use, weight=weight, options=options)


def scored(volumes: Volumes, block: RewardBlock, texts: list[Any], **columns: Any) -> list[float | None]:
    with Scorer([block], volumes) as scorer:
        return scorer.score(["asked"] * len(texts), texts, columns)[0]


def refused(
    volumes: Volumes, *blocks: RewardBlock, texts: tuple[str, ...] = ("abcd", "abc"), **columns: Any
) -> StageError:
    with pytest.raises(StageError) as caught, Scorer(list(blocks), volumes) as scorer:
        scorer.total(["asked"] * len(texts), texts, columns)
    assert caught.value.exit_code in (ExitCode.BAD_DATA, ExitCode.BAD_CONFIG, ExitCode.NO_INPUT)  # never retried
    return caught.value


@pytest.mark.parametrize(
    ("block", "reference", "answers"),
    [
        (term("exact_match"), "Paris", {"Paris": 1, " Paris\n": 1, "paris": 0, "": 0, "It is Paris": 0}),
        (term("exact_match", after="Answer:"), "是", {"想。Answer: 是": 1, "是": 0, "Answer: 是 Answer: 否": 0}),
        (term("numeric_answer"), "1,200.50", {"The total is 1200.5": 1, "1200": 0, "none": 0, "": 0}),
        (
            term("numeric_answer"),
            "56",
            {
                "29 + 27 = 56": 1,
                "-2 + 58 is 56.": 1,
                "29 + 27": 0,  # has the value, and is the question
                "29 + 27 =": 0,
                "What is 7 × 8?": 0,
                "7 \\times 8": 0,
                "29 + 27 = 54": 0,
            },
        ),
        (term("numeric_answer"), "1/2", {"0.5": 1, "$\\frac{1}{2}$": 1, "2/4": 1}),
        (term("numeric_answer", after="####"), "42", {"7 × 6 #### 42": 1, "42": 0, "#### 41": 0}),
        (
            term("tool_call"),
            CALL,
            {
                CALL: 1,
                '<tool_call>{"arguments": {"days": 3.0, "city": "北京"}, "name": "weather"}</tool_call>': 1,
                CALL.replace("3", "4"): 0,
                CALL.replace("weather", "time"): 0,
                "call the weather tool": 0,
            },
        ),
        (
            term("json_schema", schema="schema.json"),
            None,
            {'{"total": 3}': 1, '{"total": "3"}': 0, "{": 0, "[" * 9999: 0},
        ),
        (term("regex", pattern=r"^\d{3}$"), None, {"123": 1, "1234": 0, "a": 0}),
        (term("regex", pattern="^ok$", after=":"), None, {"so:ok": 1, "ok": 0}),
        (term("length", least=4, most=8), None, {"": 0, "ab": 0.5, "abcd": 1, "a" * 8: 1, "a" * 12: 0.5, "a" * 99: 0}),
        (term("length", most=2, unit="tokens"), None, {"ab": 1, "abc": 0.5, "abcdef": 0}),
        (
            term("sql_execution", databases="databases"),
            "SELECT id FROM account",
            {
                "SELECT a.id FROM account AS a": 1,
                "```sql\nselect id from account;\n```": 1,
                "SELECT id FROM account WHERE id < 3": 0,  # right on one instance only
                "DROP TABLE account": 0,
                "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n) SELECT count(*) FROM n": 0,
            },
        ),
    ],
    ids=lambda value: value.use if isinstance(value, RewardBlock) else None,
)
def test_what_answers_score(
    volumes: Volumes, block: RewardBlock, reference: str | None, answers: dict[str, float]
) -> None:
    texts = list(answers)
    columns = {"reference": [reference] * len(texts), "database": ["bank"] * len(texts)}
    columns["completion_ids"] = [list(range(len(text))) for text in texts]  # type: ignore[misc]
    assert dict(zip(texts, scored(volumes, block, texts, **columns), strict=True)) == answers
    turns = [[{"role": "assistant", "content": text}] for text in texts]
    assert scored(volumes, block, turns, **columns) == list(answers.values())


def test_functions_of_the_spec_get_what_trl_gives_them(volumes: Volumes) -> None:
    assert scored(volumes, term("own:share"), ["aeiou", "xyz"]) == [0.5, 0.0]
    assert scored(volumes, term("own:array"), ["a", "b", "c"]) == [0.0, 0.5, 1.0]
    prompts, answers = [[{"role": "user", "content": "?"}]], [[{"role": "assistant", "content": "好"}]]
    with Scorer([term("own:turns")], volumes) as scorer:
        assert scorer.score(prompts, answers, {}) == [[1.0]]
    assert not list(volumes.data.rglob("__pycache__"))


def test_code_that_was_not_reviewed_is_not_run(volumes: Volumes) -> None:
    planned = hashlib.sha256((volumes.data / "own.py").read_bytes()).hexdigest()
    with Scorer([term("own:share")], volumes, {"own.py": planned}) as scorer:
        assert scorer.score(["q"], ["a"], {}) == [[0.1]]
    for code, problem in (({"own.py": "0" * 64}, "RUN711"), ({"gone.py": planned}, "RUN721")):
        with pytest.raises(StageError) as caught:
            Scorer([term("own:share")], volumes, code)
        assert caught.value.problem.code == problem


def test_none_takes_no_part_in_a_sum(volumes: Volumes) -> None:
    blocks = [term("own:right", 2.0), term("length", 0.5, most=9), term("length", -1.0, most=1)]
    with Scorer(blocks, volumes) as scorer:
        assert scorer.names == ["own:right", "length", "length-2"]
        columns = {"reference": ["a", "a"], "level": [None, 1]}
        assert scorer.score(["q", "q"], ["a", "a"], columns) == [[None, 1.0], [1.0, 1.0], [1.0, 1.0]]
        assert scorer.total(["q", "q"], ["a", "a"], columns) == [-0.5, 1.5]
    nobody = refused(volumes, term("own:right"), reference=["a", "a"], level=[None, 1])
    assert nobody.problem.code == "RUN752"


@pytest.mark.parametrize(
    ("block", "code", "said"),
    [
        (term("own:raises"), "RUN751", "`own:raises` raised ZeroDivisionError: division by zero (own.py:21)"),
        (term("own:nan"), "RUN752", "returned `nan` for completion 0 of 2"),
        (term("own:infinite"), "RUN752", "returned `-inf`"),
        (term("own:short"), "RUN752", "returned 1 scores for 2 completions"),
        (term("own:text"), "RUN752", "returned `str` for completion 0"),
        (term("own:number"), "RUN752", "returned `float` instead of a list"),
        (term("own:hangs"), "RUN753", "`own:hangs` did not finish within 1 s"),
        (term("own:greedy"), "RUN753", "needs more than 2 GiB"),
        (term("own:exits"), "RUN753", "ended its process"),
        (term("own:absent"), "RUN750", "`own:absent` cannot be imported: AttributeError"),
        (term("own:constant"), "RUN750", "`own:constant` is not a function"),
        (term("lost:function"), "RUN750", "No module named 'lost'"),
        (term("own:share", level=1), "RUN750", "takes no options"),
        (term("bleu"), "RUN750", "no `bleu`"),
        (term("regex"), "RUN750", "`pattern`: field required"),
        (term("regex", pattern="("), "RUN750", "not a regular expression"),
        (term("length"), "RUN750", "requires `least` or `most`"),
        (term("length", least=9, most=3), "RUN750", "`most` is below `least`"),
        (term("exact_match", before="x"), "RUN750", "`before`"),
        (term("json_schema", schema="../schema.json"), "RUN750", "relative path inside its volume"),
        (term("json_schema", schema="lost.json"), "RUN721", "`lost.json` is missing"),
        (term("json_schema", schema="own.py"), "RUN750", "schema `own.py` is not JSON"),
        (term("sql_execution", databases="lost"), "RUN721", "`lost` is missing under"),
        (term("sql_execution", databases="databases"), "RUN754", "no `database`"),
        (term("exact_match"), "RUN754", "has no right answer"),
        (term("length", most=3, unit="tokens"), "RUN754", "number of tokens"),
    ],
    ids=lambda value: f"{value.use} {value.options}" if isinstance(value, RewardBlock) else None,
)
def test_what_is_refused(
    volumes: Volumes, monkeypatch: pytest.MonkeyPatch, block: RewardBlock, code: str, said: str
) -> None:
    if block.use == "own:hangs":  # any other call may take longer
        monkeypatch.setattr(process, "BATCH_SECONDS", 1.0)
    problem = refused(volumes, block).problem
    assert (problem.code, said in problem.message) == (code, True), problem.message
    assert problem.hint


def test_a_scorer_continues_after_a_fault(volumes: Volumes) -> None:
    with Scorer([term("own:raises")], volumes) as scorer:
        with pytest.raises(StageError):
            scorer.score(["q"], ["abc"], {})
        assert scorer.score(["q"], ["abcd"], {}) == [[1.0]]


ATTEMPTED = ("connect", "unix", "write", "empty", "remove", "rename", "folder", "start", "fork", "kill", "secret")


def test_reward_code_can_compute_and_read_only(volumes: Volumes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "hidden")
    with Scorer([term(f"sly:{name}") for name in (*ATTEMPTED, "read")], volumes) as scorer:
        got = dict(zip(scorer.names, scorer.score(["q"], ["a"], {}), strict=True))
        assert scorer.isolation == "seccomp" or sys.platform != "linux"
    assert got.pop("sly:read") == [1.0]
    assert got == {f"sly:{name}": [0.0] for name in ATTEMPTED}
    assert (volumes.data / "data.txt").read_text(encoding="utf-8") == "kept"


def test_where_the_kernel_has_no_filter_python_refuses(volumes: Volumes) -> None:
    program = (
        "import platform; platform.machine = lambda: 'other'\n"
        "from runtime.scoring.sandbox.confine import confine\n"
        "print(confine(1 << 31))\n"
        "import sys; sys.path.insert(0, sys.argv[1]); import sly\n"
        f"print([getattr(sly, name)([1]) for name in {ATTEMPTED!r}], sly.read([1]))\n"
    )
    environment = {"PYTHONPATH": str(Path(__file__).resolve().parents[3]), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", program, str(volumes.data)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["audit hook", f"{[[0.0]] * len(ATTEMPTED)} [1.0]"]


def source(shape: str, rows: list[dict[str, Any]]) -> Source:
    block = DataBlock(path=f"{shape}.jsonl", shape=shape, sha256="0" * 64, rows=len(rows))  # type: ignore[arg-type]
    return Source(block=block, rows=rows, places=[f"{shape}.jsonl:{at}" for at in range(len(rows))], excluded=0)


def test_rows_of_every_shape_become_prompts_with_their_right_answer() -> None:
    user, answer = {"role": "user", "content": "?"}, {"role": "assistant", "content": "好"}
    sources = [
        source("prompt-completion", [{"prompt": [user], "completion": [answer], "database": "bank"}]),
        source("messages", [{"messages": [user, answer]}]),
        source("badcase", [{"id": "b", "prompt": [user], "fix": "好", "answer": "坏"}]),
        source("prompt", [{"prompt": [user]}]),
    ]
    prompts = reward_prompts(sources, [term("length", most=3)])
    assert prompts.prompts == [[user]] * 4
    assert prompts.columns["reference"] == ["好", "好", "好", None]
    assert prompts.columns_at([2, 0, 0])["database"] == [None, "bank", "bank"]
    assert prompts.columns["answer"] == [None, None, "坏", None]
    with pytest.raises(StageError) as caught:
        reward_prompts(sources, [term("exact_match")])
    assert (caught.value.problem.code, "prompt.jsonl:0" in caught.value.problem.message) == ("RUN754", True)


# Right answers of real tasks, with prompts that hold what a policy could copy.
PROBED = {
    "exact_match": (term("exact_match"), "Which city is the capital of France? Choose one: Lyon, Paris, Nice", "Paris"),
    "numeric_answer": (term("numeric_answer"), "What is 17 + 25?", "42"),
    "tool_call": (term("tool_call"), f"Tools: weather(city, days). Example: {CALL}", CALL.replace("3", "5")),
    "json_schema": (term("json_schema", schema="schema.json"), 'Give {"total": an integer}.', '{"total": 12}'),
    "regex": (term("regex", pattern=r"\A\d{4}-\d{2}-\d{2}\Z"), "When? Write a date such as 2026-11-22.", "2025-01-31"),
    "sql_execution": (
        term("sql_execution", databases="databases"),
        "account(id, name)\nQuestion: How many accounts are there?\nSQL:",
        "SELECT count(*) FROM account",
    ),
}


@pytest.fixture
def probed(volumes: Volumes, request: pytest.FixtureRequest) -> Iterator[tuple[Scorer, Any]]:
    block, prompt, reference = PROBED[request.param]
    row = {"prompt": prompt, "completion": reference, "database": "bank"}
    with Scorer([block], volumes) as scorer:
        yield scorer, reward_prompts([source("prompt-completion", [row])], [block])


@pytest.mark.parametrize("probed", sorted(PROBED), indirect=True)
def test_no_function_of_the_library_is_fooled(probed: tuple[Scorer, Any]) -> None:
    scorer, prompts = probed
    prompt, reference = prompts.prompts[0], prompts.columns["reference"][0]
    assert scorer.sums(score_texts(scorer, prompts, [0], [reference])) == [1.0]
    tried = {name: probe(prompt, reference) for name, probe in HACKS.items()}
    totals = scorer.sums(score_texts(scorer, prompts, [0] * len(tried), list(tried.values())))
    assert {name: total for name, total in zip(tried, totals, strict=True) if total > 0.5} == {}


def test_length_alone_can_be_fooled(volumes: Volumes) -> None:
    """It scores only the form, as its documentation says: the pre-flight detects it."""
    block = term("length", least=20)
    prompts = reward_prompts([source("prompt-completion", [{"prompt": "?", "completion": "x" * 30}])], [block])
    with Scorer([block], volumes) as scorer:
        assert scorer.sums(score_texts(scorer, prompts, [0], [HACKS["padding"]("?", "")])) == [1.0]


def test_the_library_has_every_function_that_specs_may_name() -> None:
    from runtime.contract.metrics import METRICS
    from runtime.contract.options import OPTION_TYPES
    from runtime.contract.rewards import REWARDS

    assert {*functions(), "sql_execution"} == set(REWARDS)
    assert {name for each in (*REWARDS.values(), *METRICS.values()) for name in each.known} == set(OPTION_TYPES)


def test_a_batch_is_one_request_for_each_term(volumes: Volumes, monkeypatch: pytest.MonkeyPatch) -> None:
    """64 answers, two terms: this keeps the overhead of the extra process small enough for training."""
    requests: list[bytes] = []
    send = process.RewardProcess._send

    def counted(self: process.RewardProcess, request: bytes, seconds: float, subject: str) -> dict[str, Any]:
        requests.append(request)
        return send(self, request, seconds, subject)

    monkeypatch.setattr(process.RewardProcess, "_send", counted)
    with Scorer([term("own:share"), term("regex", pattern="a")], volumes) as scorer:
        scorer.score(["q"] * 64, ["abc" * 50] * 64, {})
    assert len(requests) == 1 + 2  # the import of both functions, then a batch for each
