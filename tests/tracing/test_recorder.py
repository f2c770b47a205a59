import asyncio
import contextvars
import gc
import inspect
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.contract.traces import Trace
from runtime.trace import bound, configure, counts, current, record, step

Losses = set[tuple[str, str]]


def losses(made: dict) -> Losses:
    return {(each["kind"], each["step"]) for each in made["losses"]}


def tree(made: dict) -> dict[str, str | None]:
    """Each component with that of its parent."""
    names = {each["id"]: each["component"] for each in made["steps"]}
    return {each["component"]: names.get(each.get("parent", "")) for each in made["steps"]}


def test_a_trace_holds_the_whole_chain(recorded: Callable) -> None:
    read = recorded()
    with record("Where is it?", session="s1", model="m/1", prompt_version="v3", tenant="x") as trace:
        with step("router", "Where is it?", kind="intent") as call:
            call.output = "tracking"
        with step("agent", kind="agent") as agent:
            with step("retriever", {"q": "it"}, kind="retrieval") as call:
                call.output = ["passage"]
            with step("model", [{"role": "user"}], kind="model", prompt_version="v4", temperature=0) as call:
                call.output, call.tokens = "There.", (12, 3)
            with step("carrier", {"id": 1}, kind="tool", parent=trace) as call, pytest.raises(KeyError):
                call.output = {}["x"]
            agent.output = "done"
        trace.answer = "There."
    (made,) = read()
    assert (made["query"], made["answer"], made["session"], made["intent"]) == (
        "Where is it?",
        "There.",
        "s1",
        "tracking",
    )
    assert (made["model"], made["prompt_version"], made["attributes"]) == ("m/1", "v3", {"tenant": "x"})
    assert tree(made) == {"router": None, "agent": None, "retriever": "agent", "model": "agent", "carrier": None}
    model = made["steps"][3]
    assert (model["tokens"], model["prompt_version"], model["attributes"]) == (
        {"input": 12, "output": 3},
        "v4",
        {"temperature": 0},
    )
    assert made["losses"] == []
    assert all(each["milliseconds"] >= 0 and each["started"] >= made["started"] for each in made["steps"])
    assert counts() == {}


def test_an_agent_that_appends_to_its_messages_does_not_change_what_was_recorded(recorded: Callable) -> None:
    read = recorded()
    messages = [{"role": "user", "content": "one"}]
    with record(messages) as trace:
        for turn in range(3):
            with step("model", messages, kind="model") as call:
                answer = {"role": "assistant", "content": f"answer {turn}"}
                call.output = answer
                messages.append(answer)
                answer["content"] = "changed"
        trace.answer = messages
        messages.clear()
    (made,) = read()
    assert [len(each["input"]) for each in made["steps"]] == [1, 2, 3]
    assert [each["output"]["content"] for each in made["steps"]] == ["answer 0", "answer 1", "answer 2"]
    assert (len(made["query"]), len(made["answer"])) == (1, 4)


def test_decorated_functions_of_every_kind(recorded: Callable) -> None:
    read = recorded()

    class Shop:
        @step("search", kind="retrieval")
        def search(self, query: str, *more: int, limit: int = 3) -> list[str]:
            """Find."""
            return [query] * limit

    @step("ask", kind="model")
    async def ask(prompt: str) -> str:
        return prompt.upper()

    @step("chunks", kind="model")
    def chunks(prompt: str) -> Iterator[str]:
        sent = yield prompt
        yield str(sent)
        return "end"

    @step("achunks", kind="model")
    async def achunks(prompt: str) -> AsyncIterator[dict]:
        for number in range(2):
            await asyncio.sleep(0)
            yield {"n": number}

    def outer() -> Iterator[str]:
        stream = chunks("a")
        yield next(stream)
        yield stream.send("b")
        with pytest.raises(StopIteration, match="end"):
            next(stream)

    async def all_of_them() -> None:
        assert await ask("a") == "A"
        assert [each async for each in achunks("b")] == [{"n": 0}, {"n": 1}]

    with record("q") as trace:
        assert Shop().search("x", 7, limit=2) == ["x", "x"]
        assert list(outer()) == ["a", "b"]
        asyncio.run(all_of_them())
        trace.answer = 1
    (made,) = read()
    shown = {each["component"]: (each["input"], each["output"]) for each in made["steps"]}
    assert shown == {
        "search": ({"query": "x", "limit": 2, "args": [7]}, ["x", "x"]),
        "chunks": ({"prompt": "a"}, "ab"),
        "ask": ({"prompt": "a"}, "A"),
        "achunks": ({"prompt": "b"}, [{"n": 0}, {"n": 1}]),
    }
    assert (Shop.search.__name__, Shop.search.__doc__) == ("search", "Find.")
    assert inspect.iscoroutinefunction(ask)
    assert inspect.isgeneratorfunction(chunks)
    assert inspect.isasyncgenfunction(achunks)


