"""The connection to a cluster: by a kubeconfig, or by the service account of this pod."""

import logging
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from compiler.run.cluster.api.errors import ClusterError, problem

_IN_CLUSTER = "KUBERNETES_SERVICE_HOST"
_CONNECTIONS = 32
_FRESH_SECONDS = 5.0  # credentials are read again after this time


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """The kubeconfig and context that the caller selected; None means the default of `kubectl`."""

    kubeconfig: Path | None = None
    context: str | None = None

    @property
    def options(self) -> tuple[str, ...]:
        """The options of a command that select this target."""
        given = (("--kubeconfig", self.kubeconfig), ("--context", self.context))
        return tuple(word for name, value in given if value is not None for word in (name, str(value)))

    @property
    def shown(self) -> str:
        """The source of the configuration, for messages."""
        named = self.kubeconfig or os.environ.get("KUBECONFIG")
        return str(named) if named else "the service account of this pod" if self.in_pod else "~/.kube/config"

    @property
    def in_pod(self) -> bool:
        """Whether this process runs in a pod and has no kubeconfig."""
        named = self.kubeconfig or self.context or os.environ.get("KUBECONFIG")
        return not named and _IN_CLUSTER in os.environ and not (Path.home() / ".kube" / "config").exists()


class Connection:
    """A pool of connections to one API server, with the credentials of the official client."""

    def __init__(self, target: Target) -> None:
        from kubernetes.client import ApiClient

        self.configuration = _configuration(target)
        context, user = _context(target)
        self.described = f"{self.host} (" + (f"context `{context}` of " if context else "") + f"{target.shown})"
        self.impersonated = tuple(_impersonated(user))
        self.configuration.connection_pool_maxsize = _CONNECTIONS
        self._in_pod = target.in_pod
        self._headers: dict[str, str] = {}
        self._read_at = -_FRESH_SECONDS
        self.pool = ApiClient(configuration=self.configuration).rest_client.pool_manager

    @property
    def host(self) -> str:
        """The address of the API server."""
        return str(self.configuration.host).rstrip("/")

    def headers(self) -> dict[str, str]:
        """Return the credentials of a request.

        The client renews a token that expires, if its provider can. Outside a pod the client then reads its whole
        kubeconfig again, which is too slow for each of thousands of requests. In a pod it only compares a date.
        """
        if self._in_pod or time.monotonic() > self._read_at + _FRESH_SECONDS:
            self._headers, self._read_at = self._credentials(), time.monotonic()
        return self._headers

    def _credentials(self) -> dict[str, str]:
        token = self.configuration.get_api_key_with_prefix("authorization", alias="BearerToken")
        if token:
            return {"Authorization": token}
        basic = self.configuration.get_basic_auth_token() if self.configuration.username else None
        return {"Authorization": basic} if basic else {}


def _configuration(target: Target) -> Any:
    """Load the settings of the client; CLU601 if there is no usable kubeconfig."""
    from kubernetes.client import Configuration
    from kubernetes.config import ConfigException, load_incluster_config, load_kube_config
    from yaml import YAMLError  # raised by the client's parser

    configuration = type.__call__(Configuration)  # bypasses the metaclass, which returns copies of a default
    log = _ErrorLog()
    logging.getLogger().addHandler(log)
    try:
        if target.in_pod:
            load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
        else:
            load_kube_config(  # type: ignore[no-untyped-call]
                config_file=str(target.kubeconfig) if target.kubeconfig else None,
                context=target.context,
                client_configuration=configuration,
                persist_config=False,
            )
    # the client's reader raises any of these for a malformed file
    except (ConfigException, YAMLError, OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        reason = " ".join(str(error).split()).removesuffix(".") or type(error).__name__
        hint = "select a kubeconfig with `--kubeconfig` or `KUBECONFIG`, and one of its contexts with `--context`"
        if target.in_pod:
            hint = "give the pod a ServiceAccount and its token (`automountServiceAccountToken: true`)"
        message = f"cannot load the cluster settings: {reason}"
        raise ClusterError(problem("CLU601", message, target.shown, hint=hint)) from error
    finally:
        logging.getLogger().removeHandler(log)
    if log.messages:  # the client only logs that it cannot get credentials, and continues without
        hint = "check that the credential program of the kubeconfig is installed and works"
        message = f"cannot get credentials: {log.messages[-1]}"
        raise ClusterError(problem("CLU601", message, target.shown, hint=hint))
    return configuration


class _ErrorLog(logging.Handler):
    """A log handler that keeps the errors of a library."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a message, as one line."""
        self.messages.append(" ".join(record.getMessage().split()))


def _context(target: Target) -> tuple[str, Mapping[str, Any]]:
    """Return the selected context of a loaded kubeconfig and its user; both are empty in a pod."""
    from kubernetes.config.kube_config import KUBE_CONFIG_DEFAULT_LOCATION, KubeConfigMerger

    if target.in_pod:
        return "", {}
    merged = KubeConfigMerger(str(target.kubeconfig or KUBE_CONFIG_DEFAULT_LOCATION)).config  # type: ignore[no-untyped-call]
    name = target.context or merged["current-context"]
    user = merged["contexts"].get_with_name(name)["context"].safe_get("user")
    found = merged["users"].get_with_name(user, safe=True) if user and "users" in merged else None
    return str(name), (found.value.get("user") if found is not None else None) or {}


def _impersonated(user: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the impersonation headers of a kubeconfig's user, as kubectl sends them.

    The client omits them.

    Source: Kubernetes documentation, Authenticating, User impersonation.
    """
    if user.get("as"):
        yield "Impersonate-User", str(user["as"])
    if user.get("as-uid"):
        yield "Impersonate-Uid", str(user["as-uid"])
    yield from (("Impersonate-Group", str(each)) for each in user.get("as-groups") or ())
    for key, values in sorted((user.get("as-user-extra") or {}).items()):
        yield from ((f"Impersonate-Extra-{quote(key, safe='')}", str(each)) for each in values)
