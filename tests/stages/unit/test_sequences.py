"""The learnt part of a row is all answers and nothing else, with any chat template."""

from typing import Any

import pytest

from runtime.contract.blocks import DataBlock
from runtime.contract.errors import StageError
from runtime.data.answer_form import require_template
from runtime.data.examples import Example, sft_examples
from runtime.data.rows import Source
from runtime.data.tokens import IGNORED, Limit, Tokens, limit_of, tokens_of
from runtime.train.methods.sft import prepare

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
# as Qwen3 does: only the last answer shows its (empty) thoughts
THINKING = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% if loop.last and message['role'] == 'assistant' %}<think></think>{% endif %}"
    "{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
TOOLS = (
    "{% if tools %}<|im_start|>system\n{{ tools | tojson }}<|im_end|>\n{% endif %}"
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}"
    "{% for call in message.tool_calls or [] %}<call>{{ call.function | tojson }}</call>{% endfor %}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
USER, ANSWER = {"role": "user", "content": "几个歌手？"}, {"role": "assistant", "content": "三个。"}
MORE, LAST = {"role": "user", "content": "and bands?"}, {"role": "assistant", "content": "two 😀"}
CALL = {
    "role": "assistant",
    "content": None,
    "tool_calls": [{"function": {"name": "count", "arguments": {"表": "歌手"}}}],
}
RESULT = {"role": "tool", "content": "3"}
OFFERED = [{"type": "function", "function": {"name": "count", "parameters": {}}}]


def tokenizer_of(template: str | None) -> Any:
    """A tokenizer of single bytes, with this chat template."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={letter: index for index, letter in enumerate(letters)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|pad|>")
    fast.add_special_tokens({"additional_special_tokens": ["<|im_start|>"]})
    fast.chat_template = template
    return fast


def merging_tokenizer() -> Any:
    """A tokenizer with tokens for a space and the letter after it."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {letter: index for index, letter in enumerate([*letters, "Ġy"])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[("Ġ", "y")]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|pad|>")


def example(turns: list[dict[str, Any]] | None, **fields: Any) -> Example:
    return Example(place="talks.jsonl:1", is_made=False, turns=turns, **fields)


def learnt(tokens: Tokens, tokenizer: Any) -> list[str]:
    """Return the learnt parts of the text."""
    stretches: list[list[int]] = [[]]
    for token, label in zip(tokens.ids, tokens.labels, strict=True):
        assert label in (token, IGNORED)
        if label != IGNORED:
            stretches[-1].append(token)
        elif stretches[-1]:
            stretches.append([])
    return [tokenizer.decode(stretch) for stretch in stretches if stretch]


def test_all_answers_of_a_conversation_are_learnt_and_nothing_else() -> None:
    tokenizer = tokenizer_of(CHATML)
    (tokens,) = tokens_of(example([USER, ANSWER, MORE, LAST]), tokenizer)
    assert learnt(tokens, tokenizer) == ["三个。<|im_end|>\n", "two 😀<|im_end|>\n"]
    text = tokenizer.decode(tokens.ids)
    assert text == tokenizer.apply_chat_template([USER, ANSWER, MORE, LAST], tokenize=False)


def test_a_conversation_that_begins_with_an_answer() -> None:
    """Text that the template adds before it, such as a system prompt, is not learnt."""
    for before in ("", "<|im_start|>system\nYou are 0 or 1.<|im_end|>\n"):
        tokenizer = tokenizer_of(before + CHATML)
        (tokens,) = tokens_of(example([ANSWER, MORE, LAST]), tokenizer)
        assert learnt(tokens, tokenizer) == ["三个。<|im_end|>\n", "two 😀<|im_end|>\n"]


def test_a_plain_prompt_is_tokenized_as_at_inference() -> None:
    """Its white space stays a separate token, although the whole text would be split differently."""
    tokenizer = merging_tokenizer()
    assert len(tokenizer("A: ")["input_ids"]) == 3
    assert len(tokenizer("A: yes")["input_ids"]) == 5  # ` y` is one token
    (tokens,) = tokens_of(example(None, prompt="A: ", answer="yes"), tokenizer)
    assert tokens.ids[:3] == tokenizer("A: ")["input_ids"]
    assert learnt(tokens, tokenizer) == ["yes<|im_end|>"]


