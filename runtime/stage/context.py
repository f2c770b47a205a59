"""The context that every method gets: volumes, output folder, event stream and stop request."""

from dataclasses import dataclass
from pathlib import Path

from runtime.contract.stages import AnyStage
from runtime.contract.volumes import Volumes
from runtime.stage.events import EventStream
from runtime.stage.stop import StopRequest


@dataclass(frozen=True, kw_only=True, slots=True)
class StageContext:
    """The surroundings of a running stage; `folder` is its output folder.

    `config_sha256` is the digest of the config file. Of `world` processes that train together, only the one of `rank` 0
    writes files and events.
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
        """Whether this process writes files and events."""
        return self.rank == 0
