"""Advice leads somewhere: following it changes the decision or removes it, and following it again and again ends."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from hypothesis import given, settings
from selection.decisions import world
from selection.decisions.table import CASES
from selection.test_decision_properties import TRAINERS, any_facts, methods

from compiler.selection import Phase, Selection, select
from compiler.selection.facts import Facts, Source
from compiler.selection.faults import Attribution
from compiler.selection.figures import Reading, Round, Verdict
from compiler.selection.probe_verdicts import MEASURED_BY, field_name
from compiler.spec.schema.types import GapKind, Purpose

Follow = Callable[[Facts, re.Match[str]], Facts]
MANY = settings(deadline=None, max_examples=200)
ENOUGH = 200  # rows, more than any threshold asks for


def with_rows(facts: Facts, purpose: Purpose, make: Source) -> Facts:
    """The facts after people added a source, in the place of those with the same name."""
    others = tuple(each for each in facts.sources if each.name != make.name)
    return rejoined(replace(facts, sources=(*others, make)))


def rejoined(facts: Facts) -> Facts:
    rows = sum(each.file.rows for each in facts.of(Purpose.BADCASES))
    found = facts.attribution
    gone = found.rows - found.remaining
    return replace(facts, attribution=replace(found, rows=rows, remaining=max(0, rows - gone)))


def fixed(facts: Facts, name: str = "") -> Facts:
    """The facts after the faults of a component, or of all, are fixed and the rest is labelled."""
    faults = tuple(each for each in facts.attribution.faults if name and each.name != name)
    groups = tuple(each for each in facts.badcase_groups if each.at_fault and name and each.at_fault != name)
    kept = groups or tuple(each for each in facts.badcase_groups if not each.at_fault)
    rows = facts.attribution.rows
    measures = {key: value for key, value in facts.measures.items() if key != "gold_output"}
    remaining = rows if not faults else facts.attribution.remaining or 1
    attribution = Attribution(rows=rows, remaining=remaining, faults=faults)
    plain = tuple(unlabelled(each) for each in facts.sources)
    return replace(facts, attribution=attribution, badcase_groups=kept, measures=measures, sources=plain)


def unlabelled(source: Source) -> Source:
    if source.purpose is not Purpose.BADCASES:
        return source
    file = source.file
    label = world.label(file.rows, answered=file.answered, near=file.near)
    return replace(source, file=replace(file, labels=(label,), classes=(("undetermined", file.rows),)))


def fresh_rounds(facts: Facts, count: int) -> Facts:
    """The facts after rounds on a large test set, with the decoding of the spec."""
    made = world.rounds(*[0.3] * count, decoding=facts.decoding)
    named = tuple(replace(each, name=f"v{len(facts.rounds) + n}") for n, each in enumerate(made))
    return also_by_others(replace(facts, rounds=(*facts.rounds, *named)), named)


def more_rounds(facts: Facts, count: int) -> Facts:
    """The facts after further rounds on the questions of the latest, which gain nothing."""
    last, top = facts.rounds[-1], max(each.score for each in facts.rounds)
    named = tuple(replace(last, name=f"v{len(facts.rounds) + n}", score=top) for n in range(count))
    return also_by_others(replace(facts, rounds=(*facts.rounds, *named)), named)


def also_by_others(facts: Facts, made: tuple[Round, ...]) -> Facts:
    """The facts after the same rounds were scored by the other metrics, where these have rounds."""
    others = {
        metric: (*rounds, *(replace(each, score=max(one.score for one in rounds)) for each in made))
        for metric, rounds in facts.other_rounds.items()
        if rounds
    }
    return replace(facts, other_rounds={**facts.other_rounds, **others})


def measured(facts: Facts, *names: str) -> Facts:
    """The facts after a probe measured these measures: its gaps are absent but for the first, which is present."""
    kinds = [kind for kind in GapKind if {field_name(name) for name in MEASURED_BY[kind]} & {*names}]
    found: dict[GapKind, Reading] = {}
    for kind in kinds:
        found[kind] = world.reading("present" if not found else "absent")
    return replace(facts, readings={**facts.readings, **found}, measures={**facts.measures, **figures(names)})


def figures(names: Sequence[str]) -> dict[str, object]:
    known = {field_name(name): name for names in MEASURED_BY.values() for name in names}
    return {known[name]: world.measure(0.5) for name in names if name in known}


def more_questions(facts: Facts, match: re.Match[str]) -> Facts:
    more = int(match[1].replace(",", ""))
    held_out = world.held_out(sum(each.file.rows for each in facts.of(Purpose.EVALUATION)) + more)
    others = tuple(each for each in facts.sources if each.purpose is not Purpose.EVALUATION)
    grown = tuple(replace(each, questions=each.questions + more) for each in facts.rounds)
    further = {
        name: tuple(replace(each, questions=each.questions + more) for each in rounds)
        for name, rounds in facts.other_rounds.items()
    }
    return replace(facts, sources=(*others, held_out), rounds=grown, other_rounds=further)


def all_questions(facts: Facts, match: re.Match[str]) -> Facts:
    questions = int(match[1].replace(",", ""))
    return replace(facts, rounds=tuple(replace(each, questions=questions) for each in facts.rounds))


def lower_target(facts: Facts, match: re.Match[str]) -> Facts:
    target = float(match[1]) if match.lastindex else 0.5
    return replace(facts, goals=tuple(replace(each, target=min(each.target, target)) for each in facts.goals))


def without_result(facts: Facts, match: re.Match[str]) -> Facts:
    return replace(facts, results=tuple(each for each in facts.results if each.method != match[1]))


def trained_again(facts: Facts, method: str, *, gains: bool) -> Facts:
    make = world.result if gains else world.plateau
    return replace(facts, results=(*facts.results, make(method)))


def passing(facts: Facts) -> Facts:
    return replace(facts, preflight=world.preflight())


# what people do who follow a piece of advice, by its words
FOLLOWED: tuple[tuple[str, Follow], ...] = (
    (r"make the system run", lambda facts, _: replace(facts, runs_end_to_end=True)),
    (r"install the recorder", lambda facts, _: replace(facts, full_chain_traces=True)),
    (r"label \d+ more badcases", lambda facts, _: with_rows(facts, Purpose.BADCASES, world.badcases(ENOUGH))),
    (r"review the rows", lambda facts, _: with_rows(facts, Purpose.BADCASES, world.badcases(ENOUGH))),
    (r"say what runs in `([^`]*)`", lambda facts, match: fixed(facts, match[1])),
    (r"fix `([^`]*)` where it fails", lambda facts, match: fixed(facts, match[1])),
    (r"fix the \w+ `([^`]*)` first", lambda facts, match: fixed(facts, match[1])),
    (r"fix the agent's code or prompt", lambda facts, _: fixed(facts, "flow control")),
    (r"fix (these faults|the components|`)", lambda facts, _: fixed(facts)),
    (r"label the `kind` or `component`", lambda facts, _: fixed(facts)),
    (r"then compile again", lambda facts, _: fixed(facts)),
    (r"decode at temperature (\S+)", lambda facts, match: decoded(facts)),
    (r"label or replay", lambda facts, _: replace(facts, badcase_groups=())),
    (r"add (typical|explicit)|restructure", lambda facts, _: replace(facts, badcase_groups=())),
    (r"measure (\d+) prompt rounds", lambda facts, match: fresh_rounds(facts, int(match[1]))),
    (r"measure (\d+) more round", lambda facts, match: more_rounds(facts, int(match[1]))),
    (r"measure the current prompt|measure prompt rounds", lambda facts, _: fresh_rounds(facts, 1)),
    (r"improve the prompt", lambda facts, _: more_rounds(facts, facts.thresholds.plateau_rounds)),
    (r"add ([\d,]+) questions", more_questions),
    (r"measure the best prompt on all ([\d,]+)", all_questions),
    (r".*lower the target to ([\d.]+\d)", lower_target),
    (r"lower the target", lower_target),
    (r"measure `(\w+)` of `[^`]*` on the test set", lambda facts, match: other_metric(facts, match[1])),
    (r"measure `(\w+)` before and after", lambda facts, _: replace(facts, guards=())),
    (r"measure `(max\w+)`", lambda facts, match: serving(facts, match[1])),
    (r"measure the teacher", lambda facts, _: teacher_measured(facts)),
    (r"(name|choose) a (stronger|better) ", lambda facts, _: teacher_measured(replace(facts, teacher=world.teacher()))),
    (r"choose a teacher whose licence", lambda facts, _: replace(facts, teacher=world.teacher())),
    (r"name a smaller model", lambda facts, _: smaller_model(facts)),
    (r"add held-out rows of purpose `evaluation`", lambda facts, _: with_rows(facts, Purpose.EVALUATION, world.held_out(ENOUGH))),
    (r"add a data source of purpose `prompts`", lambda facts, _: with_rows(facts, Purpose.PROMPTS, world.prompts(ENOUGH))),
    (r"add a data source of purpose `general`", lambda facts, _: with_rows(facts, Purpose.GENERAL, world.general())),
    (r"run the probe on the badcases", lambda facts, _: measured(facts, *(field_name(name) for name in MEASURED_BY[GapKind.UNSTABLE]))),
    (r"run the probe on the current policy", lambda facts, _: replace(facts, measures={**facts.measures, "pass_at16": world.measure(0.8)})),
    (r"probe more prompts", lambda facts, _: decided(facts)),
    (r"measure (`.*`) on the badcases", lambda facts, match: measured(facts, *re.findall(r"`(\w+)`", match[1]))),
    (r"read the badcases", lambda facts, _: decided(facts, Verdict.PRESENT)),
    (r"(write|use few-shot prompts or augmentation until).*demonstrations", lambda facts, _: with_rows(facts, Purpose.DEMONSTRATIONS, world.demos(ENOUGH))),
    (r"(write|mark the wrong steps of) .*chains", lambda facts, _: with_rows(facts, Purpose.CHAINS, world.chains(ENOUGH))),
    (r"collect (pairs|human corrections)", lambda facts, _: with_rows(facts, Purpose.PREFERENCES, world.pairs(ENOUGH))),
    (r"collect marked answers", lambda facts, _: with_rows(facts, Purpose.PREFERENCES, world.thumbs(ENOUGH))),
    (r"for dpo later", lambda facts, _: with_rows(facts, Purpose.PREFERENCES, world.pairs(ENOUGH))),
    (r"collect badcases again after", lambda facts, _: logged_after_sft(facts)),
    (r"pre-train on the part of the corpus", lambda facts, _: with_rows(facts, Purpose.CORPUS, world.corpus())),
    (r"expand the corpus", lambda facts, _: with_rows(facts, Purpose.CORPUS, world.corpus())),
    (r"use retrieval|retrieval alone", lambda facts, _: readable(facts)),
    (r"solve the unknown domain", lambda facts, _: readable(facts)),
    (r"teach the (task|policy) first", lambda facts, _: taught(facts)),
    (r"define `spec.reward`", lambda facts, _: replace(facts, reward=world.reward())),
    (r"run and evaluate sft or dpo", lambda facts, _: trained_again(facts, "sft", gains=False)),
    (r"correct the data of (\S+), and remove", without_result),
    (r"correct the data of (\S+), and run", lambda facts, match: trained_again(facts, match[1], gains=False)),
    (r"collect the badcases that (\w+) leaves", lambda facts, match: trained_again(facts, match[1], gains=False)),
    (r"choose prompts that", lambda facts, _: replace(facts, readings={**facts.readings, GapKind.RULE_CONSTRAINTS: world.reading()})),
    (r"fix the reward|run the pre-flight|score held-out pairs|make the reward repeatable", lambda facts, _: passing(facts)),
    (r"(keep the prompt unchanged|deploy )", lambda facts, _: facts),
)  # fmt: skip
OF_DONE = re.compile(r"keep the prompt unchanged|deploy ")


def decoded(facts: Facts) -> Facts:
    run = max(facts.probes, key=lambda each: each.pass_at1.low, default=None)
    score = run.pass_at1.value if run is not None else 0.9
    decoding = run.decoding if run is not None else world.decoding()
    return replace(facts, decoding=decoding, rounds=world.rounds(score, score, score, decoding=decoding))


def smaller_model(facts: Facts) -> Facts:
    """The facts of a student that nobody has measured yet, and whose teacher is the model so far."""
    limits = tuple(replace(each, measured=None) for each in facts.limits)
    return replace(
        facts, model="small/1", rounds=world.rounds(0.1, 0.1, 0.1), results=(), probes=(), limits=limits,
        other_rounds={}, teacher=world.teacher(),
    )  # fmt: skip


def other_metric(facts: Facts, metric: str) -> Facts:
    given = tuple(replace(each, score=0.9) for each in facts.rounds)
    scored = tuple(
        replace(each, scores={**each.scores, metric: each.scores.get(metric, world.measure(0.9))})
        for each in facts.results
    )
    return replace(facts, other_rounds={**facts.other_rounds, metric: given}, results=scored)


def serving(facts: Facts, field: str) -> Facts:
    kept = tuple(
        replace(each, measured=world.measure(each.limit / 2)) if each.field == field else each for each in facts.limits
    )
    return replace(facts, limits=kept)


def teacher_measured(facts: Facts) -> Facts:
    return replace(facts, measures={**facts.measures, "teacher_pass_at1": world.measure(0.99)})


def decided(facts: Facts, verdict: Verdict = Verdict.ABSENT) -> Facts:
    clear = {
        kind: world.reading(str(verdict))
        if each.verdict is Verdict.INSUFFICIENT or verdict is Verdict.PRESENT
        else each
        for kind, each in facts.readings.items()
    }
    return replace(facts, readings=clear)


def logged_after_sft(facts: Facts) -> Facts:
    again = tuple(
        replace(each, file=replace(each.file, models=((f"{facts.model}+shop-sft-0/adapter", each.file.rows),)))
        if each.purpose is Purpose.BADCASES
        else each
        for each in facts.sources
    )
    return replace(facts, sources=again)


def readable(facts: Facts) -> Facts:
    kept = {kind: each for kind, each in facts.readings.items() if kind is not GapKind.UNKNOWN_DOMAIN}
    declared = tuple(each for each in facts.declared if each.kind is not GapKind.UNKNOWN_DOMAIN)
    return replace(facts, readings=kept, declared=declared, gaps=frozenset(each.kind for each in declared), recall=None)


def taught(facts: Facts) -> Facts:
    able = {"pass_at16": world.measure(0.8)}
    learnt = replace(facts, measures={**facts.measures, **able}, base_measures={**facts.base_measures, **able})
    return with_rows(learnt, Purpose.DEMONSTRATIONS, world.demos(ENOUGH))


def follow(facts: Facts, text: str) -> Facts:
    """The facts after somebody has followed a piece of advice."""
    for words, change in FOLLOWED:
        if match := re.match(words, text):
            return change(facts, match)
    raise AssertionError(f"nobody knows how to follow `{text}`")


def answer(made: Selection) -> object:
    return made.phase, tuple((each.method, each.sources, each.made_by) for each in made.stages)


def test_every_advice_of_the_decision_table_can_be_followed() -> None:
    for case in CASES:
        for _, text in select(case.facts).advice:
            follow(case.facts, text)


@given(any_facts())
@MANY
def test_following_a_piece_of_advice_changes_the_decision_or_removes_the_advice(facts: Facts) -> None:
    made = select(facts)
    for rule, text in made.advice:
        if not OF_DONE.match(text):
            after = select(follow(facts, text))
            assert answer(after) != answer(made) or (rule, text) not in after.advice, (rule, text)


@given(any_facts())
@MANY
def test_following_advice_again_and_again_ends(facts: Facts) -> None:
    seen: list[str] = []
    for _ in range(30):
        made = select(facts)
        if methods(made) & TRAINERS or made.phase is Phase.DONE or not made.advice:
            return
        assert repr(facts) not in seen, made.advice
        seen.append(repr(facts))
        facts = follow(facts, made.advice[0][1])
    raise AssertionError(f"still not at an end: {select(facts).advice}")
