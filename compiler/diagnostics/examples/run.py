"""Examples of RUN7xx: stages."""

from hashlib import sha256

from compiler.diagnostics.examples import project
from compiler.diagnostics.examples.example import Example, Situation
from compiler.diagnostics.examples.project import RUN, STAGE_FILE, TRAIN, demos, jsonl

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
EXAMPLES: dict[str, Example | Situation] = {
    "RUN700": Situation(
        bad="An exception occurs that the runtime does not expect; its traceback is in the stage's log.",
        good="The stage is retried, up to the limit of its Job.",
    ),
    "RUN701": Example(file=STAGE_FILE, command=RUN, bad="method: stf", good="method: sft"),
    "RUN702": Example(file=STAGE_FILE, command=RUN, bad="  learning_rte: 0.001", good="  learning_rate: 0.001"),
    "RUN703": Example(file="", bad=f"WORLD_SIZE=2 {RUN}", good=RUN),
    "RUN749": Situation(
        bad="`python -m runtime stage.yaml --report` is run for a stage that was stopped early.",
        good="Without `--report` the stage resumes from its checkpoint; once it has finished, `--report` prints its result.",
    ),
    "RUN706": Example(file=TRAIN, whole=True, command=RUN, bad=project.POINTER, good=jsonl(demos(4))),
    "RUN710": Example(
        file=TRAIN,
        command=RUN,
        bad='{"id": "d0", "prompt": "demo 0?", "answer": "answer 0"}\n',
        good='{"id": "d0", "prompt": "demo 0?", "completion": "answer 0"}\n',
    ),
    "RUN711": Example(file=STAGE_FILE, command=RUN, bad="    rows: 5", good="    rows: 4"),
    "RUN712": Example(
        file=STAGE_FILE,
        command=RUN,
        bad=f"  - path: empty.jsonl\n    shape: prompt-completion\n    sha256: {sha256(EMPTY.encode()).hexdigest()}",
        good="  - path: train.jsonl\n    shape: prompt-completion\n    sha256: SHA256",
        given=(("data/empty.jsonl", EMPTY),),
    ),
    "RUN713": Example(
        file=STAGE_FILE,
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
        file=STAGE_FILE,
        command=RUN,
        bad="  - path: train.txt",
        good="  - path: train.jsonl",
        given=(("data/train.txt", jsonl(demos(4))),),
    ),
    "RUN716": Example(
        file=STAGE_FILE,
        command=RUN,
        bad=f"    rows: 4{SECOND}",
        good="    rows: 4",
        given=(("data/turns.jsonl", TURNS),),
    ),
    "RUN717": Example(file=STAGE_FILE, command=RUN, bad="  max_length: 2", good="  max_length: 256"),
    "RUN718": Example(
        file=STAGE_FILE,
        command=RUN,
        bad=f"  - path: calls.jsonl\n    shape: messages\n    sha256: {sha256(CALLS.encode()).hexdigest()}\n    rows: 1",
        good="  - path: train.jsonl\n    shape: prompt-completion\n    sha256: SHA256\n    rows: 4",
        given=(("data/calls.jsonl", CALLS),),
    ),
    "RUN719": Example(file=STAGE_FILE, command=RUN, bad="  adapters: []\n  quantization: nf4", good="  adapters: []"),
    "RUN720": Example(file=STAGE_FILE, command=RUN, bad="  path: tiny/2", good="  path: tiny/1"),
    "RUN721": Example(file=STAGE_FILE, command=RUN, bad="  - path: trian.jsonl", good="  - path: train.jsonl"),
    "RUN722": Example(file=STAGE_FILE, command=RUN, bad="  adapters: [shop-sft-0/adapter]", good="  adapters: []"),
    "RUN723": Situation(
        bad="The metric `numeric_answer` is evaluated in an image without math-verify.",
        good="The image has `trainspec[runtime]`.",
    ),
    "RUN733": Situation(
        bad="The function of a metric imports a package that the image of the stage lacks.",
        good="The function uses the standard library, or a package of the image.",
    ),
    "RUN734": Situation(
        bad="The function of a metric reads each answer as JSON, and the model answers in sentences.",
        good="The function returns 0 for an answer that is not JSON.",
    ),
    "RUN727": Example(
        file=TRAIN,
        whole=True,
        command=RUN,
        bad=(MARKED % "true").replace("false", "true"),
        good=MARKED % "false",
        given=((STAGE_FILE, KTO),),
    ),
    "RUN728": Example(
        file=TRAIN,
        whole=True,
        command=RUN,
        bad=CHOICES % "a?",
        good=CHOICES % "f?",
        given=((STAGE_FILE, REWARD),),
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
    "RUN744": Example(
        file=STAGE_FILE,
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
}
