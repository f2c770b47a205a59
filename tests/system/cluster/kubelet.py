"""A kubelet for one machine: runs the Jobs of the API server as processes.

    python tests/system/cluster/kubelet.py KUBECONFIG PLAN_FOLDER …

The small API server has no nodes. The local executor runs a Job with the volumes of a work folder; its pod gets the log
and termination message of the process, through `/status`. Stop it with Ctrl-C.
"""

import json
import sys
import threading
import time
from pathlib import Path

from kubernetes import client

from compiler.run.local.jobs import LocalJob, read_plan
from compiler.run.local.process import Ended, Places, run_job
from compiler.run.manifests import default_models

sys.path.insert(0, str(Path(__file__).parents[2]))
from system.cluster.player import Player

LOG = "mini-apiserver/log"
_LOG_LINES = 400


def main(kubeconfig: str, plans: list[Path]) -> None:
    """Run each new Job of the plans, one after the other."""
    taken: set[str] = set()
    while True:
        for plan in plans:
            for job in read_plan(plan).value or ():
                player = Player(kubeconfig=kubeconfig, namespace=namespace_of(plan, job.name))
                uid = waiting(player, job.name)
                if uid is not None and uid not in taken:
                    taken.add(uid)
                    run(player, job, Places(models=default_models(), data=plan.resolve().parent, work=work_of(plan)))
        time.sleep(0.5)


def work_of(plan: Path) -> Path:
    """Return the folder for the volumes of a plan."""
    work = (Path(".trainspec") / "cluster" / plan.resolve().parent.name).resolve()
    (work / "outputs").mkdir(parents=True, exist_ok=True)
    return work


def namespace_of(plan: Path, job: str) -> str:
    """Return the namespace of a plan's manifests."""
    text = next(path for path in plan.glob("*.job.yaml") if f'name: "{job}"' in path.read_text()).read_text()
    return text.split('namespace: "')[1].split('"')[0]


def waiting(player: Player, job: str) -> str | None:
    """Return the uid of a Job that exists and has not begun."""
    try:
        found = player.batch.read_namespaced_job(job, player.namespace)
    except client.exceptions.ApiException:
        return None
    return found.metadata.uid if not found.status.conditions and not found.status.active else None


def run(player: Player, job: LocalJob, places: Places) -> None:
    """Run a Job to its end, and write its status."""
    pod = player.start(job.name)
    stopped = threading.Event()
    follower = threading.Thread(target=_keep_log, args=(player, pod, places.log(job.name), stopped), daemon=True)
    follower.start()
    ended: Ended = run_job(job, places, lambda event: None)
    stopped.set()
    follower.join()
    message = (places.work / "logs" / f"{job.name}.termination").read_text(encoding="utf-8")
    player.end_pod(pod, ended.exit_code, message)
    player.end_job(job.name, ended.exit_code)
    print(f"{job.name}: exit {ended.exit_code}, {json.loads(message).get('status')}", flush=True)


def _keep_log(player: Player, pod: str, log: Path, stopped: threading.Event) -> None:
    """Update the log of the pod until the process has ended."""
    while True:
        last = stopped.wait(2.0)
        lines = log.read_text(encoding="utf-8").splitlines()[-_LOG_LINES:] if log.is_file() else []
        body = {"metadata": {"annotations": {LOG: "\n".join(lines) + "\n"}}}
        player.core.patch_namespaced_pod(pod, player.namespace, body)
        if last:
            return


if __name__ == "__main__":
    main(sys.argv[1], [Path(each) for each in sys.argv[2:]])
