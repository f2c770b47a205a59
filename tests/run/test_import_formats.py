"""Every format of `trainspec import`, in the forms that its tool documents: what is read, and that no order matters."""

import csv
import gzip
import json
import random
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from support.export_formats import WRITERS
from support.exports import lines, natural, write

from compiler.run.imports.importing import Imported, ImportRequest, import_files
from runtime.contract.data.rows import row_fault
from runtime.contract.traces import Trace

Row = dict[str, Any]
TRACE, ROOT, CALL = "a" * 32, "b" * 16, "c" * 16
BEGIN, END = "1777885200000000000", "1777885201500000000"  # 2026-05-04T09:00:00Z, and 1.5 s later


def imported(folder: Path, *paths: Path, **more: Any) -> tuple[list[Trace], Imported]:
    to = folder / "out" / "traces.jsonl"
    made = import_files(ImportRequest(paths=paths, to=to, **more), lambda what, number: None)
    text = to.read_text(encoding="utf-8") if to.exists() else ""
    return [Trace.model_validate_json(line) for line in text.splitlines()], made


def one(folder: Path, rows: list[Row], name: str = "export.jsonl", **more: Any) -> tuple[Trace, Imported]:
    path = write(folder / name, rows) if name.endswith("l") else folder / name
    traces, made = imported(folder, path, **more)
    assert [each.message for each in made.found] == []
    assert len(traces) == 1
    return traces[0], made


def otlp_span(attributes: Row, span: str = CALL, parent: str = "", **more: Any) -> Row:
    pairs = [{"key": name, "value": {"stringValue": value}} for name, value in attributes.items()]
    times = {"startTimeUnixNano": BEGIN, "endTimeUnixNano": END}
    return {"traceId": TRACE, "spanId": span, "parentSpanId": parent, "name": "s", "attributes": pairs} | times | more


def request(*spans: Row, schema: str = "") -> Row:
    return {
        "resourceSpans": [{"resource": {}, "scopeSpans": [{"scope": {}, "schemaUrl": schema, "spans": list(spans)}]}]
    }


CHAT = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m"}
USED = [
    {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "7"}},
    {"key": "gen_ai.usage.output_tokens", "value": {"intValue": 3}},
]


def event(name: str, **attributes: str) -> Row:
    pairs = [{"key": key.replace("__", "."), "value": {"stringValue": value}} for key, value in attributes.items()]
    return {"name": name, "timeUnixNano": BEGIN, "attributes": pairs}


def check_chat(trace: Trace) -> None:
    assert (trace.query, trace.answer) == ("在吗?", "在的。")
    assert [step.kind for step in trace.steps] == ["model"]
    step = trace.steps[0]
    assert (step.model, step.milliseconds) == ("m", 1500.0)
    assert step.tokens is not None
    assert (step.tokens.input, step.tokens.output) == (7, 3)
    assert step.started is not None
    assert step.started.isoformat() == "2026-05-04T09:00:00+00:00"


