"""Methods that learn preferences: DPO from pairs, KTO from marked answers."""

from compiler.spec.methods.defaults import COMMON, LORA, MAX_LENGTH, TRL, TULU
from compiler.spec.methods.model import Default, Method, UsualRows

_DPO_PAPER = "Rafailov et al. 2023 (arXiv 2305.18290)"

PREFERENCE: tuple[Method, ...] = (
    Method(
        name="dpo",
        title="DPO",
        kind="policy",
        defaults=(
            Default("learning_rate", 1e-5, f"{LORA}: 10 times TRL's 1e-6 for full fine-tuning"),
            Default("beta", 0.1, _DPO_PAPER),
            Default("loss_type", ["sigmoid"], _DPO_PAPER),
            Default("num_train_epochs", 1, "TRL's DPO examples"),
            Default("per_device_train_batch_size", 4, "a pair holds two sequences, so half of SFT's batch"),
            Default("warmup_steps", 0.1, f"{TULU}: 10 % of the steps"),
            MAX_LENGTH,
            *COMMON,
        ),
        full_rate=Default("learning_rate", 1e-6, TRL),
        trl_config="DPOConfig",
        usual_rows=UsualRows(500, "500 to 5,000 pairs are usual"),
        deadline_minutes=240,
        tried_before_rl=True,
        learns_from_pairs=True,
    ),
    Method(
        name="kto",
        title="KTO",
        kind="policy",
        defaults=(
            Default("learning_rate", 5e-6, "KTO (arXiv 2402.01306): 5e-7 to 5e-6"),
            Default("beta", 0.1, "KTO (arXiv 2402.01306)"),
            Default("num_train_epochs", 1, "TRL's KTO examples"),
            Default("per_device_train_batch_size", 8, "KTO (arXiv 2402.01306): at least 4, for its reference point"),
            Default("warmup_steps", 0.1, "as for DPO"),
            MAX_LENGTH,
            *COMMON,
        ),
        full_rate=Default("learning_rate", 1e-6, "KTO (arXiv 2402.01306): 5e-7 to 5e-6"),
        trl_config="KTOConfig",
        usual_rows=UsualRows(500, "as for DPO"),
        deadline_minutes=240,
        tried_before_rl=True,
    ),
)
