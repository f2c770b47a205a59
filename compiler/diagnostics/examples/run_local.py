"""Examples of RUN770 and RUN79x: several nodes, and the local executor."""

from compiler.diagnostics.examples.example import Example, Situation

COMPILE, RUN_PLAN = "trainspec compile specs", "trainspec run specs/shop/plan --models models"
EXAMPLES: dict[str, Example | Situation] = {
    "RUN770": Situation(
        bad="Two nodes should train together, but the cluster has room for only one of their pods.",
        good="A queue (`queue` of the profile) starts the pods once there is room for both.",
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
    "RUN796": Situation(
        bad="A plan that a newer compiler rendered has a stage whose method this version lacks.",
        good="The plan is run with a version that has the method.",
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
