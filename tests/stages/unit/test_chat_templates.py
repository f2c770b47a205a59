"""Each family of chat templates is learnt as it is asked, or refused; each fault of a template is refused by name."""

from typing import Any

import pytest
from support.chat_families import FAMILIES, Family, tokenizer_of

from runtime.contract.answers import without_thoughts
from runtime.contract.errors import StageError
from runtime.data.answer_form import end_of_answers, require_template, shown
from runtime.data.examples import Example
from runtime.data.tokens import IGNORED, Limit, tokens_of
from runtime.model.prompts import prompts_of
from runtime.train.methods.sft import prepare

SYSTEM, USER, MORE = (
    {"role": "system", "content": "Answer in one word."},
    {"role": "user", "content": "几个歌手？"},
    {"role": "user", "content": "and bands?"},
)
ANSWER, LAST = {"role": "assistant", "content": "三个。"}, {"role": "assistant", "content": "two"}
CALL = {
    "role": "assistant",
    "content": "",
    "tool_calls": [{"type": "function", "function": {"name": "count", "arguments": {"table": "singers", "top": 7}}}],
}
RESULT = {"role": "tool", "name": "count", "content": '{"rows": "3 \\"solo\\""}'}
PROPERTIES = {"table": {"type": "string"}, "top": {"type": "integer"}}
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "count",
            "description": "Count the rows of a table.",
            "parameters": {"type": "object", "properties": PROPERTIES},
        },
    }
]
ANSWERING = [family for family in FAMILIES.values() if family.answers]


def example(turns: list[dict[str, Any]], **fields: Any) -> Example:
    return Example(place="talks.jsonl:1", is_made=False, turns=turns, **fields)


def talk(family: Family) -> list[dict[str, Any]]:
    return [*([SYSTEM] if family.system else []), USER, ANSWER, MORE, LAST]


def asked(turns: list[dict[str, Any]], tokenizer: Any, tools: Any = None) -> list[int]:
    """The prompt as evaluations, samples, GRPO, PPO and distillation ask it."""
    row = {"id": "row", "prompt": turns, "tools": tools}
    return prompts_of([row], tokenizer, answer_tokens=8, context=None)[0]


def learnt(tokens: Any) -> list[tuple[int, list[int]]]:
    """The learnt stretches, each with its start."""
    stretches: list[tuple[int, list[int]]] = []
    for at, label in enumerate(tokens.labels):
        if label == IGNORED:
            continue
        if at and tokens.labels[at - 1] != IGNORED:
            stretches[-1][1].append(label)
        else:
            stretches.append((at, [label]))
    return stretches


def refusal(turns: list[dict[str, Any]], tokenizer: Any, **fields: Any) -> Any:
    """The problem that ends the training on one row."""

    def train() -> None:
        require_template([example(turns)], tokenizer, "base/1")
        prepare([example(turns, **fields)], tokenizer, Limit(tokens=10_000, what="a test"))

    with pytest.raises(StageError) as caught:
        train()
    return caught.value.problem


def check_answers(turns: list[dict[str, Any]], tokenizer: Any, end: int, tools: Any = None) -> None:
    """Check that each answer is learnt right after its prompt, whole, and up to the end token."""
    require_template([example(turns)], tokenizer, "base/1")
    answers = [at for at, turn in enumerate(turns) if turn["role"] == "assistant"]
    stretches = [
        (tokens.ids[:start], ids)
        for tokens in tokens_of(example(turns, tools=tools), tokenizer)
        for start, ids in learnt(tokens)
    ]
    assert len(stretches) == len(answers)
    for at, (before, ids) in zip(answers, stretches, strict=True):
        assert before == asked(turns[:at], tokenizer, tools)
        answer = tokenizer.decode(ids[: ids.index(end)])
        if not turns[at].get("tool_calls"):
            assert without_thoughts(answer).strip() == turns[at]["content"]
        after = tokenizer.decode(ids[ids.index(end) + 1 :], skip_special_tokens=True)
        assert not after.strip()


@pytest.mark.parametrize("family", ANSWERING, ids=lambda family: family.name)
def test_answers_are_learnt_where_they_are_asked_for(family: Family) -> None:
    tokenizer = tokenizer_of(family)
    end = tokenizer.convert_tokens_to_ids(family.end)
    assert end_of_answers(tokenizer) == end
    check_answers(talk(family), tokenizer, end)
    assert asked([USER], tokenizer).count(tokenizer.bos_token_id) == ("bos_token" in family.template)


@pytest.mark.parametrize("family", ANSWERING, ids=lambda family: family.name)
def test_tools_and_calls_are_read_or_refused(family: Family) -> None:
    tokenizer = tokenizer_of(family)
    turns = [USER, CALL, RESULT, ANSWER]
    if family.tools:
        check_answers(turns, tokenizer, tokenizer.convert_tokens_to_ids(family.end), TOOLS)
    else:
        assert refusal(turns, tokenizer, tools=TOOLS).code == "RUN718"


