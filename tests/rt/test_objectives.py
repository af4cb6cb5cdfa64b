"""Plan objectives on histograms whose values are known."""

from __future__ import annotations

import numpy as np
import pytest

from rt.dose_metrics import parse_metric
from rt.dvh import Dvh
from rt.objectives import (
    OUTSIDE_DOSE,
    Comparison,
    Judgement,
    Reason,
    Target,
    Verdict,
    best_of,
    judge,
    judge_any,
    judge_union,
    part_decides,
)


def even(low_gy: float = 0.0, high_gy: float = 100.0, outside: float = 0.0) -> Dvh:
    """The DVH of 10 cm³ with dose, spread evenly from the lowest dose to the highest."""
    edges = np.array([low_gy, high_gy])
    middle = (low_gy + high_gy) / 2
    return Dvh(10.0 / (1 - outside), outside, middle, low_gy, high_gy, edges, np.array([0.0, 10.0]))


def target(
    metric: str, limit: float, comparison: Comparison = "at-most", variation: float | None = None
) -> Target:
    return Target(parse_metric(metric), comparison, limit, variation)


@pytest.mark.parametrize(
    ("limit", "variation", "verdict"),
    [(50, None, "pass"), (49.9, None, "fail"), (49.9, 50, "variation"), (40, 49.9, "fail")],
)
def test_value_is_held_against_limit_and_variation(
    limit: float, variation: float | None, verdict: Verdict
) -> None:
    """The mean is 50 Gy; a limit is kept by the value that equals it."""
    assert judge(target("mean", limit, "at-most", variation), even()) == Judgement(verdict, 50.0)


@pytest.mark.parametrize(
    ("limit", "variation", "verdict"),
    [(5, None, "pass"), (5.1, None, "fail"), (5.1, 5, "variation"), (6, 5.1, "fail")],
)
def test_what_should_be_reached_is_judged_the_other_way_round(
    limit: float, variation: float | None, verdict: Verdict
) -> None:
    judged = judge(target("D95", limit, "at-least", variation), even())
    assert judged.verdict == verdict
    assert judged.value == pytest.approx(5.0)


def test_structure_smaller_than_the_volume_asked_for_is_unknown() -> None:
    assert judge(target("D11cc", 50), even()) == Judgement("unknown", None, "too-small")


@pytest.mark.parametrize("metric", ["mean", "D95", "V50Gy"])
def test_part_without_dose_leaves_what_it_could_change_unknown(metric: str) -> None:
    for limit in (1.0, 99.0):
        judged = judge(target(metric, limit), even(outside=0.1))
        assert (judged.verdict, judged.reason) == ("unknown", "partly-outside-dose")
        assert judged.value is not None


@pytest.mark.parametrize("metric", ["max", "D0.03cc", "V50Gycc"])
def test_limit_that_the_known_part_breaks_is_broken_whatever_the_rest_has(metric: str) -> None:
    broken, kept = judge(target(metric, 4), even(outside=0.1)), judge(target(metric, 101), even(outside=0.1))
    assert (broken.verdict, broken.reason) == ("fail", None)
    assert (kept.verdict, kept.reason) == ("unknown", "partly-outside-dose")
    varied = judge(target(metric, 4, "at-most", 101), even(outside=0.1))
    assert varied.verdict == "unknown", "the rest may bring it over the variation as well"


def test_lowest_dose_of_the_known_part_can_only_become_lower() -> None:
    assert judge(target("min", 25, "at-least"), even(20, 60, 0.1)).verdict == "fail"
    assert judge(target("min", 15, "at-least"), even(20, 60, 0.1)).verdict == "unknown"


def test_volume_asked_for_that_only_the_rest_could_hold_is_unknown_for_that_reason() -> None:
    assert judge(target("D11cc", 50), even(outside=0.5)).reason == "partly-outside-dose"


def test_sliver_without_dose_leaves_the_verdict_standing() -> None:
    assert judge(target("mean", 60), even(outside=0.0005)).verdict == "pass"


@pytest.mark.parametrize(
    ("verdicts", "kept"),
    [
        (("fail", "pass"), "pass"),
        (("unknown", "pass"), "pass"),
        (("fail", "unknown"), "unknown"),
        (("variation", "unknown"), "unknown"),
        (("fail", "variation"), "variation"),
        (("fail", "fail"), "fail"),
    ],
)
def test_one_of_several_is_enough_and_one_that_is_unknown_might_be_it(
    verdicts: tuple[Verdict, ...], kept: Verdict
) -> None:
    for order in (verdicts, verdicts[::-1]):
        assert best_of([Judgement(verdict) for verdict in order]).verdict == kept


def test_of_equal_verdicts_the_first_counts() -> None:
    assert best_of([Judgement("fail", 27.0), Judgement("fail", 26.0)]).value == 27.0


def test_one_that_keeps_it_settles_at_least_one_though_another_is_missing() -> None:
    assert judge_any(target("mean", 50), [even(), even(60, 80)], "not-contoured") == Judgement("pass", 50.0)
    assert (
        judge_any(target("D95", 60, "at-least"), [even(0, 10), even(65, 70)], "ambiguous").verdict == "pass"
    )


@pytest.mark.parametrize("reason", ["not-contoured", "ambiguous"])
def test_at_least_one_cannot_be_said_while_the_missing_one_might_keep_it(reason: Reason) -> None:
    """The value is that of the one that does best."""
    for variation in (None, 55):
        wanted = target("mean", 40, "at-most", variation)
        judged = judge_any(wanted, [even(60, 80), even()], reason)
        assert judged == Judgement("unknown", 50.0, reason)
    assert judge_any(target("mean", 40), [], reason) == Judgement("unknown", None, reason)
    assert judge_any(target("mean", 40), [None, even()]).reason == "outside-dose"


def test_at_least_one_of_those_that_are_all_there_is_the_better_one() -> None:
    assert judge_any(target("mean", 40), [even(60, 80), even()]) == Judgement("fail", 50.0)
    assert judge_any(target("mean", 40), [None, None]) == OUTSIDE_DOSE


@pytest.mark.parametrize("metric", ["max", "D0.03cc", "V50Gycc"])
def test_one_volume_that_a_part_breaks_is_broken_though_another_is_missing(metric: str) -> None:
    broken = judge_union(target(metric, 4), even(), "not-contoured")
    assert (broken.verdict, broken.reason) == ("fail", None)
    for kept in (target(metric, 101), target(metric, 4, "at-most", 101)):
        assert judge_union(kept, even(), "not-contoured") == Judgement("unknown", None, "not-contoured")
    assert part_decides(parse_metric(metric))


@pytest.mark.parametrize("metric", ["mean", "D95", "V50Gy"])
def test_one_volume_of_what_a_missing_one_moves_both_ways_cannot_be_said(metric: str) -> None:
    for limit in (1.0, 99.0):
        assert judge_union(target(metric, limit), even(), "ambiguous") == Judgement(
            "unknown", None, "ambiguous"
        )
    assert not part_decides(parse_metric(metric))


def test_one_volume_that_is_whole_is_judged_like_a_structure() -> None:
    assert judge_union(target("mean", 50), even()) == Judgement("pass", 50.0)
    assert judge_union(target("mean", 50), None) == OUTSIDE_DOSE
    assert judge_union(target("max", 50), None, "not-contoured").reason == "not-contoured"
