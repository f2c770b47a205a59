"""Failures that the runtime foresees, and the turning of foreign ones (a full disk inside a library) into them."""

import errno
from collections.abc import Iterator
from dataclasses import dataclass

from runtime.contract.exit_codes import ExitCode

# Each code has one meaning and one exit code, and is never used again for another.
EXIT_CODES = {
    "RUN700": ExitCode.INTERNAL,  # a fault in the runtime or a library
    "RUN701": ExitCode.BAD_CONFIG,  # the stage config does not parse or validate
    "RUN702": ExitCode.BAD_CONFIG,  # a `trainer` or `peft` field that the installed libraries refuse
    "RUN703": ExitCode.BAD_CONFIG,  # the environment lacks a volume or an output folder, or asks for several processes
    "RUN710": ExitCode.BAD_DATA,  # rows that are malformed
    "RUN711": ExitCode.BAD_DATA,  # the data file is not the one that the plan was made for
    "RUN712": ExitCode.BAD_DATA,  # no usable row or pair is left
    "RUN713": ExitCode.BAD_DATA,  # the loss is not a finite number
    "RUN714": ExitCode.BAD_DATA,  # an evaluation cannot be compared with its baseline
    "RUN715": ExitCode.BAD_DATA,  # a data file of a format that has no reader
    "RUN716": ExitCode.BAD_DATA,  # rows of several blocks that cannot be brought into one form
    "RUN717": ExitCode.BAD_DATA,  # rows that are longer than the stage or the model allows
    "RUN718": ExitCode.BAD_DATA,  # turns that the model's chat template cannot write
    "RUN719": ExitCode.BAD_CONFIG,  # weights in 4 bits where there is no GPU, or no library for them
    "RUN720": ExitCode.NO_INPUT,  # the base model is not there or not readable
    "RUN721": ExitCode.NO_INPUT,  # a data file or folder is not there
    "RUN722": ExitCode.NO_INPUT,  # an output of an earlier stage is not there
    "RUN723": ExitCode.BAD_CONFIG,  # a metric whose library is not installed
    "RUN727": ExitCode.BAD_DATA,  # marked answers that are all good, or all bad
    "RUN728": ExitCode.BAD_DATA,  # pairs that cannot be parted into those to learn from and held-out ones
    "RUN730": ExitCode.IO_ERROR,  # writing failed, such as on a full disk
    "RUN740": ExitCode.TRY_LATER,  # stopped by a signal
    "RUN741": ExitCode.TRY_LATER,  # another process holds the output folder
    "RUN742": ExitCode.NO_MEMORY,  # memory ran out
    "RUN743": ExitCode.INTERNAL,  # one of several processes was killed
    "RUN744": ExitCode.BAD_CONFIG,  # model shards are asked for where there are no GPUs, or no library for them
    "RUN745": ExitCode.BAD_CONFIG,  # a tracker is asked for that is not installed
    "RUN746": ExitCode.IO_ERROR,  # what was saved is not what was trained
    "RUN747": ExitCode.BAD_CONFIG,  # an export that cannot be made
    "RUN748": ExitCode.GROUP_ENDED,  # another node of the stage ended first
    "RUN749": ExitCode.NO_INPUT,  # a result is asked for that is not there
    "RUN750": ExitCode.BAD_CONFIG,  # a reward that is not there, or whose options are not right
    "RUN751": ExitCode.BAD_DATA,  # a reward that raised
    "RUN752": ExitCode.BAD_DATA,  # a reward that gave no score
    "RUN753": ExitCode.BAD_DATA,  # a reward that broke its limits of time or memory
    "RUN754": ExitCode.BAD_DATA,  # rows that lack what a reward compares with
    "RUN755": ExitCode.BAD_DATA,  # prompts that leave no room for an answer in the model's context
    "RUN756": ExitCode.BAD_CONFIG,  # generation by an engine that is not installed
    "RUN757": ExitCode.BAD_CONFIG,  # PPO on a sharded model
    "RUN758": ExitCode.BAD_DATA,  # a reward model whose score is no finite number
    "RUN760": ExitCode.UNAVAILABLE,  # the package registry cannot be reached
    "RUN761": ExitCode.BAD_DATA,  # a fetched package is not the pinned one
    "RUN762": ExitCode.BAD_CONFIG,  # the model reference is not in the table
    "RUN763": ExitCode.BAD_CONFIG,  # a teacher whose licence does not allow training on its output
    "RUN764": ExitCode.BAD_CONFIG,  # the teacher's endpoint refuses the requests
    "RUN765": ExitCode.TRY_LATER,  # the teacher's endpoint cannot be reached, or keeps failing
    "RUN766": ExitCode.BAD_CONFIG,  # the vocabularies of student and teacher are not as the plan says
    "RUN770": ExitCode.TRY_LATER,  # the nodes of the stage did not all come
    "RUN767": ExitCode.BAD_CONFIG,  # the source of models and data refuses
    "RUN768": ExitCode.TRY_LATER,  # the source of models and data cannot be reached, or keeps failing
    "RUN769": ExitCode.BAD_DATA,  # the source holds a name that leads out of its folder
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
    """One foreseen failure: its code, what went wrong, and what to do about it."""

    code: str
    message: str
    hint: str


class StageError(Exception):
    """Ends a stage with a `Problem`, and so with the exit code of its code."""

    def __init__(self, code: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.problem = Problem(code=code, message=message, hint=hint)

    @property
    def exit_code(self) -> ExitCode:
        """The exit code that the table gives to this problem's code."""
        return EXIT_CODES[self.problem.code]


def as_write_failure(error: BaseException) -> StageError | None:
    """Return the RUN730 error for `error` if it, or one that it wraps, is a failed write; otherwise None."""
    for each in chain_of(error):
        is_errno = isinstance(each, OSError) and each.errno in _WRITE_ERRNOS
        if is_errno or any(text in str(each).lower() for text in _WRITE_TEXTS):
            reason = (str(each).splitlines() or [""])[0]
            return StageError(
                "RUN730",
                f"writing under `TRAINSPEC_OUTPUTS` failed: {reason}",
                "free some space on the outputs volume, then run the stage again: it goes on from its last checkpoint",
            )
    return None


def chain_of(error: BaseException) -> Iterator[BaseException]:
    """Yield `error`, then what it wraps, down to the first cause."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__
