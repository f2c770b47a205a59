"""Settings that have no effect in a plan.

Another setting excludes them, or nothing reads them.
"""

from collections.abc import Iterator

from pydantic.alias_generators import to_camel

from compiler.diagnostics import Diagnostic, diagnostic
from compiler.plan.model import Plan
from compiler.selection import Phase
from compiler.spec.schema.training import CptOverrides
from compiler.spec.schema.training_spec import Asking


def adapter_of_full_tuning(plan: Plan) -> Iterator[Diagnostic]:
    """Report adapter fields where all weights are trained."""
    for stage in plan.stages:
        overrides = plan.inputs.spec.spec.training.of(stage.method)
        if overrides is not None and overrides.tuning == "full" and overrides.peft.model_fields_set:
            at = ("spec", "training", to_camel(stage.method.replace("-", "_")), "peft")
            message = f"`{'.'.join(at[1:])}` is set, but `tuning: full` trains all weights, without an adapter"
            hint = "remove it, or use `tuning: lora`"
            yield diagnostic("PLN403", message, plan.inputs.document.at(at, key=True), hint=hint)


def replay_without_general_text(plan: Plan) -> Iterator[Diagnostic]:
    """Report a share of general text where there is no general text."""
    overrides = plan.inputs.spec.spec.training.cpt
    share = overrides.replay_share if isinstance(overrides, CptOverrides) else None
    for stage in plan.stages if share else ():
        if stage.method == "cpt" and not stage.replays:
            where = plan.inputs.document.at(("spec", "training", "cpt", "replayShare"), key=True)
            message = "`training.cpt.replayShare` is set, but there is no general text to replay"
            hint = "add a data source of purpose `general` and shape `text`, or set `replayShare` to 0"
            yield diagnostic("PLN403", message, where, hint=hint)


def marker_without_chains(plan: Plan) -> Iterator[Diagnostic]:
    """Report a marker between chains and answers where no stage trains chains."""
    evaluation = plan.inputs.spec.spec.evaluation
    if plan.selection.phase is Phase.TRAIN and "answer_marker" in evaluation.model_fields_set:
        metrics = [each for stage in plan.stages for each in stage.config.get("metrics", ())]
        if not any("answer_marker" in each for each in metrics):
            where = plan.inputs.document.at(("spec", "evaluation", "answerMarker"), key=True)
            message = "`evaluation.answerMarker` is set, but no stage trains chains"
            hint = "remove it, or keep it if the stage is only blocked for now"
            yield diagnostic("PLN403", message, where, hint=hint)


def ask_settings_without_use(plan: Plan) -> Iterator[Diagnostic]:
    """Report request settings for a teacher that has no endpoint or is never queried."""
    teacher, methods = plan.inputs.spec.spec.teacher, {stage.method for stage in plan.stages}
    if teacher is None or teacher.endpoint:
        return
    unused: tuple[str, ...] = ("concurrency", "requests_per_minute")
    if "teacher" in methods:
        why = "the teacher has no endpoint: the plan uses its weights"
    else:
        unused, why = tuple(Asking.model_fields), "the plan learns the teacher's probabilities and never queries it"
    for name in unused if methods & {"teacher", "distill"} else ():
        if name in teacher.ask.model_fields_set:
            at = ("spec", "teacher", "ask", to_camel(name))
            message = f"`{'.'.join(at[1:])}` is set, but {why}"
            yield diagnostic("PLN403", message, plan.inputs.document.at(at, key=True), hint="remove it")


def sharding_of_one_gpu(plan: Plan) -> Iterator[Diagnostic]:
    """Report sharding where a stage has one GPU."""
    gpu = plan.inputs.profile.spec.gpu
    if gpu is not None and gpu.nodes * gpu.count == 1 and gpu.sharding != "ddp":
        where = plan.inputs.profile_document.at(("spec", "gpu", "sharding"), key=True)
        message = f"`gpu.sharding: {gpu.sharding}` is set, but a stage has one GPU, so nothing is sharded"
        yield diagnostic("PLN403", message, where, hint="remove it, or raise `gpu.count`")


def topology_of_one_node(plan: Plan) -> Iterator[Diagnostic]:
    """Report a topology for stages of one pod."""
    gpu = plan.inputs.profile.spec.gpu
    if gpu is not None and gpu.topology is not None and gpu.nodes == 1:
        where = plan.inputs.profile_document.at(("spec", "gpu", "topology"), key=True)
        message = "`gpu.topology` is set, but a stage has one pod"
        yield diagnostic("PLN403", message, where, hint="remove it, or raise `gpu.nodes`")


def kueue_settings_without_queue(plan: Plan) -> Iterator[Diagnostic]:
    """Report settings that only Kueue reads, where the profile has no queue."""
    profile = plan.inputs.profile.spec
    if profile.queue is not None:
        return
    topology = profile.gpu.topology if profile.gpu else None
    settings = {("priorityClass",): profile.priority_class, ("gpu", "topology"): topology}
    for path, value in settings.items():
        if value is not None:
            where = plan.inputs.profile_document.at(("spec", *path), key=True)
            message = f"`{'.'.join(path)}` is set, but there is no `queue`, and only Kueue reads it"
            yield diagnostic("PLN403", message, where, hint="add `queue`, or remove it")