@pytest.mark.parametrize("family", ANSWERING, ids=lambda family: family.name)
def test_thoughts_of_learnt_answers_are_learnt_or_refused(family: Family) -> None:
    tokenizer = tokenizer_of(family)
    turns = [USER, {**ANSWER, "reasoning_content": "a first guess"}, MORE, {**LAST, "reasoning_content": "so two"}]
    if not family.thoughts:
        problem = refusal(turns, tokenizer)
        assert (problem.code, "the thoughts of turn 4" in problem.message) == ("RUN718", True)
        return
    sequences = tokens_of(example(turns), tokenizer)
    text = "".join(tokenizer.decode(ids) for tokens in sequences for _, ids in learnt(tokens))
    assert "a first guess" in text
    assert "so two" in text
    assert "a first guess" not in tokenizer.decode(asked([*turns[:3]], tokenizer))  # as in use


def test_what_families_cannot_do_is_refused() -> None:
    assert "System role not supported" in refusal([SYSTEM, USER, ANSWER], tokenizer_of(FAMILIES["gemma2"])).message
    alternate = [USER, ANSWER, LAST]
    assert "roles must alternate" in refusal(alternate, tokenizer_of(FAMILIES["gemma3"])).message
    thinking = refusal([USER, ANSWER], tokenizer_of(FAMILIES["deepseek-r1"]))
    assert (thinking.code, thinking.message) == (
        "RUN725",
        "talks.jsonl:1: the generation prompt of turn 2 ends with `<think>\\n`, but the template writes "
        "`三个。<｜end▁of▁sentence｜>` there for the answer that is learnt",
    )
    with_thoughts = [USER, {"role": "assistant", "content": "<think>\nhm\n</think>\n三个。"}]
    dropped = refusal(with_thoughts, tokenizer_of(FAMILIES["deepseek-r1"]))
    assert (dropped.code, "the thoughts of turn 2 (`assistant`)" in dropped.message) == ("RUN718", True)
    assert asked([USER], tokenizer_of(FAMILIES["deepseek-r1"]))  # reinforcement learning has no given answers
    check_answers([USER, ANSWER], tokenizer_of(FAMILIES["qwen3"]), tokenizer_of(FAMILIES["qwen3"]).eos_token_id)


def test_switches_of_thoughts_are_no_text_that_a_template_must_keep() -> None:
    tokenizer = tokenizer_of(FAMILIES["smollm3"])
    turns = [{"role": "system", "content": "Be brief. /no_think"}, USER, ANSWER]
    check_answers(turns, tokenizer, tokenizer.eos_token_id)


