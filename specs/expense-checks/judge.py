"""The reward that did not pass: a judge model's verdict on an answer, from 0 to 1."""

import json
import os
import re
import urllib.request

ASKED = (
    "Policy and report:\n{prompt}\n\nClauses named as broken: {answer}\n\nHow right is this, from 0 to 10? One number."
)
NUMBER = re.compile(r"\d+(?:\.\d+)?")
SECONDS = 60


def policy_verdict(prompts: list[object], completions: list[object], **_: object) -> list[float]:
    """The verdict of the judge on each completion; an answer without a number counts as 0."""
    return [verdict(str(prompt), str(answer)) for prompt, answer in zip(prompts, completions, strict=True)]


def verdict(prompt: str, answer: str) -> float:
    """Ask the judge at `JUDGE_URL`, an OpenAI-compatible endpoint."""
    body = {"model": "judge", "messages": [{"role": "user", "content": ASKED.format(prompt=prompt, answer=answer)}]}
    url = f"{os.environ['JUDGE_URL']}/chat/completions"
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=SECONDS) as reply:  # noqa: S310
        text = json.load(reply)["choices"][0]["message"]["content"]
    found = NUMBER.search(text)
    return min(float(found.group()), 10.0) / 10 if found else 0.0
