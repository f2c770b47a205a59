"""Lay out a selection as a pipeline of stages with configs, names and needs."""

from dataclasses import replace

from compiler import __version__
from compiler.diagnostics import Outcome, has_errors
from compiler.plan.checks.selection import selection_problems
from compiler.plan.checks.table import PLAN_CHECKS
from compiler.plan.draft import Built, Draft, Lineage
from compiler.plan.load_stage import has_load, load_config
from compiler.plan.model import Plan, Stage, gpus_of, nodes_of
from compiler.plan.stage_config import evaluation_config, pairs_config, training_config, work_config
from compiler.selection import Selection, StageChoice
from compiler.selection.rules import RULES_VERSION
from compiler.spec.inputs import Inputs
from compiler.spec.methods import METHODS
from compiler.spec.names import digest, job_name
from runtime.contract.outputs import NOT_PASSED


def plan(inputs: Inputs, selection: Selection) -> Outcome[Plan]:
    """Return the plan of a selection.

    Stages with known results keep their names; only later stages change.
    """
    found = tuple(selection_problems(inputs, selection))
    if has_errors(found):
        return Outcome(value=None, diagnostics=found)
    stages = _Pipeline(inputs, selection).lay_out()
    # covers everything that is applied, so that an approved digest approves all of it: a Job's name covers only what
    # changes its result, and not the namespace, the memory or the secrets of the profile
    whole = digest(
        {
            "name": inputs.spec.metadata.name,
            "compiler": __version__,
            "rules": RULES_VERSION,
            "stages": [(stage.job, stage.needs, stage.deadline_seconds, stage.finished) for stage in stages],
            "phase": selection.phase,
            # except the driver's image: whatever its version, a driver applies what was approved
            "profile": inputs.profile.spec.model_dump(mode="json", exclude={"driver_image"}),
        }
    )
    made = Plan(
        name=inputs.spec.metadata.name,
        inputs=inputs,
        selection=selection,
        stages=stages,
        digest=whole,
        worst_cost_usd=_worst_cost(inputs, stages),
        endpoint_usd=_endpoint_usd(stages),
    )
    found = (*found, *(problem for check in PLAN_CHECKS for problem in check(made)))
    return Outcome(value=None if has_errors(found) else made, diagnostics=found)


def _worst_cost(inputs: Inputs, stages: tuple[Stage, ...]) -> float | None:
    """Return the cost in US dollars if all unfinished stages run until their deadlines and spend their budgets.

    Deadlines include retries.
    """
    gpu = inputs.profile.spec.gpu
    if gpu is None or gpu.hourly_usd is None:
        return None
    seconds = sum(
        stage.deadline_seconds * stage.nodes * stage.gpus(gpu.count) for stage in stages if not stage.finished
    )
    return seconds / 3600 * gpu.hourly_usd + _endpoint_usd(stages)


def _endpoint_usd(stages: tuple[Stage, ...]) -> float:
    """Return what the unfinished stages may spend on endpoints."""
    return sum(stage.endpoint_usd for stage in stages if not stage.finished)