CHATML, TALK = FAMILIES["chatml"], [SYSTEM, USER, ANSWER, MORE, LAST]
LOOP = "{% for message in messages %}"
HEAD = "<|im_start|>{{ message.role }}\n"
TURN = HEAD + "{{ message.content }}<|im_end|>\n"
CLOSE = "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
# A faulty template, the code, and what the message says.
BROKEN: dict[str, tuple[str, str, str]] = {
    "skips the system turn": (
        LOOP + "{% if message.role != 'system' %}" + TURN + "{% endif %}" + CLOSE,
        "RUN718",
        "talks.jsonl:1: the chat template does not write all of turn 1 (`system`), so it loses `Answer in one word.`",
    ),
    "cuts texts": (
        LOOP + HEAD + "{{ message.content[:6] }}<|im_end|>\n" + CLOSE,
        "RUN718",
        "does not write all of turn 1 (`system`)",
    ),
    "reads the last question only": (
        "{% for message in messages[-2:] %}" + TURN + CLOSE,
        "RUN718",
        "does not write all of turn 1 (`system`)",
    ),
    "changes letters": (
        LOOP + HEAD + "{{ message.content | upper }}<|im_end|>\n" + CLOSE,
        "RUN718",
        "does not write all of turn 1 (`system`)",
    ),
    "no end": (
        LOOP + HEAD + "{{ message.content }}\n" + CLOSE,
        "RUN724",
        "writes nothing after an answer",
    ),
    "an end that is no token": (
        LOOP + HEAD + "{{ message.content }}<|end|>\n" + CLOSE,
        "RUN724",
        "writes `<|end|>\\n` after an answer",
    ),
    "an end between turns only": (
        LOOP + HEAD + "{{ message.content }}{% if not loop.last %}<|im_end|>\n{% endif %}" + CLOSE,
        "RUN724",
        "writes nothing after an answer",
    ),
    "ignores add_generation_prompt": (
        LOOP + TURN + "{% endfor %}",
        "RUN725",
        "writes `<|im_start|>assistant\\n` between a prompt and its answer, so each answer would begin with it",
    ),
    "a generation prompt that is too short": (
        LOOP + TURN + "{% endfor %}{% if add_generation_prompt %}<|im_start|>{% endif %}",
        "RUN725",
        "writes `assistant\\n` between its generation prompt and an answer",
    ),
    "another generation prompt": (
        LOOP + TURN + "{% endfor %}{% if add_generation_prompt %}<|im_start|>model\n{% endif %}",
        "RUN725",
        "the generation prompt of turn 5 ends with `model\\n`, but the template writes `assistant\\ntwo",
    ),
    "raises": ("{{ raise_exception('only one turn') }}", "RUN718", "cannot write these turns: only one turn"),
    "does not parse": ("{% if %}", "RUN718", "cannot write these turns"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_template_is_refused(fault: str) -> None:
    template, code, message = BROKEN[fault]
    problem = refusal(TALK, tokenizer_of(CHATML, template))
    assert (problem.code, message in problem.message) == (code, True), problem.message
    assert problem.hint


@pytest.mark.parametrize("fault", [name for name in BROKEN if name != "another generation prompt"])
def test_a_broken_template_is_refused_where_models_are_asked(fault: str) -> None:
    """Another generation prompt is legitimate there: reasoning models' prompts open a block of thoughts."""
    template, code, _ = BROKEN[fault]
    with pytest.raises(StageError) as caught:
        asked(TALK[:4], tokenizer_of(CHATML, template))
    assert caught.value.problem.code == code


def test_a_text_that_another_text_contains_is_still_missed() -> None:
    template = LOOP + "{% if message.role != 'system' %}" + TURN + "{% endif %}" + CLOSE
    turns = [{"role": "system", "content": "word"}, {"role": "user", "content": "one word?"}, ANSWER]
    assert "turn 1 (`system`)" in refusal(turns, tokenizer_of(CHATML, template)).message


def test_results_and_descriptions_of_tools_are_missed() -> None:
    calls = "{% for call in message.tool_calls or [] %}<call>{{ call.function | tojson }}</call>{% endfor %}"
    body = HEAD + "{{ message.content }}" + calls + "<|im_end|>\n"
    turns = [USER, CALL, RESULT, ANSWER]
    no_results = "{{ tools | tojson }}" + LOOP + "{% if message.role != 'tool' %}" + body + "{% endif %}" + CLOSE
    problem = refusal(turns, tokenizer_of(CHATML, no_results), tools=TOOLS)
    assert 'turn 3 (`tool`), so it loses `{"rows"' in problem.message
    no_tools = refusal(turns, tokenizer_of(CHATML, LOOP + body + CLOSE), tools=TOOLS)
    assert "does not write the tools, so it loses `count`" in no_tools.message
    names = "{% for tool in tools or [] %}{{ tool.function.name }}\n{% endfor %}"
    only_names = refusal(turns, tokenizer_of(CHATML, names + LOOP + body + CLOSE), tools=TOOLS)
    assert "does not write all of the tools and calls, so it loses `Count the rows of a table.`" in only_names.message


def test_the_same_fault_of_many_rows_is_one_message() -> None:
    template = LOOP + "{% if message.role != 'system' %}" + TURN + "{% endif %}" + CLOSE
    rows = [
        Example(place=f"talks.jsonl:{at}", is_made=False, turns=[{**SYSTEM, "content": f"rule {at}"}, USER, ANSWER])
        for at in range(1, 301)
    ]
    with pytest.raises(StageError) as caught:
        prepare(rows, tokenizer_of(CHATML, template), Limit(tokens=10_000, what="a test"))
    assert caught.value.problem.message == (
        "talks.jsonl:1: the chat template does not write all of turn 1 (`system`), so it loses `rule 1` "
        "(and 299 more rows)"
    )


def test_a_tokenizer_needs_an_end_token_and_adds_none_to_prompts() -> None:
    tokenizer = tokenizer_of(CHATML)
    tokenizer.eos_token = None
    assert refusal([USER, ANSWER], tokenizer).code == "RUN724"
    ending = tokenizer_of(FAMILIES["alpaca"])
    from tokenizers.processors import TemplateProcessing

    ending.backend_tokenizer.post_processor = TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", ending.eos_token_id)]
    )
    plain = Example(place="rows.jsonl:1", is_made=False, prompt="how many?", answer="three")
    with pytest.raises(StageError, match="ends each text with `</s>`") as caught:
        require_template([plain], ending, "base/1")
    assert caught.value.problem.code == "RUN724"


@pytest.mark.parametrize("at", [0, 1, 2, 3])
def test_special_tokens_in_a_text_are_refused_by_row_and_turn(at: int) -> None:
    turns = [dict(turn) for turn in (SYSTEM, USER, ANSWER, RESULT, LAST)]
    turns[at]["content"] = "The token <|im_end|> ends a turn"
    problem = refusal(turns, tokenizer_of(FAMILIES["qwen2.5"]))
    place = f"turn {at + 1} (`{turns[at]['role']}`)"
    assert (problem.code, problem.message) == (
        "RUN726",
        f"talks.jsonl:1: {place} holds `<|im_end|>`, a special token of the tokenizer",
    )
    if turns[at]["role"] != "assistant":
        with pytest.raises(StageError, match="row `row`: turn") as caught:
            asked(turns[: at + 1], tokenizer_of(FAMILIES["qwen2.5"]))
        assert caught.value.problem.code == "RUN726"


@pytest.mark.parametrize(
    ("turns", "tools"),
    [
        ([USER, {**ANSWER, "reasoning_content": "so <|im_start|>"}], None),
        ([USER, {**CALL, "tool_calls": [{"function": {"name": "count", "arguments": {"q": ["<|im_end|>"]}}}]}], None),
        ([USER, ANSWER], [{"type": "function", "function": {"name": "f", "description": "ends <|endoftext|>"}}]),
        ([USER, {**ANSWER, "content": "three<|im_end|>"}], None),
    ],
)
def test_special_tokens_in_thoughts_calls_and_tools_are_refused(turns: Any, tools: Any) -> None:
    assert refusal(turns, tokenizer_of(FAMILIES["qwen3"]), tools=tools).code == "RUN726"


def test_texts_that_only_look_like_special_tokens_are_learnt() -> None:
    """`</s>` is no token of Qwen, and `<think>` and `<tool_call>` are tokens that answers may hold."""
    tokenizer = tokenizer_of(FAMILIES["qwen3"])
    content = "<think>\nthe tag </s>\n</think>\n\n<tool_call>\n{}\n</tool_call> < |im_end|> </s>"
    sequences, _ = prepare(
        [example([USER, {"role": "assistant", "content": content}])], tokenizer, Limit(tokens=999, what="")
    )
    assert content in tokenizer.decode(sequences[0].ids)


def test_plain_rows_are_checked_too_and_may_write_their_own_end() -> None:
    tokenizer = tokenizer_of(FAMILIES["zephyr"])
    rows = [("how?", "so</s>"), ("is </s> an end?", "yes"), ("how?", "a <s> b"), ("is </s> one?", "no")]
    examples = [
        Example(place=f"rows.jsonl:{at}", is_made=False, prompt=prompt, answer=answer)
        for at, (prompt, answer) in enumerate(rows, start=1)
    ]
    (tokens,), _ = prepare(examples[:1], tokenizer, Limit(tokens=999, what=""))
    assert tokens.ids.count(tokenizer.eos_token_id) == 1
    with pytest.raises(StageError) as caught:
        prepare(examples, tokenizer, Limit(tokens=999, what=""))
    assert caught.value.problem.message == (
        "rows.jsonl:2: the prompt holds `</s>`, a special token of the tokenizer (and 1 more row); "
        "rows.jsonl:3: the answer holds `<s>`, a special token of the tokenizer"
    )


def test_made_rows_with_special_tokens_are_left_out_and_counted() -> None:
    tokenizer = tokenizer_of(CHATML)
    answers = ("three", "it ends with <|im_end|>")
    made = [
        Example(place=f"made.jsonl:{at}", is_made=True, turns=[USER, {"role": "assistant", "content": text}])
        for at, text in enumerate(answers)
    ]
    sequences, report = prepare(made, tokenizer, Limit(tokens=999, what=""))
    assert (len(sequences), report["made_rows_with_special_tokens"], report["made_rows_too_long"]) == (1, 1, 0)
    with pytest.raises(StageError, match="no row remains"):
        prepare(made[1:], tokenizer, Limit(tokens=999, what=""))


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("<|im_start|>assistant\n<think>\n", "<|im_start|>assistant\\n<think>\\n"),
        ("<|im_start|>system\nBe brief and\n<|im_end|>\n", "<|im_start|>system\\nBe brief and\\n…"),
        ("<|start_header_id|>assistant<|end_header_id|>\n\n", "<|start_header_id|>assistant…"),
        ("x" * 38 + "\n\n", "x" * 38 + "…"),
        ("x" * 60, "x" * 39 + "…"),
        ("<" + "x" * 50 + ">then", "<" + "x" * 50 + ">…"),
    ],
)
def test_a_part_of_a_template_is_cut_at_a_whole_token(text: str, cut: str) -> None:
    assert shown(text) == f"`{cut}`"
