"""Against the real langchain-core, with its fake models."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.language_models.fake import FakeListLLM
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableLambda, RunnableParallel
from langchain_core.tools import tool

from runtime.trace import counts, record
from runtime.trace.langchain import TraceCallbacks


class Shelf(BaseRetriever):
    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        return [Document(page_content=f"about {query}", metadata={"page": 1})]


@tool
def weigh(parcel: int) -> int:
    """Weigh a parcel."""
    if parcel < 0:
        raise ValueError("no such parcel")
    return 2 * parcel


def chain(parcel: int = 3) -> Runnable:
    def look(question: dict, config: dict) -> dict:
        found = Shelf().invoke(question["q"], config=config)
        weigh.invoke({"parcel": parcel}, config=config)
        return {"q": question["q"], "context": found[0].page_content}

    prompt = ChatPromptTemplate.from_messages([("system", "Use {context}."), ("human", "{q}")])
    reply = AIMessage(
        "It is heavy.",
        usage_metadata={"input_tokens": 7, "output_tokens": 3, "total_tokens": 10},
        response_metadata={"model_name": "fake/1"},
    )
    return RunnableLambda(look) | prompt | GenericFakeChatModel(messages=iter([reply] * 9))


def parts(made: dict) -> dict[str, tuple[str, str | None]]:
    names = {each["id"]: each["component"] for each in made["steps"]}
    return {each["component"]: (each["kind"], names.get(each.get("parent"))) for each in made["steps"]}


WHOLE = {
    "RunnableSequence": ("chain", None),
    "look": ("chain", "RunnableSequence"),
    "Shelf": ("retrieval", "look"),
    "weigh": ("tool", "look"),
    "ChatPromptTemplate": ("chain", "RunnableSequence"),
    "GenericFakeChatModel": ("model", "RunnableSequence"),
}


def test_a_root_run_is_a_trace(recorded: Callable) -> None:
    read = recorded()
    config = {"callbacks": [TraceCallbacks(prompt_version="v2")], "metadata": {"session_id": "s"}}
    chain().invoke({"q": "parcel"}, config=config)
    (made,) = read()
    assert parts(made) == WHOLE
    assert (made["query"], made["session"], made["model"]) == ({"q": "parcel"}, "s", "fake/1")
    assert made["answer"] == {"role": "assistant", "content": "It is heavy."}
    steps = {each["component"]: each for each in made["steps"]}
    assert steps["Shelf"]["output"] == [{"id": None, "text": "about parcel", "metadata": {"page": 1}}]
    assert (steps["weigh"]["input"], steps["weigh"]["output"]) == ({"parcel": 3}, 6)
    model = steps["GenericFakeChatModel"]
    assert model["input"] == [{"role": "system", "content": "Use about parcel."}, {"role": "user", "content": "parcel"}]
    assert (model["tokens"], model["prompt_version"]) == ({"input": 7, "output": 3}, "v2")
    assert made["losses"] == []


def test_inside_of_record_runs_are_steps(recorded: Callable) -> None:
    read = recorded()

    async def main() -> None:
        with record("parcel") as trace:
            reply = await chain().ainvoke({"q": "parcel"}, config={"callbacks": [TraceCallbacks()]})
            trace.answer = reply.content

    asyncio.run(main())
    (made,) = read()
    assert (made["query"], made["answer"]) == ("parcel", "It is heavy.")
    assert parts(made) == WHOLE


def test_a_stream_keeps_its_input_and_its_chunks(recorded: Callable) -> None:
    read = recorded()
    handler = TraceCallbacks()
    assert (
        "".join(each.content for each in chain().stream({"q": "p"}, config={"callbacks": [handler]})) == "It is heavy."
    )
    stream = chain().stream({"q": "p"}, config={"callbacks": [handler]})
    first = next(stream).content
    stream.close()
    whole, early = read()
    assert whole["query"] == {"q": "p"}
    assert whole["answer"]["content"] == "It is heavy."
    assert early["query"] == {"q": "p"}
    assert early["steps"][-1]["output"] == first
    assert counts() == {}


def test_errors_are_recorded_and_raised(recorded: Callable) -> None:
    read = recorded()
    with pytest.raises(ValueError, match="no such parcel"):
        chain(-1).invoke({"q": "p"}, config={"callbacks": [TraceCallbacks()]})
    (made,) = read()
    assert made["error"] == "ValueError: no such parcel"
    assert {each["component"] for each in made["steps"] if "error" in each} == {"weigh", "look", "RunnableSequence"}


def test_parallel_runs_and_threads_of_one_handler(recorded: Callable) -> None:
    read = recorded()
    both = RunnableParallel(a=chain(), b=chain())
    both.batch([{"q": str(number)} for number in range(6)], config={"callbacks": [TraceCallbacks()]})
    made = read()
    assert sorted(each["query"]["q"] for each in made) == list("012345")
    assert all(len(each["steps"]) == 13 for each in made)


def test_messages_are_copied_when_the_run_starts(recorded: Callable) -> None:
    read = recorded()
    messages: list[Any] = [HumanMessage("one")]

    def work(given: list[Any]) -> str:
        given.append(AIMessage("two"))
        return "done"

    RunnableLambda(work).invoke(messages, config={"callbacks": [TraceCallbacks()]})
    assert read()[0]["query"] == [{"role": "user", "content": "one"}]


def test_a_model_that_completes_texts(recorded: Callable) -> None:
    read = recorded()
    FakeListLLM(responses=["yes"]).invoke("really?", config={"callbacks": [TraceCallbacks()]})
    (made,) = read()
    assert (made["query"], made["answer"]) == ("really?", "yes")
    assert {each["kind"] for each in made["losses"]} == {"no-model", "no-tokens"}
