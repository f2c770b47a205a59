"""The output of `trainspec access`, compared with Kubernetes' schemas and the permissions of each role."""

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from conftest import PROFILE
from support.command import Result, invoke
from system.cluster.roles import allowed

VERBS = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "bind", "escalate", "*")
SEES = {"get", "list", "watch"}
WRITES = SEES | {"create", "patch"}
# API group and resource → verbs; all others are denied
MAY = {
    "trainspec-apply-small": {
        ("batch", "jobs"): WRITES | {"delete"},
        ("", "configmaps"): WRITES,
        ("", "persistentvolumeclaims"): WRITES,
        ("networking.k8s.io", "networkpolicies"): WRITES,
        ("", "pods"): SEES,
        ("", "events"): SEES,
        ("", "pods/log"): {"get"},
    },
    "trainspec-driver-small": {
        ("batch", "jobs"): SEES | {"create", "delete"},
        ("", "configmaps"): {"get", "list", "create", "patch"},
        ("", "persistentvolumeclaims"): {"list", "create", "patch"},
        ("networking.k8s.io", "networkpolicies"): {"list", "create", "patch"},
        ("", "pods"): {"list", "watch"},
        ("", "events"): {"list"},
        ("", "pods/log"): {"get"},
    },
    "trainspec-read-small": {
        ("batch", "jobs"): SEES,
        ("", "configmaps"): SEES,
        ("", "pods"): SEES,
        ("", "events"): SEES,
        ("", "pods/log"): {"get"},
    },
}
JOBSETS = ("jobset.x-k8s.io", "jobsets")
TRAINJOBS = ("trainer.kubeflow.org", "trainjobs")
RUNTIMES = ("trainer.kubeflow.org", "trainingruntimes")
SERVICES = ("", "services")
KUEUE = {
    ("visibility.kueue.x-k8s.io", "localqueues/pendingworkloads"): {"get"},
    ("kueue.x-k8s.io", "workloads"): {"list"},
}
# a setting of the profile → the additional permissions of its roles
AND_MAY = {
    "output: job": {},
    "output: jobset": {
        "trainspec-apply-small": {JOBSETS: WRITES | {"delete"}},
        "trainspec-driver-small": {JOBSETS: SEES | {"create", "delete"}},
        "trainspec-read-small": {JOBSETS: SEES},
    },
    "output: trainjob": {
        "trainspec-apply-small": {TRAINJOBS: WRITES | {"delete"}, RUNTIMES: WRITES},
        "trainspec-driver-small": {TRAINJOBS: SEES | {"create", "delete"}, RUNTIMES: {"list", "create", "patch"}},
        "trainspec-read-small": {TRAINJOBS: SEES},
    },
    "gpu: {type: L40S, nodes: 2, memoryGib: 48}": {
        "trainspec-apply-small": {SERVICES: WRITES},
        "trainspec-driver-small": {SERVICES: {"list", "create", "patch"}},
    },
    "queue: research": dict.fromkeys(MAY, KUEUE),
}
# resources with which a role could read secrets, run any code, or extend its permissions
NEVER = [
    ("", "secrets"),
    ("", "serviceaccounts"),
    ("", "serviceaccounts/token"),
    ("", "pods/exec"),
    ("", "pods/attach"),
    ("", "pods/portforward"),
    ("", "pods/ephemeralcontainers"),
    ("", "namespaces"),
    ("", "nodes"),
    ("", "persistentvolumes"),
    ("batch", "jobs/status"),
    ("batch", "cronjobs"),
    ("apps", "deployments"),
    ("rbac.authorization.k8s.io", "roles"),
    ("rbac.authorization.k8s.io", "rolebindings"),
    ("*", "*"),
    ("", "*"),
]


def access(profile: Path, *arguments: str) -> Result:
    return invoke("access", str(profile), *arguments)


def objects(profile: Path, *arguments: str) -> list[dict[str, Any]]:
    done = access(profile, *arguments)
    assert done.exit_code == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(PROFILE, encoding="utf-8")
    return path


@pytest.mark.parametrize("setting", AND_MAY)
@pytest.mark.parametrize("role", MAY)
def test_a_role_has_the_permissions_that_it_needs_and_no_others(profile: Path, role: str, setting: str) -> None:
    profile.write_text(f"{PROFILE}  {setting}\n", encoding="utf-8")
    assert may(profile, role) == MAY[role] | AND_MAY[setting].get(role, {})


def may(profile: Path, role: str) -> dict[tuple[str, str], set[str]]:
    """The permissions of a role, among all resources that any test names."""
    made = objects(profile, "--driver", "10.0.0.1/32")
    (found,) = (each for each in made if each["kind"] == "Role" and each["metadata"]["name"] == role)
    assert all(set(rule) == {"apiGroups", "resources", "verbs"} for rule in found["rules"])
    resources = {
        *MAY["trainspec-apply-small"],
        *NEVER,
        *(each for roles in AND_MAY.values() for more in roles.values() for each in more),
    }
    verbs = {each: {verb for verb in VERBS if allowed(found["rules"], verb, *each)} for each in resources}
    return {each: some for each, some in verbs.items() if some}


