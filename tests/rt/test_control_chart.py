"""The drift watch keeps still while nothing changes, and speaks soon when correcting costs more."""

from __future__ import annotations

import numpy as np
import pytest

from rt.control_chart import BASELINE, LIMIT, WEIGHT, ewma_chart


def _share_of_alarms(count: int, shift: float, before: int, within: int) -> float:
    """Share of simulated series with an alarm in the `within` cases after `before`, where the mean shifts."""
    rng, alarmed = np.random.default_rng(4), 0
    for _ in range(count):
        values = rng.normal(size=before + within)
        values[before:] += shift
        alarmed += any(point.alarm for point in ewma_chart(values)[before:])
    return alarmed / count


def test_stationary_noise_alarms_in_one_series_of_ten_at_most_within_100_cases() -> None:
    assert _share_of_alarms(600, 0.0, BASELINE, 100) < 0.13


def test_shift_by_two_standard_deviations_is_found_within_ten_cases() -> None:
    assert _share_of_alarms(400, 2.0, 40, 10) > 0.92


def test_no_alarm_when_correcting_becomes_cheaper_or_before_the_baseline_is_there() -> None:
    assert not any(p.alarm for p in ewma_chart([1.0, 1.2] * 15 + [0.0] * 30))
    assert all(p.limit is None for p in ewma_chart([1.0] * (BASELINE - 1)))


def test_first_watched_case_has_the_textbook_average_and_limit() -> None:
    usual = [0.0, 2.0] * (BASELINE // 2)
    point = ewma_chart([*usual, 6.0])[-1]
    spread = np.std(usual, ddof=1) * np.sqrt(1 + 1 / BASELINE)
    assert point.average == pytest.approx(1 + WEIGHT * 5)
    assert point.limit == pytest.approx(1 + LIMIT * spread * WEIGHT)


def test_contours_nobody_touched_do_not_make_an_alarm_of_the_least_change() -> None:
    assert not ewma_chart([0.0] * BASELINE + [0.005] * 20, least_spread=0.005)[-1].alarm
    assert ewma_chart([0.0] * BASELINE + [0.05] * 20, least_spread=0.005)[-1].alarm