DIALECTS = {
    "1.37 messages": otlp_span(
        CHAT
        | {
            "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"在吗?"}]}]',
            "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"text","content":"在的。"}]}]',
        }
    ),
    "1.36 events": otlp_span(
        CHAT,
        events=[
            event("gen_ai.system.message", content="be kind"),
            event("gen_ai.user.message", gen_ai__event__content='{"content": "在吗?"}'),
            event("gen_ai.choice", gen_ai__event__content='{"message": {"content": "在的。"}, "index": 0}'),
        ],
    ),
    "1.27 events": otlp_span(
        CHAT,
        events=[
            event("gen_ai.content.prompt", gen_ai__prompt='{"role": "user", "content": "在吗?"}'),
            event("gen_ai.content.completion", gen_ai__completion='{"role": "assistant", "content": "在的。"}'),
        ],
    ),
    "numbered": otlp_span(
        CHAT
        | {
            "gen_ai.prompt.0.role": "user",
            "gen_ai.prompt.0.content": "在吗?",
            "gen_ai.completion.0.role": "assistant",
            "gen_ai.completion.0.content": "在的。",
        }
    ),
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_otlp_is_read_in_every_dialect_of_the_genai_conventions(dialect: str, tmp_path: Path) -> None:
    span = DIALECTS[dialect]
    trace, made = one(tmp_path, [request(span | {"attributes": span["attributes"] + USED})])
    check_chat(trace)
    assert list(made.formats.values()) == ["otlp"]


def test_the_schema_url_names_the_version_of_the_conventions(tmp_path: Path) -> None:
    span = DIALECTS["1.37 messages"]
    rows = [request(span | {"attributes": span["attributes"] + USED}, schema="https://opentelemetry.io/schemas/1.38.0")]
    assert one(tmp_path, rows)[0].source == "opentelemetry/1.38.0"


def test_messages_that_are_log_records_join_their_span(tmp_path: Path) -> None:
    span = otlp_span(CHAT)

    def log(name: str, **body: Any) -> Row:
        values = [{"key": key, "value": {"stringValue": value}} for key, value in body.items()]
        return {"traceId": TRACE, "spanId": CALL, "eventName": name, "body": {"kvlistValue": {"values": values}}}

    records = [log("gen_ai.user.message", content="在吗?"), log("gen_ai.choice", content="在的。"), log("other")]
    logs = write(tmp_path / "logs.jsonl", [{"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]}])
    spans = write(tmp_path / "spans.jsonl", [request(span | {"attributes": span["attributes"] + USED})])
    traces, made = imported(tmp_path, spans, logs)
    assert made.found == []
    check_chat(traces[0])


def test_one_file_may_hold_one_request_over_many_lines(tmp_path: Path) -> None:
    span = DIALECTS["1.37 messages"]
    (tmp_path / "export.json").write_text(
        json.dumps(request(span | {"attributes": span["attributes"] + USED}), indent=2, ensure_ascii=False),
        encoding="utf-8",
    )
    check_chat(one(tmp_path, [], "export.json")[0])


def test_tools_retrieval_and_agents_are_named_by_what_they_call(tmp_path: Path) -> None:
    agent = otlp_span(
        {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "helper", "gen_ai.output.messages": '"ok"'}, ROOT
    )
    agent["attributes"].append(
        {"key": "gen_ai.input.messages", "value": {"stringValue": '[{"role":"user","content":"hi"}]'}}
    )
    tool = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "get",
        "gen_ai.tool.call.arguments": '{"id": 1}',
    }
    search = {
        "gen_ai.operation.name": "retrieval",
        "gen_ai.data_source.id": "docs",
        "gen_ai.retrieval.query.text": "hi",
    }
    rows = [request(otlp_span(tool, CALL, ROOT), agent), request(otlp_span(search, "d" * 16, ROOT))]
    trace, _ = one(tmp_path, rows)
    assert [(step.kind, step.component) for step in trace.steps] == [
        ("agent", "helper"),
        ("tool", "get"),
        ("retrieval", "docs"),
    ]
    assert trace.steps[1].input == {"id": 1}
    assert (trace.query, trace.answer) == ("hi", "ok")


def test_a_parent_in_another_process_is_no_loss(tmp_path: Path) -> None:
    span = DIALECTS["1.37 messages"] | {"parentSpanId": "e" * 16, "flags": 0x301}
    check_chat(one(tmp_path, [request(span | {"attributes": span["attributes"] + USED})])[0])


def test_an_answer_is_never_taken_from_a_step_in_between(tmp_path: Path) -> None:
    root = otlp_span({"gen_ai.operation.name": "invoke_agent", "gen_ai.input.messages": '"q"'}, ROOT)
    call = DIALECTS["1.37 messages"] | {"parentSpanId": ROOT}
    traces, made = imported(tmp_path, write(tmp_path / "a.jsonl", [request(root, call)]))
    assert traces[0].answer is None
    assert ("no-answer", "") in {(loss.kind, loss.step) for loss in traces[0].losses}
    assert made.tally.evidence == 0


def test_phoenix_exports_are_read_from_parquet_csv_and_the_api(tmp_path: Path) -> None:
    flat = WRITERS["openinference"](natural(3, 4))
    expected, _ = imported(tmp_path / "a", write(tmp_path / "a.jsonl", flat))
    for row in flat:
        row["events"] = None
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(flat), tmp_path / "b.parquet")
    assert imported(tmp_path / "b", tmp_path / "b.parquet")[0] == expected
    nested = [
        {
            **{name: value for name, value in row.items() if "." not in name},
            "context": {"trace_id": row["context.trace_id"], "span_id": row["context.span_id"]},
            "attributes": {
                name[11:]: row[name] for name in row if name.startswith("attributes.") and row[name] is not None
            },
        }
        for row in flat
    ]
    (tmp_path / "c.json").write_text(json.dumps({"data": nested}), encoding="utf-8")
    assert imported(tmp_path / "c", tmp_path / "c.json")[0] == expected
    assert imported(tmp_path / "d", write(tmp_path / "d.jsonl", nested))[0] == expected


def test_annotations_of_phoenix_make_badcases(tmp_path: Path) -> None:
    items = natural(3, 4)
    spans = write(tmp_path / "spans.jsonl", WRITERS["openinference"](items))
    notes = [
        {"span_id": items[0].id, "annotation_name": "thumbs", "annotator_kind": "HUMAN", "label": "thumbs-down"},
        {"span_id": items[-1].id, "annotation_name": "thumbs", "annotator_kind": "HUMAN", "score": 1.0},
    ]
    bad = tmp_path / "bad.jsonl"
    traces, made = imported(tmp_path, spans, write(tmp_path / "notes.jsonl", notes), badcases=bad)
    rows = [json.loads(line) for line in bad.read_text(encoding="utf-8").splitlines()]
    assert [row["id"] for row in rows] == [items[0].trace]
    assert "fix" not in rows[0]
    assert made.tally.unfixed == 1
    with_feedback = [trace for trace in traces if "feedback" in trace.attributes]
    assert len(with_feedback) == 2


LANGFUSE_TRACE = {
    "id": "t1",
    "timestamp": "2026-05-04T09:00:00.000Z",
    "name": "chat",
    "sessionId": "s1",
    "latency": 2.5,
}
LANGFUSE_CALL = {
    "id": "o1",
    "traceId": "t1",
    "type": "GENERATION",
    "parentObservationId": None,
    "name": "answer",
    "startTime": "2026-05-04T09:00:00.000Z",
    "endTime": "2026-05-04T09:00:01.500Z",
    "model": "m",
    "input": [{"role": "user", "content": "在吗?"}],
    "output": {"role": "assistant", "content": "在的。"},
    "usage": {"input": 7, "output": 3, "total": 10, "unit": "TOKENS"},
    "promptName": "helpdesk",
    "promptVersion": 4,
}
LANGFUSE_SCORE = {
    "id": "x",
    "traceId": "t1",
    "name": "user",
    "value": 0,
    "dataType": "BOOLEAN",
    "comment": "no",
    "source": "API",
}


def test_a_downloaded_trace_of_langfuse_holds_its_observations_and_scores(tmp_path: Path) -> None:
    held = LANGFUSE_TRACE | {"input": "在吗?", "observations": [LANGFUSE_CALL], "scores": [LANGFUSE_SCORE]}
    (tmp_path / "trace.json").write_text(json.dumps(held), encoding="utf-8")
    trace, _ = one(tmp_path, [], "trace.json", badcases=tmp_path / "bad.jsonl")
    check_chat(trace)
    assert (trace.session, trace.milliseconds, trace.prompt_version) == ("s1", 2500.0, "helpdesk/4")
    assert trace.attributes["feedback"] == [
        {"name": "user", "value": 0.0, "comment": "no", "source": "API"},
    ]
    assert json.loads((tmp_path / "bad.jsonl").read_text(encoding="utf-8"))["comment"] == "no"


def test_legacy_exports_of_langfuse_join_over_files(tmp_path: Path) -> None:
    traces = write(tmp_path / "traces.jsonl", [LANGFUSE_TRACE])
    observations = write(tmp_path / "observations.jsonl", [LANGFUSE_CALL])
    scores = write(tmp_path / "scores.jsonl", [LANGFUSE_SCORE])
    found, made = imported(tmp_path, traces, observations, scores)
    assert made.found == []
    check_chat(found[0])
    assert len(found[0].attributes["feedback"]) == 1


def test_langsmith_is_read_from_a_csv_of_pandas(tmp_path: Path) -> None:
    run = WRITERS["langsmith"](natural(3, 4))
    expected, _ = imported(tmp_path / "a", write(tmp_path / "a.jsonl", run))
    with (tmp_path / "b.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(run[0]))
        writer.writeheader()
        writer.writerows({name: "" if value is None else value for name, value in row.items()} for row in run)
    assert imported(tmp_path / "b", tmp_path / "b.csv")[0] == expected


def test_bulk_exports_of_langsmith_hold_json_in_parquet(tmp_path: Path) -> None:
    run = WRITERS["langsmith"](natural(3, 4))
    expected, _ = imported(tmp_path / "a", write(tmp_path / "a.jsonl", run))
    text = [
        {name: json.dumps(value) if isinstance(value, dict) else value for name, value in row.items()} for row in run
    ]
    roots = {row["trace_id"]: row["id"] for row in run if row["parent_run_id"] is None}
    for row in text:
        row["dotted_order"] = f"20260504T090000000000Z{roots[row['trace_id']]}" + (
            f".20260504T090001000000Z{row['id']}" if row["parent_run_id"] else ""
        )
        del row["parent_run_id"]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(text), tmp_path / "b.parquet")
    assert imported(tmp_path / "b", tmp_path / "b.parquet")[0] == expected


def test_a_correction_in_langsmith_is_the_fix_of_a_badcase(tmp_path: Path) -> None:
    items = natural(3, 4)
    root = next(item for item in items if not item.failed)
    runs = write(tmp_path / "runs.jsonl", WRITERS["langsmith"](items))
    note = {"id": "f", "run_id": root.id, "key": "review", "score": 0, "correction": {"output": "正确答案"}}
    bad = tmp_path / "bad.jsonl"
    imported(tmp_path, runs, write(tmp_path / "feedback.jsonl", [note]), badcases=bad)
    row = json.loads(bad.read_text(encoding="utf-8"))
    assert (row["id"], row["fix"]) == (root.trace, "正确答案")
    assert row_fault(row, "badcase") is None


def test_mlflow_is_read_from_its_dataframe_and_in_older_versions(tmp_path: Path) -> None:
    attributes = {
        "mlflow.spanType": '"CHAT_MODEL"',
        "mlflow.spanInputs": '{"messages": [{"role": "user", "content": "在吗?"}]}',
        "mlflow.spanOutputs": '{"choices": [{"message": {"role": "assistant", "content": "在的。"}}]}',
        "mlflow.chat.tokenUsage": '{"input_tokens": 7, "output_tokens": 3}',
        "model": '"m"',
    }
    old = {
        "name": "call",
        "context": {"span_id": "0x1", "trace_id": "0x2"},
        "parent_id": None,
        "start_time": int(BEGIN),
        "end_time": int(END),
        "status_code": "OK",
        "status_message": "",
        "attributes": attributes,
    }
    row = {"request_id": "r1", "timestamp_ms": 1777885200000, "status": "OK", "execution_time_ms": 1500, "spans": [old]}
    row |= {"request": '{"messages": [{"role": "user", "content": "在吗?"}]}', "response": '"在的。"'}
    check_chat(one(tmp_path, [row])[0])


def test_assessments_of_mlflow_are_feedback_and_fixes(tmp_path: Path) -> None:
    rows = WRITERS["mlflow"]([item for item in natural(4, 8) if not item.failed])
    source = {"source_type": "HUMAN", "source_id": "a"}
    rows[0]["info"]["assessments"] = [
        {"assessment_name": "correct", "feedback": {"value": False}, "rationale": "wrong town", "source": source},
        {"assessment_name": "expected", "expectation": {"value": "Bern"}, "source": source},
    ]
    bad = tmp_path / "bad.jsonl"
    imported(tmp_path, write(tmp_path / "a.jsonl", rows), badcases=bad)
    row = json.loads(bad.read_text(encoding="utf-8"))
    assert (row["fix"], row["comment"]) == ("Bern", "wrong town")


COMPLETION = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1777885200,
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "在的。"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 7, "completion_tokens": 3},
}


