"""Examples of CHK218 and CHK220 to CHK239: the data of a spec, and its cards."""

from hashlib import sha256

from compiler.diagnostics.examples.example import FILE, Example, Situation
from compiler.diagnostics.examples.project import API_VERSION, POINTER, SPEC, badcases, demos, held_out, jsonl

DEMOS, BADCASES = "specs/shop/data/demos.jsonl", "specs/shop/data/badcases.jsonl"
FIRST_DEMO = jsonl(demos(1))
CARD_FILE, URI = "specs/shop/evidence/demos.yaml", "https://data.example.com/demos.jsonl"

OVERLAP = f"    - {{source: held-out, digest: {sha256(jsonl(held_out()).encode()).hexdigest()}"
ROWS = "fedcba9876543210" * 4  # the digest of the remote rows
CARD = f"""\
apiVersion: {API_VERSION}
kind: DataCard
metadata:
  source: trainspec data
  date: 2026-10-02
  digest: {ROWS}
spec:
  source: demos
  shape: prompt-completion
  uri: {URI}
  rows: 1000
  bytes: 62000
  datasetType: prompt-completion
  format: standard
  columns:
    - {{name: prompt, types: [text], rows: 1000}}
    - {{name: completion, types: [text], rows: 1000}}
  lengths: {{unit: bytes, p50: 20, p90: 20, p99: 20, max: 20}}
  duplicates: {{exact: 0, near: 0}}
  overlaps:
{OVERLAP}}}
"""
OF_FILE = CARD.replace(f"uri: {URI}", "path: data/demos.jsonl").replace(
    ROWS, sha256(jsonl(demos()).encode()).hexdigest()
)
REMOTE = SPEC.replace("path: data/demos.jsonl", f"uri: {URI}")
KEPT = SPEC.replace(
    "path: data/demos.jsonl", f"uri: {URI}\n      nearQuestions: {{reason: they ask about other products, owner: 王芳}}"
)

SAME = badcases("the right one is {i}", count=1)

QUESTION = [{"role": "user", "content": "which one?"}]
ANSWERS = [[{"role": "assistant", "content": text}] for text in ("this one", "that one")]
OTHER = [{"role": "user", "content": "which other one?"}]
WITH_OTHER_PROMPT = jsonl([{"chosen": QUESTION + ANSWERS[0], "rejected": OTHER + ANSWERS[1]}])
WITH_ONE_PROMPT = jsonl([{"prompt": "a?", "chosen": "b", "rejected": "c"}])
WITH_PAIRS = SPEC.replace(
    "  data:\n",
    "  data:\n    - name: pairs\n      purpose: preferences\n      shape: preference\n      path: data/pairs.jsonl\n",
)


def as_turns(row: dict[str, object]) -> dict[str, object]:
    """Return a demonstration that is written as turns."""
    prompt, completion = (
        [{"role": role, "content": row[key]}] for role, key in (("user", "prompt"), ("assistant", "completion"))
    )
    return row | {"prompt": prompt, "completion": completion}


