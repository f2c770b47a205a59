"""The `trainspec` command: arguments in, exit codes out. What commands do is in `commands.py` and behind it."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Optional

import typer

from compiler import __version__
from compiler.discover import plan_folder

app = typer.Typer(
    name="trainspec",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    help=(
        "Decide what an LLM application needs, and render it as Kubernetes Jobs.\n\n"
        "A spec says what the business wants, what the data looks like and what was tried. trainspec checks it, "
        "decides by rules (collect badcases, improve the prompt, train, or done), and renders a plan that people "
        "review and CI applies.\n\n"
        "Start with:  trainspec init   then   trainspec explain specs/NAME"
    ),
    epilog=(
        "Exit codes: 0 ok, 1 errors in specs or stages, 2 usage, 3 internal, 4 cluster, 5 differences, "
        "130 interrupted, 143 terminated."
    ),
)


class Format(StrEnum):
    """How diagnostics are written."""

    TEXT = "text"
    CONCISE = "concise"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"


Paths = Annotated[
    Optional[list[Path]],
    typer.Argument(help="Spec files, or folders to search for `spec.yaml`. [default: specs]", show_default=False),
]
FormatOption = Annotated[Format, typer.Option("--format", help="How diagnostics are written (to stderr).")]
Jobs = Annotated[
    Optional[int],
    typer.Option(min=1, help="Processes at most. [default: the cores that may be used]", show_default=False),
]
Kubeconfig = Annotated[
    Optional[Path],
    typer.Option(help="The kubeconfig to use. [default: as kubectl does]", show_default=False),
]
Context = Annotated[
    Optional[str], typer.Option(help="A context of the kubeconfig. [default: its current one]", show_default=False)
]
PlanFolder = Annotated[Path, typer.Argument(help="A plan folder, or its spec's.", callback=plan_folder)]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Neither use nor keep what earlier runs came to.")]


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"trainspec {__version__}")
        raise typer.Exit()


@app.callback()
def trainspec(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Holds the options of the whole command."""


@app.command()
def check(
    paths: Paths = None,
    diagnostics: FormatOption = Format.TEXT,
    jobs: Jobs = None,
    no_cache: NoCache = False,
) -> None:
    """Check specs and everything that they refer to, without writing anything.

    All problems of all specs are told at once, each with its place, a code and a hint.
    """
    from compiler.batch import check_specs

    raise typer.Exit(check_specs(paths or [Path("specs")], diagnostics, jobs=jobs, use_cache=not no_cache))


@app.command(name="compile")
def compile_(
    paths: Paths = None,
    check_only: Annotated[
        bool,
        typer.Option("--check", help="Write nothing; exit 5 if a committed plan is not what its spec compiles to."),
    ] = False,
    diagnostics: FormatOption = Format.TEXT,
    jobs: Jobs = None,
    no_cache: NoCache = False,
) -> None:
    """Compile specs into the `plan` folder beside each, to be reviewed and committed.

    The same spec gives the same bytes. A plan folder is replaced as a whole or not at all.
    """
    from compiler.batch import compile_specs

    chosen = paths or [Path("specs")]
    raise typer.Exit(compile_specs(chosen, diagnostics, check_only=check_only, jobs=jobs, use_cache=not no_cache))


@app.command()
def explain(
    subject: Annotated[
        str, typer.Argument(help="A spec (file or folder), a rule such as `M3`, or a diagnostic such as `SPC102`.")
    ],
) -> None:
    """Explain a spec's decision, a selection rule, or a diagnostic.

    For a spec: the phase, the rules that decided it with their evidence, and the alternatives with why not.
    """
    from compiler.commands import explain_subject

    raise typer.Exit(explain_subject(subject))


@app.command()
def run(
    plan: PlanFolder,
    work: Annotated[
        Optional[Path], typer.Option(help="Folder for outputs and logs. [default: .trainspec/NAME]", show_default=False)
    ] = None,
    models: Annotated[
        Optional[Path], typer.Option(help="Folder of base models. [default: the user's cache]", show_default=False)
    ] = None,
) -> None:
    """Run a rendered plan on this machine: its own Jobs, one after the other, gate by gate.

    A stage that is done is not run again; one that was killed goes on from its last checkpoint.
    """
    from compiler.commands import run_plan

    raise typer.Exit(run_plan(plan, work, models))


@app.command()
def collect(
    plan: PlanFolder,
    work: Annotated[
        Optional[Path], typer.Option(help="Folder of the run. [default: .trainspec/NAME]", show_default=False)
    ] = None,
    cluster: Annotated[bool, typer.Option("--cluster", help="Bring the results back from a cluster instead.")] = False,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    diagnostics: FormatOption = Format.TEXT,
) -> None:
    """Write what the evaluations of a plan measured as evidence beside the spec.

    The next compile then decides what follows: go on, stop at the target, or fall back.
    """
    if cluster:
        from compiler.cluster.connect import Target
        from compiler.cluster.one_plan import collect as collect_from

        raise typer.Exit(collect_from(plan, Target(kubeconfig=kubeconfig, context=context), diagnostics))
    from compiler.local.collect import collect_results

    raise typer.Exit(collect_results(plan, work, diagnostics))


