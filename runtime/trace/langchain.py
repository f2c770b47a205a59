"""Record LangChain runs by a callback handler: `chain.invoke(question, config={"callbacks": [TraceCallbacks()]})`.

Written for `langchain_core.callbacks.BaseCallbackHandler` of langchain-core 1.8.
"""

import threading
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import BaseMessage

from .part import current
from .report import report
from .snapshot import error_text
from .steps import Step

MOST_RUNS = 10_000  # that are open; LangChain does not end a run whose stream its consumer abandons


class TraceCallbacks(BaseCallbackHandler):
    """Records each root run as a trace, and the runs below as steps; inside of `record`, all runs as steps of that.

    One handler serves many runs at once, in threads and tasks. `session` comes from the run's metadata (`session_id`
    or `thread_id`). `prompt_version` is that of all runs, unless metadata have one.
    """

    run_inline = True  # in the thread or task of the run, so that `record` is found
    raise_error = False

    def __init__(self, prompt_version: str | None = None) -> None:
        self._prompt_version = prompt_version
        self._runs: dict[UUID, Step] = {}
        self._lock = threading.Lock()

    def on_chain_start(self, serialized: Any, inputs: Any, **run: Any) -> None:
        """Start a chain."""
        self._start("chain", serialized, messages_of(inputs), run)

    def on_llm_start(self, serialized: Any, prompts: list[str], **run: Any) -> None:
        """Start a call of a model that completes texts."""
        self._start("model", serialized, prompts[0] if len(prompts) == 1 else prompts, run)

    def on_chat_model_start(self, serialized: Any, messages: list[list[BaseMessage]], **run: Any) -> None:
        """Start a call of a chat model."""
        self._start("model", serialized, messages_of(messages[0] if len(messages) == 1 else messages), run)

    def on_retriever_start(self, serialized: Any, query: str, **run: Any) -> None:
        """Start a retrieval."""
        self._start("retrieval", serialized, query, run)

    def on_tool_start(self, serialized: Any, input_str: str, inputs: Any = None, **run: Any) -> None:
        """Start a call of a tool."""
        self._start("tool", serialized, input_str if inputs is None else inputs, run)

    def on_llm_new_token(self, token: Any, *, run_id: UUID, **_: Any) -> None:
        """Keep what a stream has sent so far, in case that it does not reach its end."""
        part = self._runs.get(run_id)
        if part is not None and token:
            part.add(token)

    def on_llm_end(self, response: Any, *, run_id: UUID, **_: Any) -> None:
        """End a call of a model with its first answer, its tokens, and the model that answered."""
        step = self._runs.get(run_id)
        if step is not None:
            try:
                _note_answer(step, response)
            except Exception as error:
                report("an answer of LangChain is not recorded", error_text(error))
        self._end(run_id)

    def on_chain_end(self, outputs: Any, *, run_id: UUID, **more: Any) -> None:
        """End a chain."""
        self._know_input(run_id, more)
        self._end_with(run_id, messages_of(outputs))

    def on_chain_error(self, error: BaseException, *, run_id: UUID, **more: Any) -> None:
        """End a chain with its error."""
        self._know_input(run_id, more)
        self._end(run_id, error)

    def on_retriever_end(self, documents: Sequence[Any], *, run_id: UUID, **_: Any) -> None:
        """End a retrieval with its documents."""
        self._end_with(run_id, [_document(each) for each in documents])

    def on_tool_end(self, output: Any, *, run_id: UUID, **_: Any) -> None:
        """End a call of a tool."""
        self._end_with(run_id, messages_of(output))

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **_: Any) -> None:
        """End a run with its error."""
        self._end(run_id, error)

    on_retriever_error = on_tool_error = on_llm_error

    def _start(self, kind: str, serialized: Any, value: Any, run: dict[str, Any]) -> None:
        metadata, name = run.get("metadata") or {}, _name(serialized, run)
        parent = run.get("parent_run_id")
        above = (self._runs.get(parent) if parent else None) or current()
        model = metadata.get("ls_model_name") if kind == "model" else None
        version = metadata.get("prompt_version") or self._prompt_version
        kind = "agent" if kind == "chain" and "agent" in name.lower() else kind
        step = Step(name, value, kind, above, model, version, {"tags": run["tags"]} if run.get("tags") else {})
        step.open()
        if above is None:  # the step is a trace of its own
            step.trace.id = run["run_id"].hex
            step.trace.session = metadata.get("session_id") or metadata.get("thread_id")
        with self._lock:
            if len(self._runs) >= MOST_RUNS:
                self._runs.pop(next(iter(self._runs)))
                report("too many LangChain runs are open, the oldest is dropped")
            self._runs[run["run_id"]] = step

    def _know_input(self, run_id: UUID, more: dict[str, Any]) -> None:
        """Note the input of a streamed chain, which LangChain gives at its end."""
        step = self._runs.get(run_id)
        if step is not None and "inputs" in more:
            step.know_input(None if more["inputs"] == {"input": ""} else messages_of(more["inputs"]))

    def _end_with(self, run_id: UUID, output: Any) -> None:
        step = self._runs.get(run_id)
        if step is not None:
            step.output = output
        self._end(run_id)

    def _end(self, run_id: UUID, error: BaseException | None = None) -> None:
        with self._lock:
            step = self._runs.pop(run_id, None)
        if step is not None:
            step.close(error)


def messages_of(value: Any) -> Any:
    """Return a value with its messages in the form of OpenAI's API; other values stay as they are."""
    if isinstance(value, BaseMessage):
        role = {"human": "user", "ai": "assistant"}.get(value.type, value.type)
        made: dict[str, Any] = {"role": role, "content": value.content}
        for name in ("tool_calls", "tool_call_id", "name"):
            if getattr(value, name, None):
                made[name] = getattr(value, name)
        return made
    if isinstance(value, (list, tuple)):
        return [messages_of(each) for each in value]
    if isinstance(value, dict):
        return {key: messages_of(inner) for key, inner in value.items()}
    return messages_of(value.messages) if hasattr(value, "to_messages") and hasattr(value, "messages") else value


def _name(serialized: Any, run: dict[str, Any]) -> str:
    known = serialized if isinstance(serialized, dict) else {}
    return str(run.get("name") or known.get("name") or (known.get("id") or ["run"])[-1])


def _note_answer(step: Step, response: Any) -> None:
    """Note the first generation of a result, its tokens and its model."""
    generation, more = response.generations[0][0], response.llm_output or {}
    message = getattr(generation, "message", None)
    step.output = generation.text if message is None else messages_of(message)
    usage = getattr(message, "usage_metadata", None) or {}
    older = more.get("token_usage") or {}
    counted = usage.get("input_tokens", older.get("prompt_tokens"))
    step.tokens = (counted, usage.get("output_tokens", older.get("completion_tokens")))
    answered = (getattr(message, "response_metadata", None) or {}).get("model_name") or more.get("model_name")
    step.model = answered or step.model


def _document(value: Any) -> dict[str, Any]:
    return {"id": value.id, "text": value.page_content, "metadata": value.metadata}
