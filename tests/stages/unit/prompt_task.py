"""A small task where the prompt decides: the endpoint plays a model that knows the answer, but not the form asked for.

The desk routes mails to a code. Without a rule on the form, or examples, the model answers in a sentence.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from support.chat_endpoint import Response, Server, said

from runtime.contract.prompting import OptimizePromptStage
from runtime.contract.volumes import Volumes
from runtime.stage.context import StageContext
from runtime.stage.events import EventStream
from runtime.stage.stop import StopRequest

CODES = {"发票": "INV", "退货": "RET", "密码": "PWD"}
KINDS = {"发票": "invoice", "退货": "return", "密码": "password"}


def code_of(question: str) -> str:
    """The right code of a question, which names its topic once."""
    return next(code for word, code in CODES.items() if word in question.split("#")[-1])


def answer(number: int, body: dict[str, Any]) -> Response:
    """Answer as a model would: in the right form if the prompt shows it."""
    text = "\n".join(str(turn["content"]) for turn in body["messages"])
    question = str(body["messages"][-1]["content"])
    code = code_of(question)
    examples = text.count("答案：")
    if "只能回答以下之一" in text:
        return said(code)
    if examples and f"答案：{code}" in text:
        return said(code if examples >= 2 else f"答案是 {code}")
    return said(f"这封邮件应当归到 {code}。")


def question(number: int, name: str) -> str:
    """A question about one of the topics."""
    word = list(CODES)[number % len(CODES)]
    return f"#{name} 邮件 {number}：关于{word}的事"


def badcases(count: int) -> list[dict[str, Any]]:
    """Badcases with the logged answer and its fix."""
    return [
        {
            "prompt": question(number, "坏例"),
            "answer": f"这封邮件应当归到 {code_of(question(number, '坏例'))}。",
            "fix": code_of(question(number, "坏例")),
            "kind": KINDS[list(CODES)[number % len(CODES)]],
            "cluster": f"c{number // 2}",
        }
        for number in range(count)
    ]


def held_out(count: int) -> list[dict[str, Any]]:
    """Rows that report."""
    return [
        {"id": f"h{number}", "prompt": question(number, "留出"), "reference": code_of(question(number, "留出"))}
        for number in range(count)
    ]


@contextmanager
def context_in(folder: Path) -> Iterator[StageContext]:
    """The surroundings of a stage in `folder`, whose files stay for a second run."""
    for name in ("models", "data", "outputs/out"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    volumes = Volumes(models=folder / "models", data=folder / "data", outputs=folder / "outputs")
    with (folder / "events.jsonl").open("a") as stream:
        yield StageContext(
            volumes=volumes,
            folder=volumes.outputs / "out",
            config_sha256="0" * 64,
            events=EventStream(stream),
            stop=StopRequest(),
            stage=cast("Any", None),
        )


def stage_of(server: Server | None, context: StageContext, **changes: Any) -> OptimizePromptStage:
    """The stage, with `changes` of its fields; `rows` and `reports` are its rows."""
    rows, reports = changes.pop("rows", badcases(60)), changes.pop("reports", held_out(24))
    for name, each in (("badcases", rows), ("held-out", reports)):
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in each)
        (context.volumes.outputs / f"{name}.jsonl").write_text(text, encoding="utf-8")
    made = {"volume": "outputs", "sha256": None, "rows": None}
    served = None
    if server is not None:
        served = {"name": "chat", "revision": "1", "endpoint": server.url, "requests_per_minute": 100_000}
    work = {"max_rounds": 2, "candidates": 5, "techniques": {"few-shot": ["invoice"], "rules": [], "restructure": []}}
    config = {
        "schema": "trainspec.dev/stage/v1",
        "plan": "desk",
        "stage": "optimize-prompt",
        "method": "optimize-prompt",
        "output": "out",
        "seed": 7,
        "model": {"path": "chat/1", "adapters": [], "dtype": "float32", "trust_remote_code": False},
        "data": [
            {"path": "badcases.jsonl", "shape": "badcase", **made},
            {"path": "held-out.jsonl", "shape": "evaluation", **made},
        ],
        "served": served,
        "budget": {"calls": 10_000},
        "generation": {"max_new_tokens": 32, "batch_size": 8},
        "metrics": [{"name": "exact_match", "answer_marker": "Answer:"}],
        "work": work | changes.pop("work", {}),
    }
    return OptimizePromptStage.model_validate(config | changes)