EXAMPLES: dict[str, Example | Situation] = {
    "CHK218": Example(
        file="specs/shop/data/held-out.jsonl",
        bad='{"id": "h0", "prompt": "test 0?", "reference": "1, 2, 3"}\n',
        good=jsonl(held_out(1)),
        given=((FILE, SPEC.replace("- name: exact_match\n", "- name: exact_match\n        use: numeric_answer\n")),),
    ),
    "CHK220": Example(
        file=DEMOS,
        bad='{"id": "d0", "prompt": "demo 0?", "completion": "another answer"}\n',
        good=FIRST_DEMO,
        given=((CARD_FILE, OF_FILE),),
    ),
    "CHK221": Example(file=CARD_FILE, bad="  source: demo\n", good="  source: demos\n", given=((CARD_FILE, OF_FILE),)),
    "CHK222": Example(bad=f"      uri: {URI}", good="      path: data/demos.jsonl"),
    "CHK223": Example(
        bad="      path: data/demos.txt",
        good="      path: data/demos.jsonl",
        given=(("specs/shop/data/demos.txt", jsonl(demos())),),
    ),
    "CHK224": Situation(
        bad="A data source is a `.parquet` file, but the package for Parquet is not installed.",
        good="The package is installed, or the rows are JSONL or CSV.",
    ),
    "CHK225": Example(file=BADCASES, bad=jsonl(SAME), good=jsonl(badcases(count=1))),
    "CHK226": Example(
        file="specs/shop/data/pairs.jsonl",
        whole=True,
        bad=WITH_OTHER_PROMPT,
        good=WITH_ONE_PROMPT,
        given=((FILE, WITH_PAIRS),),
        along=("PLN407",),
    ),
    "CHK227": Example(
        file=DEMOS,
        bad='{"id": "d0", "prompt": "bad 0?", "completion": "something else, wrong 0"}\n',
        good='{"id": "d0", "prompt": "bad 0?", "completion": "the right one is 0"}\n',
        instead_of=FIRST_DEMO,
    ),
    "CHK228": Example(bad="      purpose: evaluation\n      synthetic: true", good="      purpose: evaluation"),
    "CHK250": Example(
        file="specs/shop/data/held-out.jsonl",
        bad='{"id": "h0", "synthetic": true, ',
        good='{"id": "h0", ',
    ),
    "CHK248": Example(
        file=CARD_FILE,
        bad=f"{OVERLAP}, near: 3}}",
        good=f"{OVERLAP}, near: 0}}",
        instead_of=f"{OVERLAP}}}",
        given=((FILE, KEPT), (CARD_FILE, CARD)),
    ),
    "CHK229": Example(
        file=CARD_FILE,
        bad=f"{OVERLAP}, near: 3}}",
        good=f"{OVERLAP}, near: 0}}",
        instead_of=f"{OVERLAP}}}",
        given=((FILE, REMOTE), (CARD_FILE, CARD)),
    ),
    "CHK230": Example(
        bad="        max_length: 2", good="        max_length: 512", instead_of="        learning_rate: 0.0002"
    ),
    "CHK231": Example(
        file=CARD_FILE,
        bad="  overlaps: []\n",
        good=f"  overlaps:\n{OVERLAP}}}\n",
        given=((FILE, REMOTE), (CARD_FILE, CARD)),
    ),
    "CHK232": Example(bad=f"      path: data/demos.jsonl\n      uri: {URI}", good="      path: data/demos.jsonl"),
    "CHK233": Example(
        file="specs/shop/evidence/demos-2.yaml",
        whole=True,
        bad=CARD,
        good=None,
        given=((FILE, REMOTE), (CARD_FILE, CARD)),
    ),
    "CHK234": Example(
        file=DEMOS,
        bad='{"id": "d0", "prompt": "demo 0?", "completion": "another answer"}\n',
        good=FIRST_DEMO,
        first="trainspec data specs",
        command="trainspec data specs --check",
    ),
    "CHK235": Example(bad=f"      uri: {URI}", good="      path: data/demos.jsonl", command="trainspec data specs"),
    "CHK236": Example(
        file=DEMOS,
        bad='{"id": "d0", "prompt": "demo 0?", "completion": "an answer", "image": "scans/0.png"}\n',
        good='{"id": "d0", "prompt": "demo 0?", "completion": "an answer", "image": "a scan of a blue lamp"}\n',
        instead_of=FIRST_DEMO,
    ),
    "CHK237": Example(file=DEMOS, whole=True, bad=POINTER, good=jsonl(demos())),
    "CHK239": Example(
        file=CARD_FILE,
        bad=f"{OVERLAP}, quoted: 3}}",
        good=f"{OVERLAP}, quoted: 0}}",
        instead_of=f"{OVERLAP}}}",
        given=((FILE, REMOTE), (CARD_FILE, CARD)),
    ),
    "CHK238": Example(file=DEMOS, whole=True, bad=jsonl(map(as_turns, demos())), good=jsonl(demos())),
}