def test_of_a_prompt_and_a_completion_only_the_completion_is_learnt() -> None:
    tokenizer = tokenizer_of(CHATML)
    (tokens,) = tokens_of(example([USER, ANSWER, MORE, LAST], first=3), tokenizer)
    assert learnt(tokens, tokenizer) == ["two 😀<|im_end|>\n"]
    (plain,) = tokens_of(example(None, prompt="几个？", answer="三"), tokenizer)
    assert learnt(plain, tokenizer) == ["三<|im_end|>"]


def test_a_template_that_rewrites_earlier_answers_gets_a_sequence_for_each_answer() -> None:
    tokenizer = tokenizer_of(THINKING)
    first, second = tokens_of(example([USER, ANSWER, MORE, LAST]), tokenizer)
    assert learnt(first, tokenizer) == ["<think></think>三个。<|im_end|>\n"]
    assert learnt(second, tokenizer) == ["<think></think>two 😀<|im_end|>\n"]
    assert "三个。" in tokenizer.decode(second.ids)
    assert tokenizer.decode(second.ids).count("<think>") == 1  # as the model will see the history


# writes all keys of each turn, so any key that reaches it is seen
VERBATIM = (
    "{% for message in messages %}<|im_start|>{{ message | tojson }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>{% endif %}"
)
STEPS = [
    {"role": "system", "content": "be brief"},
    USER,
    {"role": "assistant", "content": "wrong way", "verdict": "wrong"},
    MORE,
    {"role": "assistant", "content": "a detour", "train": False},
    MORE,
    {"role": "assistant", "content": "the fix", "train": True, "verdict": "right"},
    {"role": "tool", "content": "done"},
    LAST,
]


def of_row(turns: list[dict[str, Any]]) -> Example:
    """The example of a row of shape `messages`."""
    block = DataBlock.model_validate({"path": "talks.jsonl", "shape": "messages", "sha256": "0" * 64, "rows": 1})
    source = Source(block=block, rows=[{"messages": turns}], places=["talks.jsonl:1"], excluded=0)
    (made,) = sft_examples([source], None)
    return made


@pytest.mark.parametrize("template", [CHATML, VERBATIM])
def test_turns_that_are_wrong_or_not_to_be_learnt_have_no_loss(template: str) -> None:
    tokenizer = tokenizer_of(template)
    (tokens,) = tokens_of(of_row(STEPS), tokenizer)
    text = tokenizer.decode(tokens.ids)
    first, second = learnt(tokens, tokenizer)
    assert "the fix" in first
    assert "two 😀" in second
    for masked in ("wrong way", "a detour"):
        assert masked in text
        assert masked not in first + second
    bare = [{"role": turn["role"], "content": turn["content"]} for turn in STEPS]
    assert text == tokenizer.apply_chat_template(bare, tokenize=False)
    assert "verdict" not in text
    assert "train" not in text


def test_each_token_of_a_masked_turn_has_no_label() -> None:
    tokenizer = tokenizer_of(CHATML)
    every, some = (
        tokens_of(of_row(turns), tokenizer)[0]
        for turns in ([USER, ANSWER, MORE, LAST], [USER, ANSWER | {"train": False}, MORE, LAST])
    )
    assert some.ids == every.ids
    before = len(tokenizer.apply_chat_template([USER], add_generation_prompt=True)["input_ids"])
    after = len(tokenizer.apply_chat_template([USER, ANSWER])["input_ids"])
    assert set(some.labels[:after]) == {IGNORED}
    assert every.labels[before:after] == every.ids[before:after]
    assert some.labels[after:] == every.labels[after:]


def test_a_masked_turn_gets_no_sequence_of_its_own() -> None:
    tokenizer = tokenizer_of(THINKING)
    turns = [USER, ANSWER, MORE, {**LAST, "verdict": "wrong"}]
    (tokens,) = tokens_of(of_row(turns), tokenizer)
    assert learnt(tokens, tokenizer) == ["<think></think>三个。<|im_end|>\n"]
    _, report = prepare([of_row(turns)], tokenizer, Limit(tokens=1000, what="a test"))
    assert (report["turns_masked"], report["tokens_learnt"]) == (1, len(tokens.ids) - tokens.labels.count(IGNORED))


