"""Examples of RUN7xx about training settings."""

from compiler.diagnostics.examples.example import Example, Situation
from compiler.diagnostics.examples.project import RUN, STAGE_FILE

EXAMPLES: dict[str, Example | Situation] = {
    "RUN729": Situation(
        bad="A library merges an adapter of tied embeddings into the output layer too, so the merged model answers otherwise.",
        good="The adapter changes inner layers only, or the stage trains all weights.",
    ),
    "RUN731": Example(
        file=STAGE_FILE,
        command=RUN,
        bad="  max_steps: 2\n  router_aux_loss_coef: 0.1",
        good="  max_steps: 2",
        instead_of="  max_steps: 2",
    ),
    "RUN732": Example(
        file=STAGE_FILE,
        command=RUN,
        bad="  max_steps: 2\n  use_liger_kernel: true",
        good="  max_steps: 2",
        instead_of="  max_steps: 2",
    ),
}