def test_the_input_and_the_output_of_a_batch_meet(tmp_path: Path) -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "在吗?"}]}
    asked = write(
        tmp_path / "in.jsonl", [{"custom_id": "c1", "method": "POST", "url": "/v1/chat/completions", "body": body}]
    )
    answered = {"id": "b", "custom_id": "c1", "response": {"status_code": 200, "body": COMPLETION}, "error": None}
    failed = {
        "id": "b",
        "custom_id": "c2",
        "response": {"status_code": 400, "body": {"error": {"message": "bad"}}},
        "error": None,
    }
    traces, _ = imported(tmp_path, asked, write(tmp_path / "out.jsonl", [answered, failed]))
    by_id = {trace.id: trace for trace in traces}
    assert (by_id["c1"].query, by_id["c1"].answer) == ("在吗?", "在的。")
    assert by_id["c1"].losses == []
    assert by_id["c2"].error == "bad"


def test_responses_and_stored_completions_are_read(tmp_path: Path) -> None:
    response = {
        "id": "resp_1",
        "object": "response",
        "created_at": 1777885200,
        "model": "m",
        "input": "在吗?",
        "output": [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "在的。"}]}],
        "usage": {"input_tokens": 7, "output_tokens": 3},
    }
    trace, _ = one(tmp_path, [response])
    assert (trace.query, trace.answer) == ("在吗?", "在的。")
    stored = {"object": "list", "data": [COMPLETION]}
    (tmp_path / "stored.json").write_text(json.dumps(stored), encoding="utf-8")
    traces, made = imported(tmp_path, tmp_path / "stored.json")
    assert traces[0].answer == "在的。"
    assert made.tally.losses["no-query"].refused == 1