def test_kubernetes_accepts_every_object(profile: Path) -> None:
    found = objects(profile, "--reader", "group:ml", "--driver", "10.0.0.1/32")
    assert [(each["kind"], each["metadata"]["name"]) for each in found] == [
        ("Namespace", "training"),
        ("NetworkPolicy", "trainspec-default-deny"),
        ("ServiceAccount", "trainspec-apply"),
        ("Role", "trainspec-apply-small"),
        ("RoleBinding", "trainspec-apply-small"),
        ("Role", "trainspec-read-small"),
        ("RoleBinding", "trainspec-read-small"),
        ("ServiceAccount", "trainspec-driver"),
        ("Role", "trainspec-driver-small"),
        ("RoleBinding", "trainspec-driver-small"),
        ("NetworkPolicy", "trainspec-driver-small"),
    ]
    for each in found:
        kubernetes_validate.validate(each, "1.36", strict=True)
        assert each["metadata"].get("namespace", "training") == "training"


def test_the_namespace_enforces_the_restricted_standard(profile: Path) -> None:
    labels = objects(profile)[0]["metadata"]["labels"]
    for mode in ("enforce", "audit", "warn"):
        assert labels[f"pod-security.kubernetes.io/{mode}"] == "restricted"
        assert labels[f"pod-security.kubernetes.io/{mode}-version"] == "v1.36"


def test_pods_have_no_network_by_default(profile: Path) -> None:
    (policy,) = (each for each in objects(profile) if each["kind"] == "NetworkPolicy")
    assert policy["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("user:jane", {"kind": "User", "name": "jane"}),
        ('user:oidc:"repo" # x', {"kind": "User", "name": 'oidc:"repo" # x'}),
        ("group:no", {"kind": "Group", "name": "no"}),
        ("serviceaccount:ci/runner", {"kind": "ServiceAccount", "name": "runner", "namespace": "ci"}),
    ],
)
def test_roles_are_bound_to_the_given_subjects(profile: Path, text: str, subject: dict[str, str]) -> None:
    found = objects(profile, "--ci", text, "--reader", text)
    bindings = [each for each in found if each["kind"] == "RoleBinding"]
    wanted = subject if "namespace" in subject else subject | {"apiGroup": "rbac.authorization.k8s.io"}
    assert [each["subjects"] for each in bindings] == [[wanted], [wanted]]
    assert [each["roleRef"]["name"] for each in bindings] == ["trainspec-apply-small", "trainspec-read-small"]
    assert not any(each["kind"] == "ServiceAccount" for each in found)


def test_a_second_profile_of_a_namespace_does_not_change_objects_of_the_first(profile: Path, tmp_path: Path) -> None:
    other = tmp_path / "large.yaml"
    more = "  output: jobset\n  queue: research\n"
    other.write_text(PROFILE.replace("name: small", "name: large") + more, encoding="utf-8")
    first = named(objects(profile, "--ci", "user:jane", "--driver", "10.0.0.1/32"))
    second = named(objects(other, "--ci", "user:ada", "--driver", "10.0.0.2/32"))
    both = first.keys() & second.keys()
    assert {name: first[name] for name in both} == {name: second[name] for name in both}
    assert {kind for kind, _ in both} == {"Namespace", "NetworkPolicy", "ServiceAccount"}


def named(found: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(each["kind"], each["metadata"]["name"]): each for each in found}


def test_drivers_have_an_account_that_only_they_use(profile: Path) -> None:
    found = {each["kind"]: each for each in objects(profile, "--ci", "user:jane", "--driver", "10.0.0.1/32")[-4:]}
    assert found["ServiceAccount"]["automountServiceAccountToken"] is False
    assert found["RoleBinding"]["subjects"] == [
        {"kind": "ServiceAccount", "name": "trainspec-driver", "namespace": "training"}
    ]


@pytest.mark.parametrize("text", ["10.0.0.1", "10.0.0.1/8", "10.0.0.0/33", "fd00::1/64", "example.com/32", ""])
def test_an_invalid_network_is_a_usage_error(profile: Path, text: str) -> None:
    done = access(profile, "--driver", text)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "is not a network" in done.stderr


@pytest.mark.parametrize(
    "text", ["jane", "user:", "robot:x", "serviceaccount:runner", "serviceaccount:CI/x", "user:a\nb", ""]
)
def test_an_invalid_subject_is_a_usage_error(profile: Path, text: str) -> None:
    done = access(profile, "--reader", text)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert "is not a subject" in done.stderr
    assert "serviceaccount:NAMESPACE/NAME" in done.stderr


def test_an_invalid_profile_is_reported_as_by_compile(profile: Path, tmp_path: Path) -> None:
    assert "YML001" in access(tmp_path / "none.yaml").stderr
    profile.write_text(PROFILE.replace("namespace: training", "namespace: Training"), encoding="utf-8")
    done = access(profile)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "SPC104" in done.stderr
    assert "small.yaml:6:14" in done.stderr
