"""Commands that create a spec, label its traces, measure its data, and describe its schema."""

from argparse import Namespace
from pathlib import Path

from compiler.cli.exit_codes import ExitCode
from compiler.cli.options import FORMAT, MODELS, PATHS, command, flag, option


def init(given: Namespace) -> ExitCode:
    """Write a first spec to `specs/NAME`.

    Prompts for the values that no option gives. Also writes a cluster profile and
    the schemas for editors if they are missing, and adds what Git needs to
    `.gitattributes` and `.gitignore`. Never overwrites a file.
    """
    from compiler.cli.init.command import init_spec

    return init_spec(vars(given))


def triage(given: Namespace) -> ExitCode:
    """Label traces as badcases on a local page, and report them.

    Opens a page for this machine and one person: its address holds a secret. Each
    label is saved at once to `labels.jsonl` next to the spec. `--report` writes the
    badcases and the evidence that the next compile decides from.
    """
    from compiler.cli.triage import triage_spec

    return triage_spec(given)


def data(given: Namespace) -> ExitCode:
    """Measure the data of specs, and write a card for each source.

    A card in `evidence` holds the number of rows, lengths in tokens, duplicates,
    overlap of training and evaluation, languages, and hints of personal data.
    With a card, a plan compiles on machines that cannot read a remote source.
    """
    from compiler.cli.data import measure_data

    return measure_data(given)


def schema(given: Namespace) -> ExitCode:
    """Print the JSON Schema of a kind, for editors.

    For the YAML language server, begin the spec with the line
    `# yaml-language-server: $schema=training-spec.schema.json`.
    """
    from compiler.cli.explain import print_schema

    return print_schema(given.kind)


INIT = (
    option("name", nargs="?", metavar="NAME", help="name of the spec, and of its folder in `specs`"),
    option("--application", metavar="KIND", help="kind of application: `agent`, `rag`, `workflow` or `tool-chain`"),
    option("--task", metavar="TEXT", help="what the system does, in one sentence of any language"),
    option("--metric", metavar="NAME", help="metric that decides [default: exact_match]"),
    option("--target", metavar="VALUE", help="value of the metric that meets the goal, 0 to 1"),
    flag("--runs", default=None, help="the system runs end to end"),
    flag("--no-runs", action="store_false", dest="runs", default=None, help="the system does not run end to end yet"),
    option("--traces", metavar="PLACE", help="location of full-chain traces [default: not recorded]"),
    option("--model", metavar="MODEL", help="base model: OWNER/NAME@COMMIT of a hub, or NAME/REVISION of a folder"),
    option("--badcases", type=Path, metavar="FILE", help="file of labelled badcases to copy"),
    option("--evaluation", type=Path, metavar="FILE", help="file of evaluation questions to copy"),
    option("--profile", metavar="NAME", help="cluster profile in `specs/clusters` [default: the first]"),
)
SPEC = option("spec", type=Path, metavar="SPEC", help="spec file, or its folder")
REPORT = flag("--report", help="write the evidence and the badcases instead of opening the page")
TRACES = option(
    "--traces",
    action="append",
    default=[],
    type=Path,
    metavar="PATH",
    help="file of native traces, or folder of `.jsonl` files; repeatable [default: `traces` next to the spec]",
)
VERDICTS = option(
    "--verdicts",
    action="append",
    default=[],
    type=Path,
    metavar="FILE",
    help="verdicts of a judge or program, one object with `trace`, `check` and `pass` a line; repeatable",
)
BY = option("--by", metavar="NAME", help="your name in the labels [default: your login name]")
NO_BROWSER = flag("--no-browser", help="print the address of the page only")
CHECK_CARDS = flag("--check", help="write nothing; exit 5 if a committed card differs from its rows")
SOURCE = option("--source", action="append", default=[], metavar="NAME", help="measure only this source; repeatable")
FROM = option(
    "--from",
    action="append",
    default=[],
    dest="rows",
    type=Path,
    metavar="PATH",
    help="local path to the rows of the remote `--source`; repeatable",
)
KIND = option(
    "kind",
    nargs="?",
    default="TrainingSpec",
    metavar="KIND",
    help="`TrainingSpec`, `ClusterProfile`, `Evidence`, a kind of evidence such as `PromptRounds`, or rows: `trace` "
    "or `badcase` "
    "[default: TrainingSpec]",
)

COMMANDS = (
    command(init, *INIT),
    command(triage, SPEC, REPORT, TRACES, VERDICTS, BY, NO_BROWSER, FORMAT),
    command(data, PATHS, CHECK_CARDS, SOURCE, FROM, MODELS, FORMAT),
    command(schema, KIND),
)
