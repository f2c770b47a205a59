"""Expected failures of a stage, and the conversion of library errors, such as a full disk, to them."""

import errno
from collections.abc import Iterator
from dataclasses import dataclass

from runtime.contract.exit_codes import ExitCode

# Each code has one meaning and one exit code, and is never reused for another.
EXIT_CODES = {
    "RUN700": ExitCode.INTERNAL,  # a fault in the runtime or a library
    "RUN701": ExitCode.BAD_CONFIG,  # the stage config does not parse or validate
    "RUN702": ExitCode.BAD_CONFIG,  # the installed libraries reject a `trainer` or `peft` field
    "RUN703": ExitCode.BAD_CONFIG,  # the environment lacks a volume or an output folder, or starts too many processes
    "RUN704": ExitCode.NO_INPUT,  # offline, and the model is not there whole
    "RUN706": ExitCode.NO_INPUT,  # a file is not what its name says, such as a Git LFS pointer, or is damaged
    "RUN710": ExitCode.BAD_DATA,  # rows that are malformed
    "RUN711": ExitCode.BAD_DATA,  # the data file is not the file of the plan
    "RUN712": ExitCode.BAD_DATA,  # no usable row or pair remains
    "RUN713": ExitCode.BAD_DATA,  # the loss is not a finite number
    "RUN714": ExitCode.BAD_DATA,  # an evaluation cannot be compared with its baseline
    "RUN715": ExitCode.BAD_DATA,  # the format of a data file has no reader
    "RUN716": ExitCode.BAD_DATA,  # rows of several blocks do not fit one form
    "RUN717": ExitCode.BAD_DATA,  # rows exceed the length that the stage or the model allows
    "RUN718": ExitCode.BAD_DATA,  # turns that the model's chat template cannot write
    "RUN719": ExitCode.BAD_CONFIG,  # weights in 4 bits need a GPU and a library
    "RUN720": ExitCode.NO_INPUT,  # the base model is missing or unreadable
    "RUN721": ExitCode.NO_INPUT,  # a data file or folder is missing
    "RUN722": ExitCode.NO_INPUT,  # an output of an earlier stage is missing
    "RUN723": ExitCode.BAD_CONFIG,  # the library of a metric is not installed
    "RUN724": ExitCode.BAD_CONFIG,  # answers would not end: the template writes no token to stop at
    "RUN725": ExitCode.BAD_DATA,  # the template's generation prompt is not what is learnt
    "RUN726": ExitCode.BAD_DATA,  # rows hold special tokens of the tokenizer in their texts
    "RUN727": ExitCode.BAD_DATA,  # marked answers are all good, or all bad
    "RUN728": ExitCode.BAD_DATA,  # pairs cannot be split into training and held-out rows
    "RUN729": ExitCode.BAD_CONFIG,  # merged or exported weights answer otherwise than the trained ones
    "RUN731": ExitCode.BAD_CONFIG,  # the libraries cannot train with the settings, which their checks do not see
    "RUN732": ExitCode.BAD_CONFIG,  # a setting needs a GPU or a package that the machine lacks
    "RUN730": ExitCode.IO_ERROR,  # writing failed, such as on a full disk
    "RUN733": ExitCode.BAD_CONFIG,  # the function or schema of a metric cannot be used
    "RUN734": ExitCode.BAD_DATA,  # the function of a metric gives no score for many answers
    "RUN735": ExitCode.BAD_DATA,  # the judge gave no verdict on too many answers
    "RUN736": ExitCode.BAD_DATA,  # the labels for a judge's agreement are malformed
    "RUN738": ExitCode.BAD_DATA,  # a hub serves other content than the pinned one
    "RUN739": ExitCode.NO_INPUT,  # a hub's repository has no model that a stage can read
    "RUN740": ExitCode.TRY_LATER,  # stopped by a signal
    "RUN741": ExitCode.TRY_LATER,  # another process holds the output folder
    "RUN742": ExitCode.NO_MEMORY,  # memory ran out
    "RUN743": ExitCode.INTERNAL,  # one of several processes was killed
    "RUN744": ExitCode.BAD_CONFIG,  # model shards need GPUs and a library
    "RUN745": ExitCode.BAD_CONFIG,  # a tracker is not installed
    "RUN746": ExitCode.IO_ERROR,  # the saved weights differ from the trained ones
    "RUN747": ExitCode.BAD_CONFIG,  # the export is not possible
    "RUN748": ExitCode.GROUP_ENDED,  # another node of the stage ended first
    "RUN749": ExitCode.NO_INPUT,  # the stage has no result to report
    "RUN750": ExitCode.BAD_CONFIG,  # a reward is missing, or its options are invalid
    "RUN751": ExitCode.BAD_DATA,  # a reward raised an error
    "RUN752": ExitCode.BAD_DATA,  # a reward returned no score
    "RUN753": ExitCode.BAD_DATA,  # a reward exceeded its limits of time or memory
    "RUN754": ExitCode.BAD_DATA,  # rows lack the reference that a reward compares with
    "RUN755": ExitCode.BAD_DATA,  # prompts leave no room for an answer in the model's context
    "RUN756": ExitCode.BAD_CONFIG,  # the generation engine is not installed
    "RUN757": ExitCode.BAD_CONFIG,  # PPO does not support a sharded model
    "RUN758": ExitCode.BAD_DATA,  # the score of a reward model is not a finite number
    "RUN759": ExitCode.BAD_DATA,  # the rewards of a training do not differ
    "RUN780": ExitCode.BAD_CONFIG,  # the budget ends before a probe has looked at the badcases
    "RUN781": ExitCode.BAD_CONFIG,  # all answers of an endpoint are empty
    "RUN782": ExitCode.BAD_CONFIG,  # money is limited, and the endpoint counts no tokens
    "RUN760": ExitCode.UNAVAILABLE,  # the package registry cannot be reached
    "RUN761": ExitCode.BAD_DATA,  # a fetched package is not the pinned one
    "RUN762": ExitCode.BAD_CONFIG,  # the model reference is not in the table
    "RUN763": ExitCode.BAD_CONFIG,  # the teacher's licence does not allow training on its output
    "RUN764": ExitCode.BAD_CONFIG,  # the endpoint of a teacher or judge rejects the requests
    "RUN765": ExitCode.TRY_LATER,  # the endpoint of a teacher or judge cannot be reached, or keeps failing
    "RUN766": ExitCode.BAD_CONFIG,  # the vocabularies of student and teacher do not match the plan
    "RUN770": ExitCode.TRY_LATER,  # some nodes of the stage did not arrive
    "RUN771": ExitCode.BAD_CONFIG,  # the budget ends before an augmentation has a row
    "RUN772": ExitCode.BAD_DATA,  # the writer of an augmentation finds no fact in its corpus
    "RUN775": ExitCode.BAD_DATA,  # too few rows to propose, choose and report a prompt on different ones
    "RUN777": ExitCode.BAD_CONFIG,  # the budget does not cover the measurement of the current prompt
    "RUN778": ExitCode.BAD_DATA,  # a prompt file is not the file of the plan, or is no prompt
    "RUN767": ExitCode.BAD_CONFIG,  # the source of models and data denies access
    "RUN768": ExitCode.TRY_LATER,  # the source of models and data cannot be reached, or keeps failing
    "RUN769": ExitCode.BAD_DATA,  # a name in the source leads out of its folder
}

