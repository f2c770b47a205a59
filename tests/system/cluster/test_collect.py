"""`collect --cluster` writes evidence from which the next compile decides."""

import hashlib
from typing import Any

from system.cluster.player import gate
from system.cluster.shop import Shop


def result(shop: Shop, stage: str, verdict: str, value: float) -> dict[str, Any]:
    """The termination message of an evaluation."""
    config = next(each.config_text for each in shop.plan.stages if each.stage == stage)
    score = {"value": value, "low": value - 0.1, "high": value + 0.1, "n": 20}
    return gate(verdict) | {
        "method": "evaluate",
        "config_sha256": hashlib.sha256(config.encode()).hexdigest(),
        "ended": "2026-11-22T10:00:00+00:00",
        "metrics": {"exact_match": score},
        "gate": {"verdict": verdict, "reason": "as played", "gain": 0.2, "gain_low": 0.1, "gain_high": 0.3},
        "report": {"broken": {"count": 2, "fixed": 5, "ids": ["h1", "h2"]}},
        "digest": "d" * 64,
    }


def collect(shop: Shop) -> Any:
    return shop.call("collect", str(shop.folder), "--cluster", "--kubeconfig", str(shop.kubeconfig))


def test_evaluations_become_evidence_from_which_the_next_compile_decides(shop: Shop) -> None:
    for stage in ("evaluate-base", "sft", "evaluate-sft"):
        assert shop.apply().exit_code == 0
        if stage.startswith("evaluate"):
            shop.player.finish(shop.job(stage), result(shop, stage, "continue", 0.3 if "base" in stage else 0.5))
        else:
            shop.player.finish(shop.job(stage))
    done = collect(shop)
    assert done.exit_code == 0, done.stderr
    jobs = [shop.job("evaluate-base"), shop.job("evaluate-sft")]
    files = sorted((shop.spec.parent / "evidence").glob("stage-*.yaml"))
    assert [each.name for each in files] == [f"stage-{job}.yaml" for job in jobs]
    text = files[1].read_text()
    assert f'digest: "{"d" * 64}"' in text
    assert 'gate: "continue"' in text
    assert 'ids: ["h1", "h2"]' in text
    again = collect(shop)
    assert again.stdout.count("unchanged") == 2
    # the evidence makes another plan, in which these stages are finished: nothing of it runs again
    assert shop.call("compile", str(shop.spec)).exit_code == 0
    assert shop.job("sft") in {each.name for each in shop.plan.stages if each.finished}
    before = shop.player.jobs()
    shop.apply()
    assert set(shop.player.jobs()) - set(before) == {shop.plan.pending[0].name}


def test_a_result_of_another_config_is_refused(shop: Shop) -> None:
    shop.apply()
    other = result(shop, "evaluate-base", "continue", 0.3) | {"config_sha256": "0" * 64}
    shop.player.finish(shop.job("evaluate-base"), other)
    done = collect(shop)
    assert done.exit_code == 1
    assert "RUN797" in done.stderr
    assert list((shop.spec.parent / "evidence").glob("stage-*")) == []


def test_collect_without_results_writes_nothing(shop: Shop) -> None:
    shop.apply()
    done = collect(shop)
    assert done.exit_code == 0, "schedules call this repeatedly"
    assert "no results yet" in done.stdout
