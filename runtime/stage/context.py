"""What every method gets beside its stage: the volumes, its output folder, the event stream and the stop flag."""

from dataclasses import dataclass
from pathlib import Path

from runtime.contract.stages import AnyStage
from runtime.contract.volumes import Volumes
from runtime.stage.events import EventStream
from runtime.stage.stop import StopRequest


@dataclass(frozen=True, kw_only=True, slots=True)
class StageContext:
    """`folder` is the stage's own folder under the outputs volume; `config_sha256` is the digest of the config file.

    `stage` is what the config says. Of `world` processes that train together, the one of `rank` 0 writes files and
    events.
    """

    volumes: Volumes
    folder: Path
    config_sha256: str
    events: EventStream
    stop: StopRequest
    stage: AnyStage
    rank: int = 0
    world: int = 1

    @property
    def is_main(self) -> bool:
        """Whether this process is the one that writes."""
        return self.rank == 0
