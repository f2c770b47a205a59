"""Methods that optimise a reward, and the reward model that PPO may optimise."""

from compiler.spec.methods.defaults import COMMON, LORA, MAX_LENGTH, TRL
from compiler.spec.methods.model import Default, Method, UsualRows
from runtime.contract.rewards import ZERO_SPREAD_STEPS

# share of held-out pairs: they measure a reward model's agreement with people
HELD_OUT_SHARE = 0.1

_DAPO = "DAPO (arXiv 2503.14476)"
_PPO_PAPER = "Schulman et al. 2017 (arXiv 1707.06347)"
_LAST_PPO = "TRL 1.12, the last with PPO"

# of GRPO and PPO: their stages end after so many steps without a difference in reward
ZERO_SPREAD = Default(
    "zero_spread_steps",
    ZERO_SPREAD_STEPS,
    "where even one group in 20 differs in reward, 1 in 170 such spans is chance",
)

REINFORCEMENT: tuple[Method, ...] = (
    Method(
        name="reward",
        title="reward model",
        kind="reward-model",
        defaults=(
            Default("learning_rate", 1e-4, f"{LORA}: 10 times TRL's 1e-5 for full fine-tuning"),
            Default("num_train_epochs", 1, "InstructGPT (arXiv 2203.02155): more epochs overfit"),
            Default("per_device_train_batch_size", 4, "a pair holds two sequences, so half of SFT's batch"),
            Default("warmup_steps", 0.03, "as for SFT"),
            MAX_LENGTH,
            *COMMON,
        ),
        full_rate=Default("learning_rate", 1e-5, "as for DPO's pairs, with a new head"),
        trl_config="RewardConfig",
        blocks=("held_out_share",),
        deadline_minutes=240,
    ),
    Method(
        name="grpo",
        title="GRPO",
        kind="policy",
        defaults=(
            Default("learning_rate", 1e-5, f"{LORA}: 10 times TRL's 1e-6 for full fine-tuning"),
            Default("num_generations", 8, TRL),
            Default("per_device_train_batch_size", 8, "one group per device; must be a multiple of `num_generations`"),
            Default("beta", 0.0, TRL),
            Default("loss_type", "dapo", TRL),
            Default("epsilon_high", 0.28, _DAPO),
            Default("temperature", 1.0, TRL),
            Default("max_completion_length", 256, TRL),
            Default("num_train_epochs", 1, "rewards are sampled anew, so more epochs are a separate decision"),
            *COMMON,
        ),
        full_rate=Default("learning_rate", 1e-6, TRL),
        trl_config="GRPOConfig",
        blocks=("rewards",),
        usual_rows=UsualRows(200, "200 to 2,000 prompts"),
        deadline_minutes=720,
    ),
    Method(
        name="ppo",
        title="PPO",
        kind="policy",
        defaults=(
            Default("learning_rate", 3e-5, f"{LORA}: 10 times the 3e-6 of TRL's last PPO trainer"),
            Default("num_ppo_epochs", 4, _PPO_PAPER),
            Default("cliprange", 0.2, _PPO_PAPER),
            Default("cliprange_value", 0.2, _LAST_PPO),
            Default("kl_coef", 0.05, _LAST_PPO),
            Default("vf_coef", 0.1, _LAST_PPO),
            Default("gamma", 1.0, "one reward at the end of an answer, so no discount"),
            Default("lam", 0.95, "GAE (arXiv 1506.02438)"),
            Default("temperature", 1.0, "samples of the policy itself"),
            Default("max_completion_length", 256, "as for GRPO"),
            Default("per_device_train_batch_size", 8, "as for GRPO"),
            Default("num_train_epochs", 1, "as for GRPO"),
            *COMMON,
        ),
        full_rate=Default("learning_rate", 3e-6, _LAST_PPO),
        trl_config="PPOConfig",
        blocks=("rewards", "reward_model"),
        usual_rows=UsualRows(200, "as for GRPO"),
        deadline_minutes=720,
    ),
)