_WRITE_ERRNOS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS}
# safetensors (Rust) and torch (C++) report a failed write as text only.
_WRITE_TEXTS = (
    "os error 28",
    "os error 27",
    "no space left",
    "file too large",
    "pytorchstreamwriter failed",
    "basic_ios::clear: iostream error",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One expected failure: its code, its message, and a hint at what to do."""

    code: str
    message: str
    hint: str


class StageError(Exception):
    """End a stage with a `Problem`, whose code determines the exit code."""

    def __init__(self, code: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.problem = Problem(code=code, message=message, hint=hint)

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of this problem's code."""
        return EXIT_CODES[self.problem.code]


def as_write_failure(error: BaseException) -> StageError | None:
    """Return a RUN730 error if `error`, or an error that it wraps, is a failed write."""
    for each in chain_of(error):
        is_errno = isinstance(each, OSError) and each.errno in _WRITE_ERRNOS
        if is_errno or any(text in str(each).lower() for text in _WRITE_TEXTS):
            reason = (str(each).splitlines() or [""])[0]
            return StageError(
                "RUN730",
                f"writing under `TRAINSPEC_OUTPUTS` failed: {reason}",
                "free space on the outputs volume, then run the stage again: it resumes from its last checkpoint",
            )
    return None


def chain_of(error: BaseException) -> Iterator[BaseException]:
    """Yield `error`, then the errors that it wraps, down to the first cause."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__
