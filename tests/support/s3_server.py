"""A real S3 server for tests: SeaweedFS, which checks signatures, ranges and conditions as S3 itself does."""

import json
import socket
import subprocess
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store
from support.waiting import HUNG_SECONDS

KEY, SECRET, REGION = "key", "secret", "eu-west-1"
PRIVATE, PUBLIC = "training", "public"  # its buckets; anybody may read and write the second
_WEED = Path(sysconfig.get_path("scripts")) / "weed"
_PORTS = ("master.port", "volume.port", "filer.port", "s3.port")


@dataclass(frozen=True, kw_only=True)
class S3Server:
    """A running server."""

    port: int

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def put(self, key: str, content: bytes, bucket: str = PRIVATE) -> None:
        """Write an object."""
        obstore.put(self._store(bucket), key, content)

    def put_as_named(self, key: str, content: bytes) -> None:
        """Write an object to the public bucket, under a name that client libraries would normalize."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=HUNG_SECONDS)
        connection.request("PUT", quote(f"/{PUBLIC}/{key}"), body=content)
        status = connection.getresponse().status
        connection.close()
        assert status == 200, key

    def _store(self, bucket: str) -> S3Store:
        return S3Store(
            bucket,
            endpoint=self.url,
            region=REGION,
            access_key_id=KEY,
            secret_access_key=SECRET,
            client_options={"allow_http": True},
            retry_config={"max_retries": 0, "retry_timeout": timedelta(seconds=10)},
        )


@contextmanager
def s3_server(folder: Path) -> Iterator[S3Server]:
    """A server that keeps its objects in `folder`, with both buckets; it is ready."""
    ports = _free_ports(2 * len(_PORTS))
    chosen = dict(zip(_PORTS, ports, strict=False))
    chosen |= {f"{name}.grpc": port for name, port in zip(_PORTS, ports[len(_PORTS) :], strict=True)}
    access = folder / "access.json"
    access.write_text(json.dumps(_identities()))
    command = [
        str(_WEED),
        "server",
        f"-dir={folder}",
        "-ip=127.0.0.1",
        "-filer",
        "-s3",
        f"-s3.config={access}",
        "-s3.iam=false",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-volume.max=40",
        "-volume.minFreeSpace=16MiB",  # by default it stops to write, and to answer, on a disk that is 99 % full
        "-master.volumeSizeLimitMB=64",
        "-master.telemetry=false",  # tests send no telemetry
        *(f"-{name}={port}" for name, port in chosen.items()),
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        server = S3Server(port=chosen["s3.port"])
        _wait_until_ready(server, process, folder / "log")
        yield server
    finally:
        process.kill()  # it would spend minutes saving data that nobody needs
        process.wait()
        for port in ports:
            for path in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
                path.unlink()


def _identities() -> dict[str, object]:
    known = {"accessKey": KEY, "secretKey": SECRET}
    return {
        "identities": [
            {"name": "tests", "credentials": [known], "actions": ["Admin", "Read", "List", "Write"]},
            {"name": "anonymous", "actions": [f"{each}:{PUBLIC}" for each in ("Read", "List", "Write")]},
        ]
    }


def _wait_until_ready(server: S3Server, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Its parts find each other one after the other; an object in each bucket says that they have."""
    until = time.monotonic() + HUNG_SECONDS
    while not _takes_objects(server):
        ended = process.poll() is not None
        if ended or time.monotonic() > until:
            raise RuntimeError(f"the S3 server did not start: {log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.1)


def _takes_objects(server: S3Server) -> bool:
    try:
        for bucket in (PRIVATE, PUBLIC):
            server.put("ready", b"{}", bucket)  # an empty object would need no room
    except BaseError:
        return False
    return True


def _free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports
