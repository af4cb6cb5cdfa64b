"""The grammar of questions to a DVH."""

from __future__ import annotations

import numpy as np
import pytest

from rt.dose import Dose
from rt.dose_metrics import parse_metric, parse_metrics
from rt.dvh import dvh_of_mask
from rt.errors import DoseMetricError
from tests.rt.grids import plain_grid


@pytest.mark.parametrize(
    ("text", "canonical", "unit"),
    [
        ("mean", "mean", "Gy"),
        ("Dmean", "mean", "Gy"),
        (" max ", "max", "Gy"),
        ("D95", "D95", "Gy"),
        ("d95%", "D95", "Gy"),
        ("D2.0", "D2", "Gy"),
        ("D0.03cc", "D0.03cc", "Gy"),
        ("V20Gy", "V20Gy", "%"),
        ("V20gy%", "V20Gy", "%"),
        ("V45Gycc", "V45Gycc", "cc"),
    ],
)
def test_metric_is_read_in_any_spelling(text: str, canonical: str, unit: str) -> None:
    metric = parse_metric(text)
    assert (metric.text, metric.unit) == (canonical, unit)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "none of"),
        ("V20", "dose in Gy"),
        ("V95%", "dose in Gy"),
        ("D101", "at most 100"),
        ("D-1", "none of"),
        ("D1e3cc", "none of"),
        ("D95;DROP", "none of"),
        ("Dnan", "none of"),
        ("D٣", "none of"),
    ],
)
def test_what_is_no_metric_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(DoseMetricError, match=why):
        parse_metric(text)


def test_list_is_read_in_order_and_each_metric_once() -> None:
    assert [metric.text for metric in parse_metrics("D95,V20Gy,D95%,mean")] == ["D95", "V20Gy", "mean"]
    with pytest.raises(DoseMetricError):
        parse_metrics("D95,,mean")


def test_answers_are_those_of_the_histogram() -> None:
    grid = plain_grid((10, 10, 10))
    ramp = np.broadcast_to(np.arange(10, dtype=np.float32), grid.shape_kji).copy()
    dvh = dvh_of_mask(np.ones(grid.shape_kji, dtype=np.bool_), grid, Dose(ramp, grid))
    answers = {m.text: m.of(dvh) for m in parse_metrics("mean,D50,D0.25cc,V4.5Gy,V4.5Gycc,D2cc,min,max")}
    assert answers.pop("D2cc") is None
    expected = {"mean": 4.5, "D50": 4.5, "D0.25cc": 7, "V4.5Gy": 50, "V4.5Gycc": 0.5, "min": 0, "max": 9}
    assert answers == pytest.approx(expected, abs=0.01)
