"""Numbers that the rules compare with, each with its source."""

MIN_BADCASES = 30  # derived: the smallest sample whose shares have usable intervals
MIN_DEMONSTRATIONS = 50  # rule M2: fewer call for few-shot or augmentation first
MIN_PAIRS = 30  # derived: below this DPO sees too little; 500 and more are usual (training-methods)
MAX_NEAR_SHARE = 0.2  # derived: above this share of near-identical pairs the `sft` loss is added (rule D3)
NEAR_EDIT_DISTANCE = 0.1  # derived: pairs closer than this are filtered (rule D3)
