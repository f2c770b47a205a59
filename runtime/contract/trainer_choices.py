"""Words that a trainer field accepts, where the libraries say so only when they train.

Fields that are enumerations in the libraries are listed too, so that the compiler knows them without importing these.
"""

_SFT = ("nll", "dft")
_SUPERVISED = ("cpt", "sft", "cot", "latent-cot")

# field → its words, for every method
CHOICES: dict[str, tuple[str, ...]] = {
    "cache_implementation": ("dynamic", "static", "offloaded", "offloaded_static"),
    "f_divergence_type": ("reverse_kl", "forward_kl", "js_divergence", "alpha_divergence"),
    "importance_sampling_level": ("token", "sequence"),
    "log_level": ("debug", "info", "warning", "error", "critical", "passive"),
    "log_level_replica": ("debug", "info", "warning", "error", "critical", "passive"),
    "logging_strategy": ("no", "steps", "epoch"),
    "lr_scheduler_type": (
        "linear",
        "cosine",
        "cosine_with_restarts",
        "polynomial",
        "constant",
        "constant_with_warmup",
        "inverse_sqrt",
        "cosine_with_min_lr",
        "cosine_warmup_with_min_lr",
        "warmup_stable_decay",
    ),
    "multi_objective_aggregation": ("sum_then_normalize", "normalize_then_sum"),
    "packing_strategy": ("bfd", "bfd_split", "wrapped"),
    "save_strategy": ("no", "steps", "epoch"),
    "scale_rewards": ("group", "batch", "none"),
    "train_sampling_strategy": ("random", "sequential", "group_by_length", "batch_rebalance"),
    "truncation_mode": ("keep_start", "keep_end"),
    "vllm_importance_sampling_mode": ("token_truncate", "token_mask", "sequence_truncate", "sequence_mask"),
    "vllm_mode": ("server", "colocate"),
}

# method → words of `loss_type`
LOSSES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(_SUPERVISED, _SFT),
    "dpo": (
        "sigmoid",
        "hinge",
        "ipo",
        "exo_pair",
        "nca_pair",
        "robust",
        "bco_pair",
        "sppo_hard",
        "aot",
        "aot_unpaired",
        "apo_zero",
        "apo_down",
        "discopop",
        "sft",
        "sigmoid_norm",
    ),
    "kto": ("kto", "apo_zero_unpaired"),
    "grpo": ("grpo", "bnpo", "dr_grpo", "dapo", "cispo", "sapo", "luspo", "vespo"),
}
# KTO estimates its reference point from rows that are neighbours in a fixed order
_SAMPLING = {"kto": ("sequential",)}


def choices_of(method: str, name: str) -> tuple[str, ...]:
    """Return the words that the field `name` of a method's trainer accepts; empty if it is not limited to words."""
    if name == "loss_type":
        return LOSSES.get(method, ())
    own = _SAMPLING.get(method, ()) if name == "train_sampling_strategy" else ()
    return own or CHOICES.get(name, ())
