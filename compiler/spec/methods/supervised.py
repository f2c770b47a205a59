"""Methods that learn from given text: continued pre-training, SFT, reasoning chains."""

from compiler.spec.methods.defaults import COMMON, LORA, MAX_LENGTH, TRL, TULU
from compiler.spec.methods.model import Default, Method, UsualRows

ENTIGRAPH = "EntiGraph (arXiv 2409.07431)"

# share of tokens that are general text, replayed with a corpus
REPLAY = Default("replay_share", 0.1, "arXiv 2403.08763: 1 to 50 %, by the shift")


_SFT: tuple[Default, ...] = (
    Default("learning_rate", 2e-4, f"{LORA}: about 10 times TRL's 2e-5 for full fine-tuning"),
    Default("num_train_epochs", 2, TULU),
    Default("per_device_train_batch_size", 8, f"{LORA}: batches under 32"),
    Default("warmup_steps", 0.03, f"{TULU}: 3 % of the steps"),
    MAX_LENGTH,
    *COMMON,
)
_WHOLE_CHAINS = Default(
    "num_train_epochs", 2, "as for SFT, with whole chains and again without any; the curriculum adds epochs between"
)

CPT = Method(
    name="cpt",
    title="continued pre-training",
    kind="policy",
    defaults=(
        Default("learning_rate", 5e-5, f"{ENTIGRAPH}: 5e-6 for full training, and {LORA}: about 10 times"),
        Default("num_train_epochs", 2, ENTIGRAPH),
        Default("per_device_train_batch_size", 4, "long rows, so half of SFT's batch"),
        Default("warmup_steps", 0.05, f"{ENTIGRAPH}: 5 % of the steps"),
        Default("max_length", 1024, TRL),
        Default("packing", True, "text has no natural end, so rows are packed to the full length"),
        Default("packing_strategy", "bfd_split", "TRL's `bfd` drops text beyond `max_length`"),
        *COMMON,
    ),
    full_rate=Default("learning_rate", 5e-6, ENTIGRAPH),
    trl_config="SFTConfig",
    deadline_minutes=1440,
)

SUPERVISED: tuple[Method, ...] = (
    Method(
        name="sft",
        title="SFT",
        kind="policy",
        defaults=_SFT,
        full_rate=Default("learning_rate", 2e-5, TRL),
        trl_config="SFTConfig",
        usual_rows=UsualRows(1000, "LIMA (arXiv 2305.11206)"),
        deadline_minutes=240,
        tried_before_rl=True,
    ),
    Method(
        name="cot",
        title="CoT SFT",
        kind="policy",
        defaults=_SFT,
        full_rate=Default("learning_rate", 2e-5, "as for SFT"),
        trl_config="SFTConfig",
        usual_rows=UsualRows(800, "LIMO (arXiv 2502.03387)"),
        deadline_minutes=240,
        tried_before_rl=True,
        mixed_into="sft",
    ),
    Method(
        name="latent-cot",
        title="latent CoT",
        kind="policy",
        defaults=tuple(_WHOLE_CHAINS if each.field == _WHOLE_CHAINS.field else each for each in _SFT),
        full_rate=Default("learning_rate", 2e-5, "as for SFT"),
        trl_config="SFTConfig",
        blocks=("curriculum",),
        usual_rows=UsualRows(800, "as for explicit chains"),
        deadline_minutes=480,
        tried_before_rl=True,
    ),
)
