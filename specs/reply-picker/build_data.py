"""Build `data/` from the bfcl-eval package: messages, and whether the suggested reply was right.

    build_data.py --package DIR            write the files
    build_data.py --package DIR --check    compare them with the committed files; exit 1 if they differ

DIR is the unpacked package, the folder that holds `bfcl_eval/data/`. Needs `rapidfuzz` in the environment.
"""

import argparse
import json
import random
import sys
from pathlib import Path
from typing import Any

from rapidfuzz import fuzz

HERE = Path(__file__).resolve().parent
SEED = 42
FILES = ("BFCL_v4_live_simple.json", "BFCL_v4_live_multiple.json")
# the approved replies, in the order of their numbers, with the functions whose requests they answer
REPLIES = {
    "films": ("Movies_1_FindMovies", "Movies_3_FindMovies", "Media_3_FindMovies"),
    "events": ("Events_3_FindEvents",),
    "songs": ("Music_3_LookupMusic", "Music_3_PlayMedia", "play_spotify_song", "play_song"),
    "weather": ("Weather_1_GetWeather", "get_current_weather", "weather.get"),
    "rooms": ("Homes_2_FindHomeByArea", "Hotels_2_SearchHouse", "Hotels_4_SearchHotel"),
    "payments": ("Payment_1_MakePayment", "Payment_1_RequestPayment"),
    "sights": ("Travel_1_FindAttractions",),
    "helpers": ("Services_1_FindProvider", "Services_4_FindProvider", "get_service_providers"),
    "rides": (
        *("Buses_3_FindBus", "Trains_1_FindTrains", "Trains_1_GetTrainTickets", "RideSharing_2_GetRide", "uber.ride"),
        *("RentalCars_3_GetCarsAvailable", "Flights_4_SearchOnewayFlight"),
    ),
}
NUMBERS = {reply: str(number) for number, reply in enumerate(REPLIES, start=1)}
SYSTEM = f"Replies: {', '.join(f'{number} {reply}' for reply, number in NUMBERS.items())}. Answer with one number."
MAX_MESSAGE = 160  # characters
SAME = 80  # of 100: messages at least this similar form one cluster
HELD_OUT, BADCASES = 90, 40
RIGHT = 0.6  # share of right suggestions


def main() -> int:
    """Write or compare the files, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", type=Path, required=True, metavar="DIR")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    messages = clustered(read(options.package / "bfcl_eval" / "data"))
    held_out = taken(messages)
    shown = [each for each in messages if each["cluster"] not in held_out]
    thumbs = marked(shown)
    down = [message for message, row in zip(shown, thumbs, strict=True) if not row["label"]]
    files = {
        "thumbs.jsonl": thumbs,
        "held-out.jsonl": [evaluation(each) for each in messages if each["cluster"] in held_out],
        "badcases.jsonl": [badcase(each) for each in down[:BADCASES]],
    }
    return sum(put(HERE / "data" / name, made, check=options.check) for name, made in files.items()) and 1


def read(folder: Path) -> list[dict[str, Any]]:
    """Return different short English messages without addresses, each with its right reply, shuffled."""
    reply_of = {function: reply for reply, functions in REPLIES.items() for function in functions}
    found: dict[str, dict[str, Any]] = {}
    for name in FILES:
        truth = {row["id"]: row["ground_truth"] for row in records(folder / "possible_answer" / name)}
        for case in records(folder / name):
            text = " ".join(case["question"][0][-1]["content"].split())
            (function,) = truth[case["id"]][0]
            is_fit = len(text) <= MAX_MESSAGE and text.isascii() and "@" not in text
            if function in reply_of and is_fit:
                found.setdefault(text.lower(), {"id": case["id"], "text": text, "reply": reply_of[function]})
    messages = list(found.values())
    random.Random(SEED).shuffle(messages)
    return messages


def records(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a JSON Lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def clustered(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the cluster of each message: the id of the first similar message."""
    for index, message in enumerate(messages):
        alike = [
            each["cluster"]
            for each in messages[:index]
            if fuzz.token_set_ratio(each["text"].lower(), message["text"].lower()) >= SAME
        ]
        message["cluster"] = alike[0] if alike else message["id"]
        for each in messages[:index]:  # it joins the clusters of similar messages
            each["cluster"] = message["cluster"] if each["cluster"] in alike else each["cluster"]
    return messages


def taken(messages: list[dict[str, Any]]) -> set[str]:
    """Return the held-out clusters: small ones, from each reply in turn, until they hold enough messages."""
    clusters: dict[str, list[dict[str, Any]]] = {}
    for message in messages:
        clusters.setdefault(message["cluster"], []).append(message)
    queues = {reply: [name for name, of in clusters.items() if of[0]["reply"] == reply] for reply in REPLIES}
    held_out: set[str] = set()
    while sum(len(clusters[name]) for name in held_out) < HELD_OUT:
        for queue in queues.values():
            small = [name for name in queue if name not in held_out and len(clusters[name]) <= 3]
            held_out |= set(small[:1])
    return held_out


def marked(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return one suggestion for each message, with its rating: up if it is the right reply."""
    drawn = random.Random(SEED)
    rows = []
    for message in messages:
        right = message["reply"]
        is_right = drawn.random() < RIGHT
        suggestion = right if is_right else drawn.choice([reply for reply in REPLIES if reply != right])
        completion = [{"role": "assistant", "content": NUMBERS[suggestion]}]
        rows.append({"prompt": prompt(message), "completion": completion, "label": is_right})
    return rows


def prompt(message: dict[str, Any]) -> list[dict[str, str]]:
    """Return the prompt: the library and the message."""
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": message["text"]}]


def evaluation(message: dict[str, Any]) -> dict[str, Any]:
    """Return the message as a question with its right reply."""
    names = {"id": message["id"], "cluster": message["cluster"]}
    return {**names, "prompt": prompt(message), "reference": NUMBERS[message["reply"]]}


def badcase(message: dict[str, Any]) -> dict[str, Any]:
    """Return the message as a badcase, without the wrong suggestion, which was not logged."""
    names = {"id": f"bad-{message['id']}", "cluster": message["cluster"], "prompt_version": "v3"}
    model = {"model": "smollm2-135m-instruct/0.1.2"}
    return {**names, **model, "prompt": prompt(message), "fix": NUMBERS[message["reply"]]}


def put(path: Path, rows: list[dict[str, Any]], *, check: bool) -> int:
    """Write the rows, or compare them with the file; return 1 if it differs."""
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    if check:
        return int(not path.is_file() or path.read_text(encoding="utf-8") != text)
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