def test_other_rows_are_read_by_their_columns(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("编号,问题,回答,thumb,better\n1,在吗?,=1+1,down,2\n2,你好,你好!,up,\n", encoding="utf-8")
    columns = {"id": "编号", "query": "问题", "answer": "回答", "feedback": "thumb", "correction": "better"}
    bad = tmp_path / "bad.jsonl"
    traces, made = imported(tmp_path, path, columns=columns, badcases=bad)
    assert made.found == []
    assert [(trace.id, trace.query, trace.answer) for trace in traces] == [
        ("1", "在吗?", "=1+1"),
        ("2", "你好", "你好!"),
    ]
    assert json.loads(bad.read_text(encoding="utf-8"))["fix"] == "2"


@pytest.mark.parametrize("tool", WRITERS)
def test_native_traces_are_read_again_as_they_are(tool: str, tmp_path: Path) -> None:
    first, _ = imported(tmp_path / "a", write(tmp_path / "a.jsonl", WRITERS[tool](natural(5, 12))))
    again, made = imported(tmp_path / "b", tmp_path / "a" / "out" / "traces.jsonl")
    assert again == first
    assert list(made.formats.values()) == ["native"]


@pytest.mark.parametrize("tool", WRITERS)
def test_the_order_of_rows_and_files_does_not_matter(tool: str, tmp_path: Path) -> None:
    rows = WRITERS[tool](natural(6, 12))
    imported(tmp_path / "a", write(tmp_path / "a.jsonl", rows))
    random.Random(1).shuffle(rows)
    half = len(rows) // 2
    (tmp_path / "z.jsonl.gz").write_bytes(gzip.compress(lines(rows[:half]).encode()))
    (tmp_path / "b.jsonl").write_text(lines(rows[half:]), encoding="utf-16")
    imported(tmp_path / "b", tmp_path / "z.jsonl.gz", tmp_path / "b.jsonl")
    imported(tmp_path / "c", tmp_path / "b.jsonl", tmp_path / "z.jsonl.gz")
    expected = (tmp_path / "a" / "out" / "traces.jsonl").read_bytes()
    assert (tmp_path / "b" / "out" / "traces.jsonl").read_bytes() == expected
    assert (tmp_path / "c" / "out" / "traces.jsonl").read_bytes() == expected


def test_counts_that_pandas_wrote_as_floats_are_read(tmp_path: Path) -> None:
    row = {
        "context.span_id": CALL,
        "context.trace_id": TRACE,
        "name": "chat",
        "span_kind": "LLM",
        "start_time": "2026-05-04 09:00:00.1+00:00",
        "end_time": "2026-05-04 09:00:01.2+00:00",
        "attributes.input.value": "问",
        "attributes.output.value": "答",
        "attributes.llm.model_name": "m",
        "attributes.llm.token_count.prompt": "5.0",
        "attributes.llm.token_count.completion": "3.0",
    }
    with (tmp_path / "export.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.DictWriter(stream, row).writeheader()
        csv.DictWriter(stream, row).writerow(row)
    trace, _ = one(tmp_path, [], "export.csv")
    tokens = trace.steps[0].tokens
    assert tokens is not None
    assert (tokens.input, tokens.output) == (5, 3)


def test_a_page_of_the_rest_api_of_phoenix_is_read(tmp_path: Path) -> None:
    span = {
        "id": "U1",
        "name": "q",
        "context": {"trace_id": TRACE, "span_id": ROOT},
        "span_kind": "CHAIN",
        "parent_id": None,
        "start_time": "2026-05-04T09:00:00Z",
        "end_time": "2026-05-04T09:00:01Z",
        "status_code": "OK",
        "attributes": {"input.value": "问", "output.value": "答"},
        "events": [],
    }
    path = tmp_path / "page.json"
    path.write_text(json.dumps({"data": [span], "next_cursor": None}), encoding="utf-8")
    trace, made = one(tmp_path, [], "page.json")
    assert (trace.query, trace.answer, list(made.formats.values())) == ("问", "答", ["openinference"])


def test_logs_that_hold_request_and_response_as_text_are_read(tmp_path: Path) -> None:
    asked = json.dumps({"model": "m", "messages": [{"role": "user", "content": "问"}]})
    told = json.dumps({"choices": [{"message": {"role": "assistant", "content": "答"}}], "usage": {"prompt_tokens": 1}})
    trace, _ = one(tmp_path, [{"request": asked, "response": told}])
    assert (trace.query, trace.answer) == ("问", "答")


@pytest.mark.parametrize(
    ("message", "answer"),
    [
        ({"content": None}, None),
        ({"content": ""}, None),
        ({"content": None, "refusal": "I cannot help with that"}, "I cannot help with that"),
    ],
)
def test_a_message_without_content_is_no_answer(tmp_path: Path, message: Row, answer: str | None) -> None:
    asked = {"model": "m", "messages": [{"role": "user", "content": "问"}]}
    told = {"choices": [{"message": {"role": "assistant", **message}}], "usage": {"prompt_tokens": 1}}
    (trace,), made = imported(tmp_path, write(tmp_path / "log.jsonl", [{"request": asked, "response": told}]))
    assert trace.answer == answer
    assert made.tally.evidence == (answer is not None)


def test_a_call_of_a_function_is_an_answer(tmp_path: Path) -> None:
    asked = {"model": "m", "messages": [{"role": "user", "content": "问"}]}
    said = {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}}
    trace, _ = one(
        tmp_path, [{"request": asked, "response": {"choices": [{"message": said}], "usage": {"prompt_tokens": 1}}}]
    )
    assert trace.answer["tool_calls"][0]["function"]["name"] == "f"


def test_the_input_of_a_batch_names_the_model_of_a_call_that_failed(tmp_path: Path) -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "问"}]}
    refused = {"status_code": 400, "body": {"error": {"message": "bad"}}}
    rows = [{"custom_id": "r", "body": body}, {"custom_id": "r", "response": refused, "error": None}]
    trace, _ = one(tmp_path, rows)
    assert (trace.model, trace.error, trace.losses) == ("m", "bad", [])


