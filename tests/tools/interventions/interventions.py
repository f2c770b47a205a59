"""The interventions: each changes a planted application for real, or says why it cannot be tried on it.

Training uses the small plain loops of `training` and `learning`, not the runtime's stages: a stage takes longer to
start than these models to train.
"""

import copy
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from tools.interventions.answering import MOST, answers, final
from tools.interventions.applications import Application, Question
from tools.interventions.learning import Pair, dpo, grpo
from tools.interventions.systems import ROUNDS, System, Wording, best_wording
from tools.interventions.training import Cost, Row, epochs, fit
from tools.interventions.words import Words
from transformers import LlamaForCausalLM

DEMONSTRATIONS, BADCASES, PROMPTS, TUNING = 300, 200, 1500, 150
SFT = {"steps": 120, "rate": 7e-4, "batch": 32}


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """Why an intervention makes no sense for an application."""

    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Changed:
    """A system after an intervention, with the operations that its training took."""

    system: System
    flops: float = 0.0
    note: str = ""


@dataclass(slots=True)
class Bench:
    """What the interventions on one application share: its system, its best prompt, its smaller model."""

    system: System
    student: LlamaForCausalLM
    best: Wording = field(default_factory=Wording)

    @property
    def application(self) -> Application:
        return self.system.application

    def choose_prompt(self) -> None:
        """Take the wording that answers best the questions that are for choosing alone."""
        questions = self.application.questions("tuning", TUNING)
        self.best = best_wording(
            {each: self.system.with_(wording=each).right(questions, seed=11) for _, each in ROUNDS}
        )

    @property
    def prompted(self) -> System:
        return self.system.with_(wording=self.best)


Made = Changed | NotApplicable


def nothing(bench: Bench) -> Made:
    return Changed(system=bench.system)


def decoding(bench: Bench) -> Made:
    """Greedy answers, and within the schema where answers have one."""
    symbolic = bench.application.operation is not None
    if bench.system.temperature == 0 and not symbolic:
        return NotApplicable("it decodes greedily already, and its answers have no schema")
    return Changed(system=bench.system.with_(temperature=0.0, constrained=symbolic))


def prompt(bench: Bench) -> Made:
    if bench.best == Wording():
        return Changed(system=bench.system, note="no rewording of the prompt scores higher")
    return Changed(system=bench.prompted)


def retrieval(bench: Bench) -> Made:
    if bench.application.topic != "facts":
        return NotApplicable("no text answers its questions")
    if bench.system.retriever != "none":
        return NotApplicable("it has a retriever")
    if bench.application.closed_book:
        return NotApplicable("it must answer offline")
    return Changed(system=bench.system.with_(retriever="right"))


def component(bench: Bench) -> Made:
    if bench.system.retriever != "broken":
        return NotApplicable("no component but the model makes errors in its traces")
    return Changed(system=bench.system.with_(retriever="right"))


def flow(bench: Bench) -> Made:
    if bench.system.flow != "broken":
        return NotApplicable("the agent passes every question on as it came")
    return Changed(system=bench.system.with_(flow="right"))


def _demonstrations(system: System) -> list[Row]:
    questions = system.application.questions("demonstrations", DEMONSTRATIONS)
    prompts = system.with_(wording=Wording()).prompts(questions)
    return [Row(prompt=made, answer=(each.answer,)) for made, each in zip(prompts, questions, strict=True)]


def _supervised(model: LlamaForCausalLM, rows: list[Row], cost: Cost, *, steps: int = 0) -> LlamaForCausalLM:
    trained = copy.deepcopy(model)
    draw = epochs(rows, int(SFT["batch"]), seed=5)
    fit(trained, draw, steps=steps or int(SFT["steps"]), rate=SFT["rate"], seed=5, cost=cost)
    return trained


def sft(bench: Bench) -> Made:
    cost = Cost()
    model = _supervised(bench.system.model, _demonstrations(bench.system), cost)
    return Changed(system=bench.system.with_(model=model), flops=cost.flops)


