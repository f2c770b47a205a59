"""All formats, in the order in which they are tried: the more particular signs first."""

from collections.abc import Iterable

from compiler.run.imports.formats import langfuse, langsmith, mlflow, native, openai, openinference, otlp
from compiler.run.imports.span import Format, Row

FORMATS = {
    each.name: each
    for each in (
        Format(
            name="native",
            title="native traces",
            recognises=native.recognises,
            read=native.read,
            lacks=frozenset({"no-latency", "no-model", "no-tokens"}),  # a native trace that has these says so itself
        ),
        Format(name="otlp", title="OTLP/JSON", recognises=otlp.recognises, read=otlp.read),
        Format(
            name="openinference",
            title="OpenInference (Phoenix)",
            recognises=openinference.recognises,
            read=openinference.read,
        ),
        Format(name="langfuse", title="Langfuse", recognises=langfuse.recognises, read=langfuse.read),
        Format(name="langsmith", title="LangSmith", recognises=langsmith.recognises, read=langsmith.read),
        Format(name="mlflow", title="MLflow", recognises=mlflow.recognises, read=mlflow.read),
        Format(
            name="openai",
            title="OpenAI logs",
            recognises=openai.recognises,
            read=openai.read,
            lacks=frozenset({"no-latency"}),
        ),
    )
}


def format_of(rows: Iterable[Row]) -> Format | None:
    """Return the format that one of the rows shows; None if none does."""
    for row in rows:
        for each in FORMATS.values():
            if each.recognises(row):
                return each
    return None
