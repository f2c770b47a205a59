"""The data sources that each method can learn from."""

from collections.abc import Iterable

from compiler.selection.facts import Facts, Source
from compiler.selection.figures import Evidence
from compiler.selection.model import Replace
from compiler.selection.probe_verdicts import field_name
from compiler.spec.data.model import LabelCount
from compiler.spec.methods import METHODS
from compiler.spec.schema.types import Purpose, Shape

TRIED_BEFORE_RL = frozenset(each.name for each in METHODS.values() if each.tried_before_rl)


def names(sources: tuple[Source, ...]) -> tuple[str, ...]:
    """Return the names of sources, in their order."""
    return tuple(each.name for each in sources)


def rows(sources: tuple[Source, ...]) -> int:
    """Return the number of rows over all sources."""
    return sum(each.file.rows for each in sources)


def demonstrations(facts: Facts) -> tuple[Source, ...]:
    """Return the demonstrations of the shape with the most rows, since a stage reads one shape."""
    shapes = (Shape.PROMPT_COMPLETION, Shape.MESSAGES)
    return max((facts.of(Purpose.DEMONSTRATIONS, shape) for shape in shapes), key=rows)


def enough_demonstrations(facts: Facts) -> bool:
    """Return whether there are enough demonstrations for SFT."""
    return rows(demonstrations(facts)) >= facts.thresholds.min_demonstrations


def demonstrations_evidence(facts: Facts) -> Evidence:
    """Return how many demonstrations exist and how many are needed."""
    value = f"{rows(demonstrations(facts))} rows, {facts.thresholds.min_demonstrations} needed"
    return Evidence(source="data of purpose `demonstrations`", value=value)


def prompts(facts: Facts) -> tuple[Source, ...]:
    """Return sources of prompts to sample: prompts, else demonstrations, else badcases."""
    return facts.of(Purpose.PROMPTS) or demonstrations(facts) or facts.of(Purpose.BADCASES)


def answered_prompts(facts: Facts) -> tuple[Source, ...]:
    """Return sources whose rows have a right answer, so that samples can be checked."""
    answered = facts.of(Purpose.PROMPTS, Shape.PROMPT_COMPLETION)
    return answered or demonstrations(facts) or facts.of(Purpose.BADCASES)


def usable_pairs(source: Source, facts: Facts) -> int:
    """Return the number of pairs whose answers differ, without the badcases that are left out.

    None of a source counts while some of its rows may be faults of something else, and nobody can say which.
    """
    if source.shape is not Shape.BADCASE:
        return source.file.answered
    if facts.attribution.unjoined:
        return 0
    kept = [each for each in source.file.labels if not _is_left_out(each, facts)]
    return min(source.file.answered, sum(each.answered for each in kept))


def near_pairs(source: Source, facts: Facts) -> int:
    """Return the number of usable pairs whose answers are nearly identical."""
    if source.shape is not Shape.BADCASE:
        return source.file.near
    return sum(each.near for each in source.file.labels if not _is_left_out(each, facts))


def preference_data(facts: Facts) -> tuple[Source, ...]:
    """Return the best preference data: given pairs, else badcases, else marked answers.

    A kind with enough pairs comes before the others, if their answers differ by more than a character.
    """
    kinds = (
        facts.of(Purpose.PREFERENCES, Shape.PREFERENCE),
        facts.of(Purpose.BADCASES),
        facts.of(Purpose.PREFERENCES, Shape.UNPAIRED_PREFERENCE),
    )
    needed = facts.thresholds.min_pairs
    enough = [each for each in kinds[:2] if pairs(each, facts) >= needed]
    differ = [each for each in enough if pairs(each, facts) - sum(near_pairs(one, facts) for one in each) >= needed]
    thumbs = [kinds[2]] if kinds[2] else []
    return next(iter([*differ, *thumbs, *enough, *(each for each in kinds if each)]), ())


def usable_rows(sources: tuple[Source, ...], facts: Facts) -> int:
    """Return the number of rows over all sources, without the badcases that are left out."""
    return rows(sources) - sum(_left_out(each, facts) for each in sources)


def _left_out(source: Source, facts: Facts) -> int:
    if source.shape is not Shape.BADCASE:
        return 0
    if facts.attribution.unjoined:
        return source.file.rows
    return sum(each.rows for each in source.file.labels if _is_left_out(each, facts))


def _is_left_out(label: LabelCount, facts: Facts) -> bool:
    return any(each.matches(label) for each in facts.left_out)


def pairs(sources: tuple[Source, ...], facts: Facts) -> int:
    """Return the number of usable pairs over all sources."""
    return sum(usable_pairs(each, facts) for each in sources)


def removed(methods: Iterable[str], facts: Facts) -> list[Replace]:
    """Return the effects that remove methods, and the stages whose rows only these read."""
    gone = {*methods}
    makers = {each for stage in facts.chosen if stage.method in gone for each in stage.made_by}
    needed = {each for stage in facts.chosen if stage.method not in gone for each in stage.made_by}
    return [Replace(method=each) for each in (*methods, *sorted(makers - needed))]


def without_given_pairs(facts: Facts) -> list[Replace]:
    """Return the effects that take the given pairs from DPO, which stays only where the plan samples pairs for it."""
    if pairs_are_sampled(facts):
        return [Replace(method="dpo", by="dpo", sources=())]
    return removed(["dpo"], facts)


def pairs_are_sampled(facts: Facts) -> bool:
    """Return whether DPO learns from ranked samples, with or without given pairs."""
    return any(each.method == "dpo" and "sample" in each.made_by for each in facts.chosen)


def has_pairs(facts: Facts) -> bool:
    """Return whether there are enough pairs for DPO."""
    return pairs(preference_data(facts), facts) >= facts.thresholds.min_pairs


def pairs_evidence(facts: Facts) -> Evidence:
    """Return the preference data, with its rows and pairs."""
    shown = [_pairs_of(each, facts) for each in preference_data(facts)]
    return Evidence(source="preference data", value="; ".join(shown) or "none")


def _pairs_of(source: Source, facts: Facts) -> str:
    file = source.file
    if source.shape is Shape.UNPAIRED_PREFERENCE:
        return f"`{source.name}`: {file.rows:,} rows, each marked good or bad"
    left_out = file.answered - usable_pairs(source, facts)
    return (
        f"`{source.name}`: {file.rows:,} rows, {usable_pairs(source, facts):,} with both answers"
        + (f", {file.unanswered:,} without the wrong answer" if file.unanswered else "")
        + (f", {left_out:,} left out" if left_out else "")
    )


def gaps_evidence(facts: Facts) -> Evidence:
    """Return the gaps that the rules decide by."""
    return Evidence(source="gaps", value=", ".join(sorted(facts.gaps)) or "none")


def taken(measures: Iterable[str], facts: Facts) -> tuple[Evidence, ...]:
    """Return those of these measures that a probe took of the base model."""
    found = [(name, facts.base_measures[name]) for name in measures if name in facts.base_measures]
    return tuple(Evidence(source=f"{each.file} `{field_name(name)}`", value=str(each)) for name, each in found)
