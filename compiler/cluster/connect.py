"""Where the cluster is and who asks: a kubeconfig, or the service account of the pod that this runs in."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compiler.cluster.problems import ClusterError, problem

_IN_CLUSTER = "KUBERNETES_SERVICE_HOST"
_CONNECTIONS = 32
_FRESH_SECONDS = 5.0  # no token is given out that runs out so soon


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """What the caller named: a kubeconfig and a context of it; None takes what `kubectl` would take."""

    kubeconfig: Path | None = None
    context: str | None = None

    @property
    def shown(self) -> str:
        """The place to name in messages."""
        named = self.kubeconfig or os.environ.get("KUBECONFIG")
        return str(named) if named else "the service account of this pod" if self.in_pod else "~/.kube/config"

    @property
    def described(self) -> str:
        """As `shown`, with the context that is used."""
        from kubernetes.config import list_kube_config_contexts

        if self.in_pod:
            return self.shown
        named = str(self.kubeconfig) if self.kubeconfig else None
        context = self.context or list_kube_config_contexts(named)[1]["name"]  # type: ignore[no-untyped-call]
        return f"context `{context}` of {self.shown}"

    @property
    def in_pod(self) -> bool:
        """Whether this runs in a pod, and nothing names a kubeconfig."""
        named = self.kubeconfig or self.context or os.environ.get("KUBECONFIG")
        return not named and _IN_CLUSTER in os.environ and not (Path.home() / ".kube" / "config").exists()


class Connection:
    """A pool of connections to one API server, with the credentials of the official client."""

    def __init__(self, target: Target) -> None:
        from kubernetes.client import ApiClient

        self.configuration = _configuration(target)
        self.configuration.connection_pool_maxsize = _CONNECTIONS
        self._in_pod = target.in_pod
        self._headers: dict[str, str] = {}
        self._asked = -_FRESH_SECONDS
        self.pool = ApiClient(configuration=self.configuration).rest_client.pool_manager

    @property
    def host(self) -> str:
        """The address of the API server."""
        return str(self.configuration.host).rstrip("/")

    def headers(self) -> dict[str, str]:
        """The credentials of a request; a token that runs out is renewed here, if its provider can.

        For that the client takes its whole kubeconfig in again, which is too much for each of thousands of requests;
        of a pod it looks at a date.
        """
        if self._in_pod or time.monotonic() > self._asked + _FRESH_SECONDS:
            self._headers, self._asked = self._credentials(), time.monotonic()
        return self._headers

    def _credentials(self) -> dict[str, str]:
        token = self.configuration.get_api_key_with_prefix("authorization", alias="BearerToken")
        if token:
            return {"Authorization": token}
        basic = self.configuration.get_basic_auth_token() if self.configuration.username else None
        return {"Authorization": basic} if basic else {}


def _configuration(target: Target) -> Any:
    """The client's settings; CLU601 where there is no usable kubeconfig."""
    from kubernetes.client import Configuration
    from kubernetes.config import ConfigException, load_incluster_config, load_kube_config
    from yaml import YAMLError  # of the parser that the client uses

    configuration = type.__call__(Configuration)  # a fresh one: the class hands out copies of a default
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
    # what a file of any form can raise in the client's reader
    except (ConfigException, YAMLError, OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        reason = " ".join(str(error).split()).removesuffix(".") or type(error).__name__
        hint = "name one by `--kubeconfig` or `KUBECONFIG`, and one of its contexts by `--context`"
        if target.in_pod:
            hint = "give the pod a ServiceAccount and its token (`automountServiceAccountToken: true`)"
        raise ClusterError(problem("CLU601", f"no cluster to talk to: {reason}", target.shown, hint=hint)) from error
    return configuration