@pytest.mark.parametrize("columns", [{"answer": "reply"}, {"feedback": "vote"}])
def test_a_column_that_no_row_has_is_named(tmp_path: Path, columns: dict[str, str]) -> None:
    path = tmp_path / "log.csv"
    path.write_text("query,answer,thumbs\nq,a,up\n", encoding="utf-8")
    traces, made = imported(tmp_path, path, columns={"query": "query", "answer": "answer"} | columns)
    (found,) = made.found
    assert (traces, found.code) == ([], "TRC801")
    assert found.message == f"no row has a column `{next(iter(columns.values()))}`"
    assert found.hint.endswith("the rows have `query`, `answer`, `thumbs`")


def test_a_row_of_another_encoding_says_how_to_convert_it(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes("问题,回答\n退货,可以\n".encode("gb18030"))
    _, made = imported(tmp_path, path, columns={"query": "问题", "answer": "回答"})
    (found,) = made.found
    assert "iconv -f gb18030 -t utf-8" in found.hint


@pytest.mark.parametrize("name", ["exports/log.jsonl", "exports/traces.jsonl", "exports/../exports/new/t.jsonl"])
@pytest.mark.parametrize("field", ["to", "badcases"])
def test_an_import_never_writes_among_the_exports(tmp_path: Path, name: str, field: str) -> None:
    row = {"request": {"model": "m", "messages": [{"role": "user", "content": "问"}]}, "response": "答"}
    (tmp_path / "exports").mkdir()
    path = write(tmp_path / "exports" / "log.jsonl", [row])
    before = path.read_bytes()
    targets = {"to": tmp_path / "traces.jsonl"} | {field: tmp_path / name}
    made = import_files(ImportRequest(paths=[tmp_path / "exports"], **targets), lambda what, number: None)
    assert [each.code for each in made.found] == ["RND503"]
    assert path.read_bytes() == before
    assert [each.name for each in (tmp_path / "exports").iterdir()] == ["log.jsonl"]


def test_traces_and_badcases_need_two_files(tmp_path: Path) -> None:
    path = write(tmp_path / "log.jsonl", [{"request": {"messages": [{"role": "user", "content": "q"}]}}])
    _, made = imported(tmp_path, path, badcases=tmp_path / "out" / "traces.jsonl")
    assert [each.message for each in made.found] == ["`--to` and `--badcases` name the same file"]
    assert not made.written


def test_files_that_the_recorder_rotated_are_imported_too(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    for number, name in enumerate(["t.jsonl", "t.jsonl.1", "t.jsonl.2"]):
        row = {"schema": "trainspec.dev/trace/v1", "id": f"t{number}", "source": "app", "query": "问", "answer": "答"}
        (tmp_path / "app" / name).write_text(json.dumps(row) + "\n", encoding="utf-8")
    traces, made = imported(tmp_path, tmp_path / "app")
    assert ([each.id for each in traces], made.found) == (["t0", "t1", "t2"], [])
