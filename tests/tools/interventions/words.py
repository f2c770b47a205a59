"""The words of the small world: a tokenizer of whole words, and how they are grouped."""

END, PAD = "<end>", "<pad>"
SYMBOLS = tuple(f"s{n}" for n in range(24))
LABELS = tuple(f"l{n}" for n in range(12))
# the labels as words outside the schema: what a model writes that was never told of the schema
RAW = tuple(f"r{n}" for n in range(12))
OPS = tuple(f"o{n}" for n in range(20))
ENTITIES = tuple(f"e{n}" for n in range(120))
ATTRIBUTES = tuple(f"a{n}" for n in range(4))
# words of an unread language: pre-training never shows them
FOREIGN = tuple(f"b{n}" for n in range(4))
VALUES = tuple(f"v{n}" for n in range(24))
DIGITS = tuple(str(n) for n in range(10))
SIGNS = ("=", "?", ".", ",", "+", "ask", "sum", "steps", "schema", "policy", "not")

WORDS = (PAD, END, *SIGNS, *SYMBOLS, *LABELS, *RAW, *OPS, *ENTITIES, *ATTRIBUTES, *FOREIGN, *VALUES, *DIGITS)
NUMBER = {word: number for number, word in enumerate(WORDS)}

Words = tuple[str, ...]


def numbers_of(words: Words) -> list[int]:
    return [NUMBER[each] for each in words]


def words_of(numbers: list[int]) -> Words:
    """The words before the end."""
    found = []
    for each in numbers:
        if WORDS[each] == END:
            break
        found.append(WORDS[each])
    return tuple(found)