@app.command()
def apply(
    plans: Annotated[list[Path], typer.Argument(help="Plan folders, specs' folders, or a folder of many specs.")],
    plan_digest: Annotated[
        Optional[str],
        typer.Option("--plan-digest", help="Refuse any plan but the approved one of this digest.", show_default=False),
    ] = None,
    files_digest: Annotated[
        Optional[str],
        typer.Option(
            "--files-digest",
            help="Apply a plan folder without its spec if its files have this digest, as `trainspec driver` has it.",
            show_default=False,
        ),
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Follow the plans until nothing of them moves.")] = False,
    retry: Annotated[
        bool,
        typer.Option("--retry", help="Start a stage again that failed, was cancelled, or lost its Job."),
    ] = False,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    diagnostics: FormatOption = Format.TEXT,
) -> None:
    """Apply plans to a cluster, each one stage further; call it at any moment, and as often as you like.

    A plan that is not what its spec compiles to is refused. Everything is tried as a dry run first. A stage that is
    done is not run again: a ledger in the cluster outlives the Jobs.
    """
    from compiler.cluster.commands import Wanted
    from compiler.cluster.commands import apply as apply_plans
    from compiler.cluster.connect import Target

    wanted = Wanted(digest=plan_digest, files_digest=files_digest, wait=wait, retry=retry)
    raise typer.Exit(apply_plans(plans, Target(kubeconfig=kubeconfig, context=context), wanted, diagnostics))


class Output(StrEnum):
    """How a status is written."""

    TABLE = "table"
    JSON = "json"


@app.command()
def status(
    plans: Annotated[list[Path], typer.Argument(help="Plan folders, specs' folders, or a folder of many specs.")],
    output: Annotated[Output, typer.Option("--output", "-o", help="A table, or JSON for scripts.")] = Output.TABLE,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    diagnostics: FormatOption = Format.TEXT,
) -> None:
    """Show where plans stand in a cluster: stages, pods, steps, losses, and why something waits or failed."""
    from compiler.cluster.commands import status as show_status
    from compiler.cluster.connect import Target

    target = Target(kubeconfig=kubeconfig, context=context)
    raise typer.Exit(show_status(plans, target, as_json=output is Output.JSON, style=diagnostics))


@app.command()
def logs(
    plan: PlanFolder,
    stage: Annotated[
        Optional[str], typer.Argument(help="A stage of it. [default: the last that has begun]", show_default=False)
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the stage ends.")] = False,
    raw: Annotated[bool, typer.Option("--raw", help="Lines as the runtime writes them, one JSON object each.")] = False,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    diagnostics: FormatOption = Format.TEXT,
) -> None:
    """Print the log of a plan's stage in a cluster."""
    from compiler.cluster.connect import Target
    from compiler.cluster.logs import logs as print_logs

    target = Target(kubeconfig=kubeconfig, context=context)
    raise typer.Exit(print_logs(plan, target, stage, keep_on=follow, raw=raw, style=diagnostics))


@app.command()
def cancel(
    plan: PlanFolder,
    superseded: Annotated[
        bool, typer.Option("--superseded", help="Stop the Jobs of earlier versions of the plan instead.")
    ] = False,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    diagnostics: FormatOption = Format.TEXT,
) -> None:
    """Stop what a plan does in a cluster. Checkpoints stay: `apply --retry` lets it go on."""
    from compiler.cluster.connect import Target
    from compiler.cluster.one_plan import cancel as cancel_plan

    target = Target(kubeconfig=kubeconfig, context=context)
    raise typer.Exit(cancel_plan(plan, target, superseded=superseded, style=diagnostics))


@app.command()
def init(
    name: Annotated[
        Optional[str], typer.Argument(help="Name of the spec: its folder in `specs`.", show_default=False)
    ] = None,
    application: Annotated[
        Optional[str], typer.Option(help="`agent`, `rag`, `workflow` or `tool-chain`.", show_default=False)
    ] = None,
    task: Annotated[
        Optional[str], typer.Option(help="What the system has to do, in any language.", show_default=False)
    ] = None,
    metric: Annotated[
        Optional[str], typer.Option(help="The metric that decides. [default: exact_match]", show_default=False)
    ] = None,
    target: Annotated[
        Optional[str], typer.Option(help="Its value at which the goal is met, 0 to 1.", show_default=False)
    ] = None,
    runs: Annotated[
        Optional[bool], typer.Option("--runs/--no-runs", help="Whether the system runs end to end.", show_default=False)
    ] = None,
    traces: Annotated[
        Optional[str], typer.Option(help="Where traces of the whole chain are; none are recorded otherwise.")
    ] = None,
    model: Annotated[Optional[str], typer.Option(help="Base model, as NAME/REVISION.", show_default=False)] = None,
    badcases: Annotated[Optional[Path], typer.Option(help="File of labelled badcases, to be copied.")] = None,
    evaluation: Annotated[Optional[Path], typer.Option(help="File of evaluation questions, to be copied.")] = None,
    profile: Annotated[Optional[str], typer.Option(help="Profile in `specs/clusters`. [default: the first]")] = None,
) -> None:
    """Write a first spec into `specs/NAME`: asks on a terminal, else takes flags.

    Also writes a cluster profile and the schemas for editors where there are none. Nothing is overwritten.
    """
    from compiler.init import init_spec

    given = {
        "name": name,
        "application": application,
        "task": task,
        "metric": metric,
        "target": target,
        "runs": runs,
        "traces": traces,
        "model": model,
        "badcases": badcases,
        "evaluation": evaluation,
        "profile": profile,
    }
    raise typer.Exit(init_spec(given))


@app.command()
def upgrade(
    paths: Annotated[
        Optional[list[Path]],
        typer.Argument(help="Specs, profiles, or folders that hold them. [default: specs]", show_default=False),
    ] = None,
    check_only: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 5 if a file is in an older version of the language.")
    ] = False,
    diagnostics: FormatOption = Format.TEXT,
) -> None:
    """Rewrite specs and profiles of an older version of the spec language in the newest one, in place.

    Comments, order and layout stay. What is evidence in the newest version is moved to `evidence/` beside the spec.
    """
    from compiler.upgrade import upgrade_documents

    raise typer.Exit(upgrade_documents(paths or [Path("specs")], diagnostics, check_only=check_only))


@app.command()
def data(
    paths: Paths = None,
    check_only: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 5 if a committed card is not what its rows measure.")
    ] = False,
    sources: Annotated[
        Optional[list[str]], typer.Option("--source", help="Only this source. May be repeated.", show_default=False)
    ] = None,
    rows: Annotated[
        Optional[list[Path]],
        typer.Option("--from", help="Where the rows of the remote `--source` are on this machine.", show_default=False),
    ] = None,
    models: Annotated[
        Optional[Path], typer.Option(help="Folder of base models. [default: the user's cache]", show_default=False)
    ] = None,
    diagnostics: FormatOption = Format.TEXT,
) -> None:
    """Measure the data sources of specs, and write a data card for each into `evidence`.

    Rows, lengths in tokens, duplicates, overlap of training and evaluation, languages, hints of personal data. A plan
    can then be made where a remote source is not.
    """
    from compiler.commands import report
    from compiler.data.command import Wanted, measure_data

    wanted = Wanted.of(sources or [], rows or [], models, check_only=check_only)
    raise typer.Exit(measure_data(paths or [Path("specs")], wanted, lambda found: report(found, diagnostics)))


