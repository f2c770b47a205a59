"""Forgetting, measured in bits per byte on general text held out from training."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runtime.contract.errors import StageError
from runtime.evaluate.scored import read_records
from runtime.stage.context import StageContext
from runtime.stage.statistics import Interval, interval_of_ratio, interval_of_saving

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

TEXT_FILE = "general_text.jsonl"
_WINDOW = 1024  # tokens


@dataclass(frozen=True, kw_only=True, slots=True)
class TextBits:
    """The length of each text in bytes of UTF-8, and the bits that the model needs for it."""

    sizes: list[int]
    bits: list[float]

    @property
    def lines(self) -> str:
        """The texts' sizes and bits as JSON lines."""
        pairs = zip(self.sizes, self.bits, strict=True)
        return "".join(json.dumps({"bytes": size, "bits": bits}) + "\n" for size, bits in pairs)

    @property
    def bits_per_byte(self) -> Interval:
        """All bits over all bytes, with an interval over the texts."""
        return interval_of_ratio(self.bits, self.sizes, _names(self.bits))

    def saving(self, earlier: "TextBits") -> Interval:
        """Return the share of the earlier bits that is saved now; negative if the model forgot."""
        return interval_of_saving(self.bits, earlier.bits, _names(self.bits))


def measure_texts(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    texts: Sequence[str],
    room: int | None,
    context: StageContext,
) -> TextBits:
    """Measure the bits of each text, in windows of at most `room` tokens.

    RUN740 on a stop request. Every token counts; the first one follows the token that begins a text (or ends one, if
    the tokenizer has no begin token). Bits per byte do not depend on the tokenizer, so models are comparable.
    """
    import torch

    model.train(False)
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    start = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id
    window = min(_WINDOW, room) - 1 if room else _WINDOW - 1
    bits = []
    for done, text in enumerate(texts, start=1):
        if context.stop.is_set:
            message = f"stopped by {context.stop.signal_name}"
            raise StageError("RUN740", message, "run the stage again: it resumes from there")
        ids = [start, *tokenizer(text, add_special_tokens=False)["input_ids"]]
        with torch.inference_mode():
            parts = (_bits(model, ids[at : at + window + 1]) for at in range(0, len(ids) - 1, window))
            bits.append(math.fsum(parts))
        context.events.emit("progress", done=done, total=len(texts))
    return TextBits(sizes=[len(text.encode("utf-8")) for text in texts], bits=bits)


def _bits(model: "PreTrainedModel", ids: list[int]) -> float:
    """Return the bits of all tokens but the first, each given its predecessors."""
    import torch

    tokens: torch.Tensor = torch.tensor([ids], device=model.device)
    network: Any = model
    logits = network(input_ids=tokens).logits[0, :-1].float()
    return float(torch.nn.functional.cross_entropy(logits, tokens[0, 1:], reduction="sum")) / math.log(2)


def read_baseline_texts(outputs: Path, baseline: str, texts: Sequence[str]) -> TextBits:
    """Return the baseline's bits on the same texts.

    RUN722 if they are missing, RUN714 if they are not comparable.
    """
    name = f"{baseline}/{TEXT_FILE}"
    records = read_records(outputs, name)
    try:
        read = TextBits(
            sizes=[int(record["bytes"]) for record in records], bits=[float(record["bits"]) for record in records]
        )
    except (ValueError, KeyError, TypeError) as error:
        raise StageError("RUN714", f"baseline `{name}` cannot be read", "run the earlier evaluation again") from error
    if read.sizes != [len(text.encode("utf-8")) for text in texts] or min(read.bits) <= 0:
        message = f"baseline `{name}` has other texts than this evaluation"
        raise StageError("RUN714", message, "run the earlier evaluation again on the same files")
    return read


def _names(values: Sequence[float]) -> list[str]:
    return [str(index) for index in range(len(values))]
