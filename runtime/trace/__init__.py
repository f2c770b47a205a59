"""Record the whole chain of each query of an application: one trace a line, which `trainspec triage` reads.

    from trainspec_trace import configure, record, step

    configure(path="traces/shop.jsonl")

    @step("retriever", kind="retrieval")
    def search(query): ...

    with record(query, session=user.session, model="name/revision", prompt_version="v1") as trace:
        passages = search(query)
        with step("model", messages, kind="model") as call:
            call.output = reply = ask(messages)
            call.tokens = reply.usage.prompt_tokens, reply.usage.completion_tokens
        trace.answer = reply.text

Only the standard library of Python 3.11 is needed. Recording never raises: `counts()` has what went wrong, and stderr
the first of each kind. Values are copied when they are given; what cannot be copied is noted in `losses`.
"""

from .part import Part, bound, current
from .recorder import record, step
from .report import counts
from .steps import Step
from .traces import Trace
from .writer import Recorder, configure, default_recorder

__all__ = [
    "Part",
    "Recorder",
    "Step",
    "Trace",
    "bound",
    "configure",
    "counts",
    "current",
    "default_recorder",
    "record",
    "step",
]
