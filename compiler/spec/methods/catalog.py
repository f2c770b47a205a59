"""The vocabulary of metrics and rewards: the names that evaluation Jobs and the reward library know."""

# metrics that evaluation Jobs can compute, and whether they need `databases`
METRICS = {"exact_match": False, "execution_accuracy": True, "numeric_answer": False, "tool_call": False}

# functions of the reward library: those that compare with a right answer, and those that look at the answer alone
COMPARED = ("exact_match", "numeric_answer", "sql_execution", "tool_call")
REWARDS = (*COMPARED, "json_schema", "length", "regex")
# the options of each beside `after`, and the one that it cannot do without
REWARD_OPTIONS: dict[str, tuple[str, ...]] = {
    "exact_match": (),
    "json_schema": ("schema",),
    "length": ("least", "most", "unit"),
    "numeric_answer": (),
    "regex": ("pattern",),
    "sql_execution": ("databases",),
    "tool_call": (),
}
NEEDED_OPTION = {"json_schema": "schema", "regex": "pattern", "sql_execution": "databases"}