def test_calls_are_learnt_and_results_are_not() -> None:
    tokenizer = tokenizer_of(TOOLS)
    (tokens,) = tokens_of(example([USER, CALL, RESULT, ANSWER], tools=OFFERED), tokenizer)
    call, answer = learnt(tokens, tokenizer)
    assert call == '<call>{"name": "count", "arguments": {"表": "歌手"}}</call><|im_end|>\n'
    assert answer == "三个。<|im_end|>\n"
    assert OFFERED[0]["function"]["name"] in tokenizer.decode(tokens.ids)  # type: ignore[index]


@pytest.mark.parametrize(
    "fields", [{"turns": [USER, CALL, RESULT, ANSWER]}, {"turns": [USER, ANSWER], "tools": OFFERED}]
)
def test_a_template_that_ignores_calls_or_tools_is_reported(fields: dict[str, Any]) -> None:
    with pytest.raises(StageError, match=r"talks.jsonl:1: .* loses `count`") as caught:
        tokens_of(example(**fields), tokenizer_of(CHATML))
    assert caught.value.problem.code == "RUN718"


@pytest.mark.parametrize(
    "fields",
    [
        {"turns": [{"role": "user", "content": "count them"}, CALL, RESULT, ANSWER]},
        {"turns": [{"role": "user", "content": "count them"}, ANSWER], "tools": OFFERED},
    ],
)
def test_a_name_in_a_text_is_no_tool(fields: dict[str, Any]) -> None:
    with pytest.raises(StageError, match="loses `count`"):
        tokens_of(example(**fields), tokenizer_of(CHATML))
    tokens_of(example(**fields), tokenizer_of(TOOLS))


def test_a_template_that_refuses_the_turns_is_reported() -> None:
    tokenizer = tokenizer_of("{{ raise_exception('roles must alternate') }}")
    with pytest.raises(StageError, match=r"talks.jsonl:1: .*roles must alternate") as caught:
        tokens_of(example([USER, ANSWER]), tokenizer)
    assert caught.value.problem.code == "RUN718"


def test_turns_need_a_chat_template_and_plain_text_does_not() -> None:
    tokenizer = tokenizer_of(None)
    with pytest.raises(StageError, match="`base/1` has no chat template") as caught:
        require_template([example([USER, ANSWER])], tokenizer, "base/1")
    assert caught.value.problem.code == "RUN718"
    require_template([example(None, prompt="p", answer="a")], tokenizer, "base/1")


def test_rows_of_the_plan_that_are_too_long_are_refused_and_made_ones_left_out() -> None:
    tokenizer = tokenizer_of(None)
    rows = [
        Example(place=f"{'made' if is_made else 'given'}.jsonl:{size}", is_made=is_made, prompt="p" * size, answer="a")
        for is_made in (False, True)
        for size in (5, 50, 60)
    ]
    with pytest.raises(StageError) as caught:
        prepare(rows, tokenizer, limit_of(40, 4096))
    assert caught.value.problem.code == "RUN717"
    assert caught.value.problem.message == (
        "2 of 3 rows have more than 40 tokens, the value of `trainer.max_length`: given.jsonl:60 (62), given.jsonl:50 (52)"
    )
    sequences, report = prepare(rows[3:], tokenizer, limit_of(40, 4096))
    assert len(sequences) == 1
    assert (report["rows"], report["made_rows_too_long"], report["tokens"], report["tokens_learnt"]) == (3, 2, 7, 2)
    with pytest.raises(StageError, match="no row remains: each of 2") as none:
        prepare(rows[4:], tokenizer, limit_of(40, 4096))
    assert none.value.problem.code == "RUN712"


def test_the_tighter_limit_counts() -> None:
    assert limit_of(1024, 512) == Limit(tokens=512, what="the size of the model's context")
    assert limit_of(512, 512).what == "the value of `trainer.max_length`"
    assert limit_of(None, 512).tokens == 512
    assert limit_of(64, None).tokens == 64
    assert limit_of(None, None).tokens > 10**9