@app.command()
def access(
    profile: Annotated[Path, typer.Argument(help="A cluster profile, such as `specs/clusters/NAME.yaml`.")],
    ci: Annotated[
        Optional[list[str]],
        typer.Option(
            "--ci",
            metavar="SUBJECT",
            help="Who applies plans: `user:NAME`, `group:NAME` or `serviceaccount:NAMESPACE/NAME`. May be repeated. "
            "[default: a ServiceAccount that is made]",
            show_default=False,
        ),
    ] = None,
    readers: Annotated[
        Optional[list[str]],
        typer.Option("--reader", metavar="SUBJECT", help="Who may look at them. May be repeated.", show_default=False),
    ] = None,
    driver: Annotated[
        Optional[list[str]],
        typer.Option(
            "--driver",
            metavar="CIDR",
            help="Also set up what drivers of plans run as (`trainspec driver`); they may reach the API server in this "
            "network. May be repeated.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Print what an administrator sets up in the cluster for a profile, as YAML to review and apply.

    The namespace with the Pod Security Standard `restricted`, a network policy that denies everything, and a role with
    no more than it needs for what applies plans and for those who look at them.
    """
    from compiler.access import print_access

    raise typer.Exit(print_access(profile, ci or [], readers or [], driver or []))


@app.command()
def driver(
    plan: PlanFolder,
    plan_digest: Annotated[
        Optional[str],
        typer.Option("--plan-digest", help="Refuse any plan but the approved one of this digest.", show_default=False),
    ] = None,
    diagnostics: FormatOption = Format.TEXT,
) -> None:
    """Print a small Job that applies a plan from within the cluster and follows it to its end, as YAML to apply.

    Its account, role and network policy are set up once, by what `trainspec access --driver` prints.
    """
    from compiler.driver import print_driver

    raise typer.Exit(print_driver(plan, plan_digest, diagnostics))


@app.command()
def schema(
    kind: Annotated[
        str,
        typer.Argument(help="`TrainingSpec`, `ClusterProfile`, `Evidence`, or one kind of it, as `PromptRounds`."),
    ] = "TrainingSpec",
) -> None:
    """Print the JSON Schema of a kind, for editors.

    With the YAML language server: `# yaml-language-server: $schema=training-spec.schema.json` as a spec's first line.
    """
    from compiler.commands import print_schema

    raise typer.Exit(print_schema(kind))