def test_a_decorated_function_alone_is_a_trace(recorded: Callable) -> None:
    read = recorded()

    @step("bot", kind="agent")
    def bot(query: str) -> str:
        with step("model", query, kind="model", model="m/2") as call:
            call.output = "hi"
        return "answer"

    bot("hello")
    (made,) = read()
    assert (made["query"], made["answer"], made["model"]) == ("hello", "answer", "m/2")
    assert tree(made) == {"bot": None, "model": "bot"}


def test_the_errors_of_the_application_pass_unchanged(recorded: Callable) -> None:
    read = recorded()
    error = ValueError("mine")

    @step("tool", kind="tool")
    def fails() -> None:
        raise error

    with pytest.raises(ValueError, match="mine") as raised, record("q"):
        fails()
    assert raised.value is error
    (made,) = read()
    assert made["error"] == made["steps"][0]["error"] == "ValueError: mine"
    assert losses(made) == set()


@pytest.mark.parametrize("stop", [SystemExit, KeyboardInterrupt, asyncio.CancelledError])
def test_stops_are_recorded_and_raised_again(recorded: Callable, stop: type[BaseException]) -> None:
    read = recorded()
    with pytest.raises(stop), record("q"), step("model", kind="model"):
        raise stop
    assert read()[0]["steps"][0]["error"] == stop.__name__


def test_a_cancelled_task_is_recorded_as_an_error(recorded: Callable) -> None:
    read = recorded()

    @step("model", kind="model")
    async def slow() -> None:
        await asyncio.sleep(3600)

    @step("stream", kind="model")
    async def stream() -> AsyncIterator[str]:
        yield "a"
        await asyncio.sleep(3600)

    async def consume() -> None:
        async for _ in stream():
            pass

    async def main() -> None:
        with record("q") as trace:
            for work in (slow(), consume()):
                task = asyncio.create_task(work)
                for _ in range(5):
                    await asyncio.sleep(0)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            trace.answer = 1

    asyncio.run(main())
    (made,) = read()
    assert [each["error"] for each in made["steps"]] == ["CancelledError", "CancelledError"]
    assert made["steps"][1]["output"] == "a"


def test_a_consumer_that_stops_early_leaves_what_it_had(recorded: Callable) -> None:
    read = recorded()

    @step("gen", kind="model")
    def gen() -> Iterator[str]:
        yield from "abcdef"

    @step("agen", kind="model")
    async def agen() -> AsyncIterator[str]:
        for each in "abcdef":
            yield each

    def plain() -> Iterator[str]:
        with step("inner", kind="model") as call:
            yield from call.stream("abcdef")

    async def early() -> None:
        stream = agen()
        async for each in stream:
            if each == "c":
                break
        await stream.aclose()

    with record("q") as trace:
        for stream in (gen(), plain()):
            assert next(stream) + next(stream) == "ab"
            stream.close()
        asyncio.run(early())
        trace.answer = 1
    (made,) = read()
    shown = {each["component"]: (each["output"], each["attributes"], each.get("error")) for each in made["steps"]}
    early_end = {"stopped_early": True}
    assert shown == {"gen": ("ab", early_end, None), "inner": ("ab", early_end, None), "agen": ("abc", early_end, None)}


def test_a_stream_that_nobody_finishes_shows_what_was_sent(recorded: Callable) -> None:
    read = recorded()

    @step("gen", kind="tool")
    def gen() -> Iterator[str]:
        yield from "abc"

    with record("q") as trace:
        stream = gen()
        next(stream)
        trace.answer = 1
    (made,) = read()
    assert made["steps"][0]["output"] == "a"
    assert losses(made) == {("no-latency", "1")}
    del stream
    gc.collect()
    assert len(read()) == 1