class _Pipeline:
    """Builds the stages in order; each one needs the one before."""

    def __init__(self, inputs: Inputs, selection: Selection) -> None:
        self.inputs = inputs
        self.selection = selection
        self.results = {result.job: result for result in selection.results}
        self.stages: list[Stage] = []
        self.lineage = Lineage()
        self.base: str | None = None  # the evaluation of the base model
        self.baseline: str | None = None  # the evaluation of the model that the next stage starts from

    def lay_out(self) -> tuple[Stage, ...]:
        """Return the stages, with an evaluation of the base model and one after each training stage."""
        if any(METHODS[choice.method].trains for choice in self.selection.stages):
            self._evaluate("base", rules=("T0",))
        for choice in self.selection.stages:
            if METHODS[choice.method].trains:
                self._train(choice)
            else:
                self._work(choice)
        return self._behind_load() if has_load(self.inputs, self.stages) else tuple(self.stages)

    def _behind_load(self) -> tuple[Stage, ...]:
        """Return the stages after one that loads their files.

        It loads the files of finished stages too, so that its name is stable.
        """
        stages, self.stages = self.stages, []
        choice = StageChoice(method="load", sources=(), made_by=(), rules=())
        first = self._append("load", choice, load_config(self._draft(choice, Lineage()), stages))
        first = replace(first, finished=all(stage.finished for stage in stages))
        return (first, *(replace(each, order=each.order + 1, needs=each.needs or first.job) for each in stages))

    def _work(self, choice: StageChoice) -> None:
        stage = self._append(choice.method, choice, work_config(self._draft(choice, self.lineage)))
        made = {**self.lineage.made, choice.method: stage.job}
        self.lineage = replace(self.lineage, made=made)
        if choice.method == "optimize-prompt":
            self._evaluate("prompt", rules=choice.rules, prompt=f"{stage.job}/prompt.md")

    def _train(self, choice: StageChoice) -> None:
        """Add a training stage and its evaluation.

        After a stage that gained nothing, the next starts before it.
        """
        merged = choice.settings.get("start") == "merged"
        before = self.lineage if merged else replace(self.lineage, adapters=())
        maker = self._pair(choice, before)
        if maker is not None:
            before = replace(before, made={**before.made, f"pairs of {choice.method}": maker.job})
        stage = self._append(choice.method, choice, training_config(self._draft(choice, before)))
        weights = f"{stage.job}/{'model' if stage.config['peft'] is None else 'adapter'}"
        if METHODS[choice.method].kind == "reward-model":
            self.lineage = replace(self.lineage, reward_model=weights)
            return
        adapters = (*before.adapters, weights)
        gated = choice.method != "cpt"  # it teaches reading; the stage after it shows whether that helps the task
        measured = self._evaluate(choice.method, rules=choice.rules, adapters=adapters, gated=gated)
        if measured.result is not None:
            self.stages[-2] = replace(stage, result=measured.result, finished=True)
            self._finish({*choice.made_by, *(("reward", "pairs-reward") if choice.method == "ppo" else ())})
            self._finish({maker.name} if maker is not None else set())
        if measured.result is None or measured.result.gate not in NOT_PASSED:
            self.lineage = replace(self.lineage, adapters=adapters)
            self.baseline = measured.job if gated else self.baseline

    def _pair(self, choice: StageChoice, before: Lineage) -> Stage | None:
        """Add the stage that makes or filters the pairs of `choice`; None for unchanged given pairs."""
        built = pairs_config(self._draft(choice, before))
        if built is None:
            return None
        made = StageChoice(method="pairs", sources=choice.sources, made_by=(), rules=choice.rules)
        return self._append("pairs" if choice.method == "dpo" else f"pairs-{choice.method}", made, built)

    def _finish(self, names: set[str]) -> None:
        """Mark the stages that made data or a reward for a finished stage as finished."""
        self.stages = [replace(stage, finished=True) if stage.name in names else stage for stage in self.stages]

    def _evaluate(
        self,
        of: str,
        *,
        rules: tuple[str, ...],
        adapters: tuple[str, ...] = (),
        gated: bool = True,
        prompt: str | None = None,
    ) -> Stage:
        source = next(each.name for each in self.inputs.spec.spec.data if each.purpose == "evaluation")
        choice = StageChoice(method="evaluate", sources=(source,), made_by=(), rules=rules)
        draft = self._draft(choice, Lineage(adapters=adapters))
        built = evaluation_config(draft, of=of, baseline=self.baseline, base=self.base, gated=gated, prompt=prompt)
        stage = self._append(f"evaluate-{of}", choice, built)
        if of == "base":
            self.base = self.baseline = stage.job
        return stage

    def _draft(self, choice: StageChoice, lineage: Lineage) -> Draft:
        return Draft(inputs=self.inputs, selection=self.selection, choice=choice, lineage=lineage)

    def _append(self, name: str, choice: StageChoice, built: Built) -> Stage:
        job = self._job(name, choice.method, built)
        stage = Stage(
            order=len(self.stages) + 1,
            name=name,
            method=choice.method,
            rules=choice.rules,
            sources=choice.sources,
            settings=built.settings,
            config=built.config | {"stage": name, "output": job},
            job=job,
            needs=self.stages[-1].job if self.stages else "",
            deadline_seconds=60 * self._deadline(choice.method),
            result=self.results.get(job),
            finished=job in self.results,
        )
        self.stages.append(stage)
        return stage

    def _deadline(self, method: str) -> int:
        body = self.inputs.spec.spec
        own = {"evaluate": body.evaluation, "augment": body.augmentation}
        overrides = own[method] if method in own else body.training.of(method)
        return (overrides and overrides.deadline_minutes) or METHODS[method].deadline_minutes

    def _job(self, name: str, method: str, built: Built) -> str:
        """Return the Job's name, with a digest of everything that its result depends on."""
        profile = self.inputs.profile.spec
        gpus = gpus_of(built.config, profile.gpu.count) if profile.gpu else 0
        identity = {
            "config": built.config | {"stage": name},
            "image": profile.image,
            "folders": dict(self.inputs.folders) if "metrics" in built.config else {},
            "code": dict(self.inputs.code) if "rewards" in built.config else {},
            "topology": {
                "nodes": nodes_of(built.config),
                "gpu": profile.gpu.type if profile.gpu and gpus else "",
                "gpus": gpus,
            },
            "rerun": self.inputs.spec.spec.rerun,
        }
        return job_name(self.inputs.spec.metadata.name, name, digest(identity))
