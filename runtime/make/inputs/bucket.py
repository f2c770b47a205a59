"""A bucket of S3-compatible storage as a source, read with obstore.

obstore is one Rust library without dependencies. Keys come from the environment: `AWS_ACCESS_KEY_ID` and
`AWS_SECRET_ACCESS_KEY`, or the web identity that a cluster gives to the pods of a service account (`AWS_ROLE_ARN`,
`AWS_WEB_IDENTITY_TOKEN_FILE`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError, GenericError, InvalidPathError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store

from runtime.contract.errors import StageError
from runtime.contract.source_blocks import BucketBlock
from runtime.make.inputs.source import SourceError, SourceFile, clean, unsafe

# One request reads one piece, so that a failure costs no more than that, and no request reaches its timeout.
PIECE_BYTES = 16 << 20
_CLIENT = {"connect_timeout": "10s", "timeout": "120s", "allow_http": True}
# The caller retries and checks for stop requests meanwhile, so the library only retries for a short time.
_RETRY = {"max_retries": 2, "retry_timeout": timedelta(seconds=15)}


class Bucket:
    """The objects below the prefix of `block.uri`."""

    def __init__(self, block: BucketBlock) -> None:
        parts = urlsplit(block.uri)
        options: dict[str, Any] = {"endpoint": block.endpoint, "region": block.region}
        chosen = {name: value for name, value in options.items() if value is not None}
        self.name = block.uri.rstrip("/")
        with self._classified("the settings"):
            self._store = S3Store(
                parts.netloc,
                prefix=parts.path.strip("/") or None,
                skip_signature=not block.signed,
                client_options=_CLIENT,  # type: ignore[arg-type]
                retry_config=_RETRY,  # type: ignore[arg-type]
                **chosen,
            )

    def find(self, path: str) -> list[SourceFile]:
        """Return the object at `path`, or the objects below it; RUN767 if the bucket denies access."""
        with self._classified(path):
            try:
                return [self._file(obstore.head(self._store, path))]
            except FileNotFoundError:
                pass
            try:
                found = [each for batch in obstore.list(self._store, prefix=path) for each in batch]
            except GenericError as error:
                if "NoSuchBucket" in str(error):
                    return []
                raise
        # Some clients write an empty object for a folder.
        return sorted((self._file(each) for each in found if each["path"] != path), key=lambda file: file.path)

    def read(self, file: SourceFile, start: int) -> Iterator[bytes]:
        """Yield the bytes of `file` from `start` on, in pieces of one version of the object."""
        for begin in range(start, file.size, PIECE_BYTES):
            wanted: Any = {"range": (begin, min(begin + PIECE_BYTES, file.size))}
            if file.tag.startswith('"'):
                wanted["if_match"] = file.tag
            with self._classified(file.path):
                piece = bytes(obstore.get(self._store, file.path, options=wanted).bytes())
            yield piece

    def _file(self, meta: Any) -> SourceFile:
        tag = meta["e_tag"] or meta["last_modified"].isoformat()
        return SourceFile(path=clean(meta["path"], self.name), size=meta["size"], tag=tag)

    @contextmanager
    def _classified(self, subject: str) -> Iterator[None]:
        """Raise a permanent failure as a `StageError`, and a temporary one as a `SourceError`."""
        try:
            yield
        except InvalidPathError as error:
            raise unsafe(str(error), self.name) from error
        except (PermissionDeniedError, UnauthenticatedError) as error:
            message = f"`{self.name}` denies access to `{subject}`: {_reason(error)}"
            hint = "let the Secret or the service account of `storage.source.bucket` list and read the bucket"
            raise StageError("RUN767", message, hint) from error
        except (BaseError, ValueError, OSError) as error:
            raise SourceError(f"`{subject}`: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """Return the first line of the library's message.

    Further lines may contain the whole request.
    """
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