def test_a_streamed_answer(recorded: Callable) -> None:
    read = recorded()

    def handler() -> Iterator[str]:
        with record("q") as trace:
            yield from trace.stream(iter(["a", "b"]))

    async def ahandler() -> AsyncIterator[bytes]:
        async def source() -> AsyncIterator[str]:
            yield "a"
            raise ValueError("cut off")

        with record("q") as trace:
            async for each in trace.astream(source()):
                yield each

    async def consume() -> None:
        async for _ in ahandler():
            pass

    assert list(handler()) == ["a", "b"]
    with pytest.raises(ValueError, match="cut off"):
        asyncio.run(consume())
    whole, cut = read()
    assert whole["answer"] == "ab"
    assert (cut["answer"], cut["error"]) == ("a", "ValueError: cut off")


def test_steps_of_the_consumer_are_no_part_of_a_decorated_stream(recorded: Callable) -> None:
    read = recorded()

    @step("gen", kind="model")
    def gen() -> Iterator[str]:
        with step("inside"):
            yield_ = "a"
        yield yield_

    with record("q") as trace:
        for _ in gen():
            with step("outside"):
                pass
        trace.answer = 1
    assert tree(read()[0]) == {"gen": None, "inside": "gen", "outside": None}


def test_tasks_and_threads_find_their_parent(recorded: Callable) -> None:
    read = recorded()

    @step("leaf")
    def leaf(name: str) -> None: ...

    @step("task")
    async def task(name: str) -> None:
        await asyncio.sleep(0)
        with step(f"in-{name}"):
            await asyncio.sleep(0)

    async def main() -> None:
        with step("all"):
            await asyncio.gather(task("a"), task("b"), asyncio.to_thread(leaf, "c"))

    with record("q") as trace:
        asyncio.run(main())
        with step("pool") as pool, ThreadPoolExecutor(2) as threads:
            list(threads.map(bound(leaf), "xyz"))
            threads.submit(lambda: step("explicit", parent=pool).__enter__().close()).result()
            assert current() is pool
        trace.answer = 1
    (made,) = read()
    names = {each["id"]: each["component"] for each in made["steps"]}
    pairs = sorted((each["component"], names.get(each.get("parent"))) for each in made["steps"])
    assert pairs == [
        ("all", None),
        ("explicit", "pool"),
        ("in-a", "task"),
        ("in-b", "task"),
        *[("leaf", "all")],
        *[("leaf", "pool")] * 3,
        ("pool", None),
        *[("task", "all")] * 2,
    ]


def test_a_context_of_its_own_at_the_end_of_a_stream_does_no_harm(recorded: Callable) -> None:
    read = recorded()

    def handler() -> Iterator[int]:
        with record("q") as trace:
            yield 1
            trace.answer = 1

    stream = handler()
    contextvars.copy_context().run(next, stream)
    contextvars.copy_context().run(list, stream)
    assert len(read()) == 1
    assert current() is None


def test_sampling_depends_on_the_id_alone_and_keeps_every_error(recorded: Callable) -> None:
    def kept() -> set[str]:
        read = recorded(sample=0.2)
        for number in range(500):
            with record("q", id=str(number)) as trace:
                trace.answer = 1
            try:
                with record("q", id=f"error-{number}"), step("tool"):
                    raise ValueError
            except ValueError:
                pass
        return {each["id"] for each in read()}

    first = kept()
    assert {f"error-{number}" for number in range(500)} <= first
    assert 60 <= len(first) - 500 <= 140
    assert kept() == first


def test_bounds_of_a_value_and_of_a_trace(recorded: Callable) -> None:
    read = recorded(value_characters=100, trace_characters=250)
    with record("x" * 500) as trace:
        for _ in range(3):
            with step("tool", "y" * 500, kind="tool") as call:
                for _ in call.stream(["z" * 30] * 1000):
                    pass
        trace.answer = "a"
    (made,) = read()
    assert [len(each["input"]) for each in made["steps"]] == [100, 0, 0]
    assert len(json.dumps(made)) < 2500
    assert ("cut-text", "") in losses(made)
    assert {("cut-text", str(number)) for number in (1, 2, 3)} <= losses(made)


def test_an_endless_trace_is_bounded(recorded: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.trace.steps.MOST_STEPS", 50)
    read = recorded()
    with record("q") as trace:
        for _ in range(70):
            with step("tool"):
                pass
        trace.answer = 1
    (made,) = read()
    assert len(made["steps"]) == 50
    assert made["losses"] == [{"kind": "no-detail", "step": "", "detail": "20 more steps"}]


def test_steps_after_the_end_are_counted(recorded: Callable) -> None:
    read = recorded()
    with record("q") as trace:
        trace.answer = 1
    with step("late", parent=trace):
        pass
    assert read()[0]["steps"] == []
    assert counts() == {"a step starts after the end of its trace, and is not recorded": 1}


def test_what_a_trace_lacks_is_written(recorded: Callable) -> None:
    read = recorded()
    with record(), step("model", kind="model"):
        pass
    with record("a\ud800b") as trace:
        trace.answer = "\ud83d\ude00"
    bare, surrogates = read()
    assert losses(bare) == {("no-query", ""), ("no-answer", ""), ("no-model", "1"), ("no-tokens", "1")}
    assert (surrogates["query"], surrogates["answer"]) == ("a\ufffdb", "😀")
    assert losses(surrogates) == {("encoding", "")}


class Strange:
    def __eq__(self, other: object) -> bool:
        raise RuntimeError("eq")

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        raise RuntimeError("str")

    __repr__ = __str__


strange = st.one_of(
    st.none(), st.text(), st.integers(), st.binary(), st.lists(st.integers()), st.builds(Strange), st.builds(object), st.just("model")
)  # fmt: skip


@settings(max_examples=60)
@given(st.lists(strange, min_size=16, max_size=16))
def test_wrong_arguments_never_raise(tmp_path_factory: pytest.TempPathFactory, wrong: list[object]) -> None:
    path = tmp_path_factory.mktemp("t") / "t.jsonl"
    configure(path=path, components=["model"])
    with record(
        wrong[0], session=wrong[1], intent=wrong[2], model=wrong[3], prompt_version=wrong[4], id=wrong[5], more=wrong[6]
    ) as trace:
        with step(
            wrong[7], wrong[8], kind=wrong[9], parent=wrong[10], model=wrong[11], prompt_version=wrong[12]
        ) as call:
            call.output, call.tokens, call.attributes["x"] = wrong[13], wrong[14], wrong[15]
        trace.answer = wrong[15]
        trace.attributes = wrong[14]
        trace.intent = wrong[13]
    (line,) = path.read_bytes().splitlines()
    Trace.model_validate_json(line)


def test_a_component_that_the_spec_does_not_have_is_named_once(
    recorded: Callable, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded(components=["retriever"])
    with record("q") as trace:
        for name in ("retriever", "index", "index"):
            with step(name):
                pass
        trace.answer = 1
    assert capsys.readouterr().err.count("component `index` is not in the spec") == 1
    assert counts() == {"component `index` is not in the spec, add it there": 2}


def test_the_environment_overrides_the_path_and_turns_recording_off(
    recorded: Callable, monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    monkeypatch.setenv("TRAINSPEC_TRACES", str(tmp_path / "other.jsonl"))
    read = recorded()
    with record("q") as trace:
        trace.answer = 1
    assert (tmp_path / "other.jsonl").exists()
    assert read() == []
    monkeypatch.setenv("TRAINSPEC_TRACES", "")
    recorded()
    with record("q") as trace:
        trace.answer = 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other.jsonl"]


def test_threads_that_record_at_once_keep_their_traces_apart(recorded: Callable) -> None:
    read = recorded()

    def work(name: str) -> None:
        for number in range(20):
            with record(f"{name}{number}") as trace, step(f"s-{name}{number}") as call:
                call.output = trace.answer = f"{name}{number}"

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    made = read()
    assert len(made) == 80
    assert all(tree(each) == {f"s-{each['query']}": None} and each["answer"] == each["query"] for each in made)
