"""`make faults`: every fault against shipped plans, with the table of `docs/benchmarks.md`.

python tests/system/cluster/matrix.py [PLAN …]
"""

import shutil
import sys
import tempfile
import uuid
from pathlib import Path

from rich.console import Console
from rich.progress import track

sys.path.insert(0, str(Path(__file__).parents[2]))
from system.cluster.faults import FAULTS, Fault, Survived, survive
from system.cluster.player import Player
from system.cluster.server import ROOT, Server, find_server
from system.cluster.shop import Shop

PLANS = ("tool-calls", "nl2sql", "discharge-coding")


def main(names: list[str]) -> int:
    """Run all faults, print the table; return 1 if any stage ran twice or any result was lost."""
    plans = tuple(names) or PLANS
    with tempfile.TemporaryDirectory() as folder:
        server = find_server(Path(folder, "api"))
        try:
            found = [
                (fault.name, [_survive(server, Path(folder), name, fault) for name in plans])
                for fault in track(FAULTS, "faults", console=Console(stderr=True))
            ]
        finally:
            server.stop()
    heads = " | ".join(f"`{name}`" for name in plans)
    print(f"| fault | {heads} |\n|---|{'---|' * len(plans)}")
    for fault, survived in found:
        print(f"| {fault} | {' | '.join(map(_cell, survived))} |")
    twice = sum(each.twice for _, survived in found for each in survived)
    lost = sum(each.lost for _, survived in found for each in survived)
    stages = sum(each.stages for _, survived in found for each in survived)
    print(f"\n{len(found)} × {len(plans)} runs, {stages} stages: {twice} run twice, {lost} results lost")
    return int(bool(twice or lost))


def _cell(survived: Survived) -> str:
    return f"{survived.stages} stages, {survived.calls} call{'s' * (survived.calls > 1)}"


def _survive(server: Server, folder: Path, name: str, fault: Fault) -> Survived:
    """Apply a copy of a shipped spec in its own namespace, under a fault."""
    namespace = f"t-{uuid.uuid4().hex[:8]}"
    specs = folder / namespace / "specs"
    for part in (name, "clusters"):
        shutil.copytree(ROOT / "specs" / part, specs / part)
    for profile in (specs / "clusters").glob("*.yaml"):
        profile.write_text(profile.read_text().replace("namespace: trainspec", f"namespace: {namespace}"))
    player = Player(kubeconfig=str(server.kubeconfig), namespace=namespace)
    shop = Shop(
        spec=specs / name / "spec.yaml",
        namespace=namespace,
        kubeconfig=server.kubeconfig,
        player=player,
        server=server,
    )
    assert shop.call("compile", str(shop.spec)).exit_code == 0
    player.core.create_namespace({"metadata": {"name": namespace}})
    try:
        return survive(shop, fault)
    finally:
        player.core.delete_namespace(namespace)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
