"""Images, audio, video and files in rows, which trainspec refuses: it trains and evaluates text only.

A column is media by its name and its value: a column `image` with a path is, one with a sentence is not, nor is
`image_caption`.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from runtime.contract.data.shapes import SHAPES

REMEDY = "remove the column, or the part of the turn, or describe in text what it shows"

_STEMS = {
    "image": ("image", "img", "picture", "photo", "pixel", "screenshot"),
    "audio": ("audio", "wav"),
    "video": ("video",),
    "media": ("multimodal",),
}
_KIND_OF_STEM = {stem: kind for kind, stems in _STEMS.items() for stem in stems}
_REFUSALS = {
    "image": "images are",
    "audio": "audio is",
    "video": "videos are",
    "file": "files are",
    "media": "images, audio and videos are",
}
_TRANSLATIONS = {
    "image": re.compile("图片|图像|照片|影像"),
    "audio": re.compile("音频|语音|录音"),
    "video": re.compile("视频"),
    "path": re.compile("路径|地址|链接|文件"),
    "multimodal": re.compile("multi_modal|多模态"),
}
# a name such as `images_path` or `input_audio` names what holds the media, so that any path or link is one
_CARRIER = re.compile(
    r"paths?|urls?|uris?|links?|files?|filenames?|bytes|base64|b64|data|values?|features|inputs?|list|array|grid|thw|\d+"
)
_ENDING = (
    "png|jpe?g|jfif|gif|bmp|webp|tiff?|svg|hei[cf]|avif|ico|ppm|dcm|pdf"
    "|wav|mp3|flac|ogg|opus|m4a|aac|wma|amr|pcm|mp4|mov|avi|mkv|webm|m4v|mpe?g"
)
_PATH = re.compile(rf"\.({_ENDING})([?#]\S*)?[\"'\])]*$", re.IGNORECASE)
_DATA = re.compile(r"^\W*data:(image|audio|video|application/(pdf|octet-stream))[/;,]?", re.IGNORECASE)
_LINK = re.compile(r"^(https?|s3|gs|oss|hdfs|file|hf)://\S+$", re.IGNORECASE)
_BASE64 = re.compile(r"^[A-Za-z0-9+/=_-]{200,}$")
_NOTHING = frozenset(("none", "null", "nan", "n/a", "na", "-", "no", "false", "true", "yes", "[]", "{}"))
_PLACEHOLDER = re.compile(
    r"<\|?/?(image|img|images|audio|video|picture|speech)(_pad|_start|_end|_placeholder|_token)?(_?\d+)?\|?>"
    r"|<\|?vision_(start|end|pad)\|?>|\[(IMG|IMAGE|AUDIO|VIDEO)(_?\d+)?\]",
    re.IGNORECASE,
)
# types of content parts by what they are; the types of text are judged elsewhere
_PARTS = {
    **dict.fromkeys(("image", "image_url", "input_image", "image_file", "image_path", "image_base64"), "image"),
    **dict.fromkeys(("audio", "audio_url", "input_audio", "output_audio", "speech"), "audio"),
    **dict.fromkeys(("video", "video_url", "input_video", "video_file"), "video"),
    **dict.fromkeys(("file", "input_file", "file_url", "document", "pdf"), "file"),
}
# columns whose values may be turns or content parts, whatever the shape of the source
_TALKS = frozenset(
    ["conversation", "conversations", "instruction", "input", "output"]
    + [name for shape in SHAPES.values() for name, column in shape.columns.items() if column.is_text]
)
_TURN_KEYS = frozenset(("role", "content", "from", "value", "tool_calls", "name", "tool_call_id", "train", "verdict"))


def media_fault(row: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the place and the message of the first image, audio, video or file in a row; None without any."""
    for name, value in row.items():
        if isinstance(value, list) and name in _TALKS and (found := _in_turns(value)):
            return f"{name}{found[0]}", refusal(found[1])
        if (named := media_name(name)) and _is_media(value, carrier=named[1], beside=row):
            return _shown(name), refusal(named[0])
    return _placeholder_fault(row)


@lru_cache(maxsize=4096)
def media_name(name: str) -> tuple[str, bool] | None:
    """Return what a column of this name holds (`image`, `audio`, `video`), and whether the name says how, as `_path`.

    None for any other name, such as `image_caption` or `filename`.
    """
    words = [word for word in re.split(r"[^a-z0-9\u4e00-\u9fff]+", _english(name)) if word]
    kinds = [kind for word in words if (kind := _kind_of(word))]
    rest = [word for word in words if not _kind_of(word)]
    if not kinds or not all(_CARRIER.fullmatch(word) for word in rest):
        return None
    return kinds[0], bool(rest)


