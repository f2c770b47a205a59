"""The result of the plan phase: a plan, its stages and their settings."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from compiler.selection import Result, Selection
from compiler.spec.inputs import Inputs
from compiler.spec.methods import METHODS

Config = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """One value of a stage, with its source: a default's source, a spec field, or a rule."""

    name: str
    value: object
    source: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """One Job of a plan.

    `config`: the file that the runtime reads. `needs`: the name of the Job before it, empty for the first. `sources`:
    the data sources that it reads. `result`: the result of its evaluation, once known. A stage that made data or a
    reward for a finished stage is `finished` too, without a result.
    """

    order: int
    name: str
    method: str
    rules: tuple[str, ...]
    sources: tuple[str, ...]
    settings: tuple[Setting, ...]
    config: Config
    job: str
    needs: str
    deadline_seconds: int
    result: Result | None = None
    finished: bool = False

    @property
    def trains(self) -> bool:
        """Whether the stage trains (else it evaluates, measures or makes data)."""
        return METHODS[self.method].trains

    @property
    def evaluates(self) -> bool:
        """Whether the stage evaluates the model trained before it."""
        return self.method == "evaluate"

    @property
    def gates(self) -> bool:
        """Whether the plan stops after the stage when the target is met, or nothing was gained."""
        return "gate" in self.config and not self.guards

    @property
    def guards(self) -> bool:
        """Whether the plan stops after the stage only when general ability is lost."""
        gate = self.config.get("gate", {})
        return isinstance(gate, Mapping) and gate.get("needs_gain") is False

    @property
    def endpoint_usd(self) -> float:
        """The most that the stage may spend on endpoints, in US dollars; 0 without a budget of money or a price."""
        budget = self.config.get("budget") or self.config.get("work", {}).get("budget", {})
        worst = next((each.value for each in self.settings if each.name == "worst_cost_usd"), 0.0)
        return float(str(budget.get("usd") or worst))

    def gpus(self, count: int) -> int:
        """Return how many of a pod's `count` GPUs the stage uses."""
        return gpus_of(self.config, count)

    @property
    def nodes(self) -> int:
        """The number of nodes that the stage runs on."""
        return nodes_of(self.config)

    @property
    def replays(self) -> bool:
        """Whether the stage replays general text."""
        return replays(self.config["data"])

    @property
    def made_by(self) -> tuple[str, ...]:
        """The Jobs whose rows the stage reads."""
        blocks = self.config["data"]
        made = (str(each["path"]).split("/")[0] for each in blocks if each.get("volume") == "outputs")
        return tuple(dict.fromkeys(made))


def replays(data: Iterable[Config]) -> bool:
    """Return whether a stage's data blocks include general text to replay."""
    return any(each.get("role") == "replay" for each in data)


def gpus_of(config: Config, count: int) -> int:
    """Return how many of `count` GPUs a stage of this config uses.

    One per process that trains, and one for any other model. A model behind an endpoint runs elsewhere, and
    loading files and making pairs need no GPU.
    """
    if config["method"] in ("load", "pairs") or _is_served(config):
        return 0
    return count if METHODS[config["method"]].trains else min(1, count)


def _is_served(config: Config) -> bool:
    """Return whether every model that a stage queries is behind an endpoint."""
    taught_elsewhere = "endpoint" in config.get("teacher", {"endpoint": ""})
    return taught_elsewhere and (config["method"] == "teacher" or "served" in config)


def nodes_of(config: Config) -> int:
    """Return the number of nodes that a stage of this config runs on."""
    nodes: int = config.get("distributed", {}).get("nodes", 1)
    return nodes


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Everything that is rendered.

    `worst_cost_usd` is None where the profile has no price; `endpoint_usd` is its part for calls of endpoints.
    """

    name: str
    inputs: Inputs
    selection: Selection
    stages: tuple[Stage, ...]
    digest: str
    worst_cost_usd: float | None
    endpoint_usd: float = 0.0

    @property
    def pending(self) -> tuple[Stage, ...]:
        """The stages that are not finished yet."""
        return tuple(stage for stage in self.stages if not stage.finished)

    @property
    def trains(self) -> bool:
        """Whether any stage trains."""
        return any(stage.trains for stage in self.stages)

    @property
    def spreads(self) -> bool:
        """Whether any stage runs on several nodes, finished or not."""
        return any(stage.nodes > 1 for stage in self.stages)

    @property
    def checks_general(self) -> bool:
        """Whether evaluations check general rows."""
        blocks = (block for stage in self.stages if stage.evaluates for block in stage.config["data"])
        return any(block.get("role") == "general" for block in blocks)
