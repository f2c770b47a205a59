"""Commands around specs: begin one, measure its data, describe the language."""

from argparse import Namespace
from pathlib import Path

from compiler.cli.exit_codes import ExitCode
from compiler.cli.options import FORMAT, MODELS, PATHS, command, flag, option


def init(given: Namespace) -> ExitCode:
    """Write a first spec into `specs/NAME`.

    Asks on a terminal for what no option gives. Also writes a cluster profile
    and the schemas for editors where there are none. Nothing is overwritten.
    """
    from compiler.cli.init.command import init_spec

    return init_spec(vars(given))


def data(given: Namespace) -> ExitCode:
    """Measure the data of specs; write a card for each source.

    A card in `evidence` holds rows, lengths in tokens, duplicates, overlap of
    training and evaluation, languages, and hints of personal data. A plan can
    then be made where a remote source is not.
    """
    from compiler.cli.data import measure_data

    return measure_data(given)


def schema(given: Namespace) -> ExitCode:
    """Print the JSON Schema of a kind, for editors.

    With the YAML language server, the first line of a spec is
    `# yaml-language-server: $schema=training-spec.schema.json`.
    """
    from compiler.cli.explain import print_schema

    return print_schema(given.kind)


INIT = (
    option("name", nargs="?", metavar="NAME", help="name of the spec: its folder in `specs`"),
    option("--application", metavar="KIND", help="`agent`, `rag`, `workflow` or `tool-chain`"),
    option("--task", metavar="TEXT", help="what the system has to do, in any language"),
    option("--metric", metavar="NAME", help="the metric that decides [default: exact_match]"),
    option("--target", metavar="VALUE", help="its value at which the goal is met, 0 to 1"),
    flag("--runs", default=None, help="the system runs end to end"),
    flag("--no-runs", action="store_false", dest="runs", default=None, help="it does not yet"),
    option("--traces", metavar="PLACE", help="where traces of the whole chain are [default: none are recorded]"),
    option("--model", metavar="NAME/REVISION", help="base model"),
    option("--badcases", type=Path, metavar="FILE", help="file of labelled badcases, to be copied"),
    option("--evaluation", type=Path, metavar="FILE", help="file of evaluation questions, to be copied"),
    option("--profile", metavar="NAME", help="profile in `specs/clusters` [default: the first]"),
)
CHECK_CARDS = flag("--check", help="write nothing; exit 5 if a committed card is not what its rows measure")
SOURCE = option(
    "--source", action="append", default=[], metavar="NAME", help="measure only this source; may be repeated"
)
FROM = option(
    "--from",
    action="append",
    default=[],
    dest="rows",
    type=Path,
    metavar="PATH",
    help="where the rows of the remote `--source` are on this machine; may be repeated",
)
KIND = option(
    "kind",
    nargs="?",
    default="TrainingSpec",
    metavar="KIND",
    help="`TrainingSpec`, `ClusterProfile`, `Evidence`, or one kind of it such as `PromptRounds` "
    "[default: TrainingSpec]",
)

COMMANDS = (
    command(init, *INIT),
    command(data, PATHS, CHECK_CARDS, SOURCE, FROM, MODELS, FORMAT),
    command(schema, KIND),
)