def _english(name: str) -> str:
    """Return the name in snake case, with the Chinese words for media translated."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    for word, pattern in _TRANSLATIONS.items():
        snake = pattern.sub(f"_{word}_", snake)
    return snake


def _kind_of(word: str) -> str | None:
    return _KIND_OF_STEM.get(word) or _KIND_OF_STEM.get(word.removesuffix("s"))


def _is_media(value: object, *, carrier: bool, beside: Mapping[str, Any]) -> bool:
    """Return whether the value of a column with such a name is media, and not a text about it, a count or a flag."""
    if isinstance(value, dict):
        return any(each not in (None, "", [], {}) for each in value.values())
    if isinstance(value, bytes):
        return bool(value)
    if isinstance(value, list):
        return any(each not in (None, "", [], {}) for each in value)
    if not isinstance(value, str):  # a count, or the number of an image that the text has a place for
        return value is not None and not isinstance(value, bool) and _has_placeholder(beside)
    text = value.strip()
    if not text or text.lower() in _NOTHING:
        return False
    if _is_path(text) or _LINK.match(text) or _BASE64.match(text):
        return True
    if text[0] in "[{" and text[-1] in "]}":  # a list or an object, as a cell of CSV
        return True
    return (carrier and text.isascii() and len(text.split()) == 1) or _has_placeholder(beside)


def _is_path(text: str) -> bool:
    return bool(_PATH.search(text) or _DATA.match(text))


def _in_turns(value: list[Any]) -> tuple[str, str] | None:
    """Return the place and kind of the first media in a list of turns, or of content parts."""
    for position, turn in enumerate(value):
        if not isinstance(turn, dict) or (len(turn) == 2 and "role" in turn and isinstance(turn.get("content"), str)):
            continue  # most turns are plain
        if kind := _kind_of_part(turn):
            return f"[{position}]", kind
        content = turn.get("content")
        if content is None:
            content = turn.get("value")
        if isinstance(content, list | dict):
            for at, part in _parts_of(content):
                if isinstance(part, dict) and (kind := _kind_of_part(part)):
                    return f"[{position}].content{at}", kind
        for key in turn.keys() - _TURN_KEYS if len(turn) > 2 else ():
            if (named := media_name(str(key))) and _is_media(turn[key], carrier=named[1], beside={}):
                return f"[{position}].{_shown(key)}", named[0]
    return None


def _parts_of(content: list[Any] | dict[str, Any]) -> Iterator[tuple[str, Any]]:
    if isinstance(content, dict):
        yield "", content
    else:
        yield from ((f"[{at}]", part) for at, part in enumerate(content))


def _kind_of_part(part: Mapping[str, Any]) -> str | None:
    """Return what a content part is, if not text: by its `type`, or by a key such as `image` in a part without one."""
    if "role" in part:
        return None
    kind = part.get("type")
    if isinstance(kind, str):
        return _PARTS.get(kind.lower())
    return next((_PARTS[key] for key in part if key in _PARTS and part[key]), None)


def _placeholder_fault(row: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the fault of a column of any name with the path of a file, where a text has a place for it."""
    for name, value in row.items():
        if name in _TALKS or not isinstance(value, str) or "." not in value:
            continue
        if _PATH.search(value[-300:]) and len(value.split()) == 1 and _has_placeholder(row):
            return _shown(name), refusal("image")
    return None


def _has_placeholder(row: Mapping[str, Any]) -> bool:
    """Return whether a text of the row has a place for an image, audio or video, such as `<image>`."""
    return any(_PLACEHOLDER.search(text) for name in row if name in _TALKS for text in _texts(row[name]))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        yield from (str(turn.get("content")) for turn in value if isinstance(turn, dict))


def _shown(name: str) -> str:
    """Return the name of a column as messages show it; rows are untrusted."""
    return "".join([each for each in name[:80] if each.isprintable() and each != "`"])


def refusal(kind: str) -> str:
    """Return the message for what a column or part holds, such as `image`."""
    return f"{_REFUSALS[kind]} not supported: trainspec trains and evaluates text only"