def cpt_sft(bench: Bench) -> Made:
    sentences = bench.application.corpus
    if "corpus" not in bench.application.data:
        return NotApplicable("there is no corpus")
    cost, model = Cost(), copy.deepcopy(bench.system.model)
    rows = [Row(prompt=each[:1], answer=each[1:], whole_loss=False) for each in sentences]
    fit(model, epochs(rows, 64, seed=6), steps=300, rate=1e-3, seed=6, cost=cost)
    model = _supervised(model, _demonstrations(bench.system), cost)
    return Changed(system=bench.system.with_(model=model), flops=cost.flops)


def cot(bench: Bench) -> Made:
    questions = bench.application.questions("demonstrations", DEMONSTRATIONS)
    if not questions[0].steps:
        return NotApplicable("its answers have no steps")
    rows = [Row(prompt=("steps", *each.core), answer=each.steps) for each in questions]
    cost = Cost()
    model = _supervised(bench.system.model, rows, cost, steps=250)
    return Changed(system=bench.system.with_(model=model, wording=Wording(steps=True)), flops=cost.flops)


def logged_badcases(system: System, questions: list[Question]) -> list[tuple[Question, Words, Words]]:
    """The questions that a system answers wrongly, each with its prompt and the logged answer."""
    found = system.answers(questions, seed=21)
    return [
        (each, made, group[0])
        for each, made, group in zip(questions, system.prompts(questions), found, strict=True)
        if final(group[0]) != each.answer
    ]


def dpo_on_badcases(bench: Bench) -> Made:
    """DPO on fixes of badcases: the fix is chosen, the logged answer rejected."""
    plain = bench.system
    logged = logged_badcases(plain, plain.application.questions("badcases", 800))[:BADCASES]
    if len(logged) < 30:
        return NotApplicable(f"{len(logged)} badcases make too few pairs")
    pairs = [Pair(prompt=made, chosen=(each.answer,), rejected=wrong) for each, made, wrong in logged]
    cost = Cost()
    model = dpo(plain.model, pairs, steps=80, rate=3e-4, beta=0.1, seed=7, cost=cost)
    return Changed(system=plain.with_(model=model), flops=cost.flops, note=f"{len(pairs)} pairs")


def grpo_on_answers(bench: Bench) -> Made:
    """GRPO with the metric as its reward, from the best prompt."""
    start = bench.prompted
    questions = start.application.questions("prompts", 400)
    prompts = [(made, _reward(each)) for made, each in zip(start.prompts(questions), questions, strict=True)]
    cost = Cost()
    steps = 15 if start.wording.steps else 40
    model = grpo(start.model, prompts, steps=steps, group=8, most=start.most, rate=2e-4, seed=8, cost=cost)
    return Changed(system=start.with_(model=model), flops=cost.flops)


def _reward(question: Question) -> Callable[[Words], float]:
    return lambda answer: float(final(answer) == question.answer)


def distillation(bench: Bench) -> Made:
    """A smaller model learns the answers of the application's own model."""
    if not bench.application.too_large:
        return NotApplicable("its serving keeps its limit, and no stronger model is there")
    teacher = bench.prompted
    questions = teacher.application.questions("prompts", PROMPTS)
    prompts, cost = teacher.prompts(questions), Cost()
    found = answers(teacher.model, prompts, temperature=0.0, seed=9, most=MOST, cost=cost)
    rows = [Row(prompt=made, answer=group[0]) for made, group in zip(prompts, found, strict=True)]
    random.Random("distillation").shuffle(rows)
    model = _supervised(bench.student, rows, cost, steps=400)
    return Changed(system=teacher.with_(model=model), flops=cost.flops)


# a stated constant of each intervention: hours of people, for the change itself and the data that it needs
INTERVENTIONS: dict[str, tuple[float, Callable[[Bench], Made]]] = {
    "nothing": (0, nothing),
    "decoding": (1, decoding),
    "prompt": (4, prompt),
    "flow": (8, flow),
    "component": (16, component),
    "retrieval": (24, retrieval),
    "sft": (24, sft),
    "dpo": (24, dpo_on_badcases),
    "cot": (32, cot),
    "distillation": (32, distillation),
    "cpt+sft": (48, cpt_sft),
    "grpo": (48, grpo_on_answers),
}
