"""Failures of a hub: what is temporary, what is refused, and what to do about it.

No message repeats a library's: those hold addresses with signatures, and whatever a server writes.
"""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx2
from huggingface_hub.errors import HfHubHTTPError, HFValidationError
from huggingface_hub.utils._http import parse_ratelimit_headers

from runtime.contract.errors import StageError, chain_of
from runtime.contract.hub import HubModel
from runtime.make.inputs.source import SourceError
from runtime.stage.credentials import masked

_TEMPORARY = (408, 425, 429)
_TOKEN = "put a token that may read it into `HF_TOKEN` (in a cluster: the Secret of `storage.source.hub.secret`)"  # noqa: S105
_ADDRESS = "write the address as `https://hub.example.com`, in `HF_ENDPOINT` or `storage.source.hub.endpoint`"


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What was asked for: a model of the hub at `endpoint`, with a token or without."""

    endpoint: str
    model: HubModel
    has_token: bool


@contextmanager
def classified(asked: Asked) -> Iterator[None]:
    """Raise a permanent failure as a `StageError`, and a temporary one as a `SourceError`."""
    try:
        yield
    except HfHubHTTPError as error:
        raise of_status(error.response, asked) from None
    except (httpx2.UnsupportedProtocol, httpx2.InvalidURL) as error:
        raise StageError("RUN703", f"`{asked.endpoint}` is not the address of a hub", _ADDRESS) from error
    except httpx2.HTTPError as error:
        raise _of_connection(error, asked) from error
    except HFValidationError as error:
        message = f"`{asked.model.name}` is not a name that a hub's model can have"
        raise StageError("RUN739", message, "write it as `owner/name`, as the hub shows it") from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        message = (
            f"`{asked.endpoint}` answers, but not as a hub does; check the address in `HF_ENDPOINT` or the profile"
        )
        raise SourceError(message) from error


def of_status(response: httpx2.Response, asked: Asked) -> StageError | SourceError:
    """Return the error for an answer with a status of 400 or more."""
    status, code, host = response.status_code, response.headers.get("X-Error-Code", ""), response.url.host
    if host != urlsplit(asked.endpoint).hostname:  # an address with a signature, which runs out
        return SourceError(f"`{host}`, to which the hub sends downloads, answers {status}", _wait_of(response))
    if status in _TEMPORARY or status >= 500:
        return SourceError(f"`{asked.endpoint}` answers {status}", _wait_of(response))
    if status in (404, 410) or code == "RepoNotFound":
        return _missing(code, asked)
    return _refused(status, code, asked)


def _missing(code: str, asked: Asked) -> StageError:
    name, commit = asked.model.name, asked.model.commit
    if code in ("RevisionNotFound", "EntryNotFound"):
        what = "commit" if code == "RevisionNotFound" else "file at commit"
        message = f"`{asked.endpoint}` has `{name}`, but no {what} `{commit}`"
        return StageError("RUN720", message, f"run `trainspec-runtime fetch {name}@main` to look up its last commit")
    message = f"`{asked.endpoint}` has no model `{name}`, or hides it from this token"
    hint = f"check the name; if the model is private, {_TOKEN}"
    return StageError("RUN720", message if asked.has_token else message.replace(" from this token", ""), hint)


def _refused(status: int, code: str, asked: Asked) -> StageError:
    name = asked.model.name
    if code == "GatedRepo":
        message = f"`{name}` is gated: `{asked.endpoint}` answers {status}"
        return StageError("RUN767", message, f"accept the model's terms on the hub, and {_TOKEN}")
    if status == 401 and asked.has_token:
        message = f"`{asked.endpoint}` does not accept the token in `HF_TOKEN`: it answers {status}"
        return StageError("RUN767", message, f"replace the token, or remove it if `{name}` is public")
    if status in (401, 403):
        why = "" if asked.has_token else ", and no token was sent"
        message = f"`{asked.endpoint}` denies access to `{name}`: it answers {status}{why}"
        return StageError("RUN767", message, f"check the name; if the model is private or gated, {_TOKEN}")
    message = f"`{asked.endpoint}` refuses to serve `{name}`: it answers {status}"
    return StageError("RUN767", message, "look at the model's page on the hub, or use a mirror that serves it")


def _of_connection(error: httpx2.HTTPError, asked: Asked) -> StageError | SourceError:
    host = _host_of(error) or urlsplit(asked.endpoint).hostname
    for each in chain_of(error):
        if isinstance(each, ssl.SSLCertVerificationError):
            hint = "set `SSL_CERT_FILE` to a bundle that holds your authority (in a cluster: in the image)"
            return StageError("RUN703", f"the certificate of `{host}` is not trusted: {each.verify_message}", hint)
    reason = masked((str(error).strip().splitlines() or [""])[0][:200])
    return SourceError(f"`{host}`: {reason or type(error).__name__}")


def _host_of(error: httpx2.HTTPError) -> str | None:
    try:
        return error.request.url.host
    except RuntimeError:  # the error belongs to no request
        return None


def _wait_of(response: httpx2.Response) -> float:
    """Return the seconds that the server asks to wait; 0 if it names none."""
    limit = parse_ratelimit_headers(response.headers)
    if response.status_code == 429 and limit is not None and limit.remaining == 0:
        return float(limit.reset_in_seconds)
    value = response.headers.get("Retry-After", "").strip()
    if value.isdigit():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return 0.0
