"""Figures of merit against published ones and independent tools; what has no value is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

from models.statistics.errors import OneClass, StatisticsError, TooFewPatients
from models.statistics.merit import (
    auc,
    bootstrap,
    calibration,
    choose_threshold,
    compare_auc,
    decision_curve,
    mcnemar,
    operating_point,
    roc_curve,
    summary,
    wilson,
)

LABELS = (np.arange(60) % 3 == 0).astype(int)
FIRST = np.array([
    62, 14, 49, 76, 6, 11, 58, 25, 31, 34, 52, 49, 57, 58, 42, 34, 39, 15, 75, 30,
    27, 38, 60, 28, 44, 24, 43, 64, 40, 41, 91, 23, 21, 35, 45, 58, 52, 16, 16, 70,
    49, 44, 39, 36, 34, 60, 52, 36, 71, 32, 37, 70, 9, 25, 43, 19, 25, 84, 16, 54,
]) / 100  # fmt: skip
SECOND = np.array([
    12, 28, 39, 57, 53, 55, 34, 26, 56, 38, 13, 15, 23, 47, 39, 60, 26, 39, 58, 29,
    46, 28, 28, 27, 18, 47, 26, 43, 47, 46, 59, 33, 26, 41, 9, 11, 16, 17, 45, 23,
    27, 67, 34, 53, 18, 38, 18, 28, 63, 9, 46, 48, 23, 11, 44, 24, 41, 43, 73, 30,
]) / 100  # fmt: skip
"""Two scores of sixty made-up patients, with ties."""


def test_auc_of_the_published_ct_ratings():
    """Hanley and McNeil 1982, table I: 109 CTs in five ratings; DeLong's error as in Stata's `roctab`."""
    normal, abnormal = (33, 6, 6, 11, 2), (3, 2, 2, 11, 33)
    labels = np.repeat([0, 1], [58, 51])
    ratings = np.concatenate([np.repeat(np.arange(1, 6), n) for n in (normal, abnormal)])
    found = auc(labels, ratings)
    assert (found.value, found.low, found.high) == pytest.approx((0.8932, 0.83295, 0.95339), abs=1e-4)


def test_delong_agrees_with_two_other_tools():
    """MLstatkit 0.1.91 (p and both intervals) and confidenceinterval 1.0.5 (both intervals)."""
    first, second = auc(LABELS, FIRST), auc(LABELS, SECOND)
    assert (first.value, first.low, first.high) == pytest.approx(
        (0.8475, 0.7460577436, 0.9489422564), abs=1e-9
    )
    assert (second.value, second.low, second.high) == pytest.approx(
        (0.59875, 0.4432167905, 0.7542832095), abs=1e-9
    )
    paired = compare_auc(LABELS, FIRST, SECOND)
    assert paired.difference == pytest.approx(0.59875 - 0.8475)
    assert paired.p == pytest.approx(0.009360759575452038, abs=1e-9)
    assert paired.low < paired.difference < paired.high < 0


def test_an_interval_by_bootstrap_is_like_delongs():
    drawn = bootstrap(
        lambda index: auc(LABELS[index], FIRST[index]).value, len(LABELS), seed=3, resamples=400
    )
    delong = auc(LABELS, FIRST)
    assert (drawn.low, drawn.high) == pytest.approx((delong.low, delong.high), abs=0.03)
    again = bootstrap(
        lambda index: auc(LABELS[index], FIRST[index]).value, len(LABELS), seed=3, resamples=400
    )
    assert drawn == again


def test_a_perfect_auc_keeps_an_interval():
    found = auc([0] * 10 + [1] * 5, range(15))
    assert (found.value, found.high) == (1.0, 1.0)
    assert found.low == pytest.approx(0.025 ** (1 / 5))
    assert auc([1] * 5 + [0] * 10, range(15)).high == pytest.approx(1 - 0.025 ** (1 / 5))


def test_a_score_beside_itself_is_no_difference():
    assert compare_auc(LABELS, FIRST, FIRST).p == 1.0


def test_the_area_under_the_drawn_curve_is_the_auc():
    curve = roc_curve(LABELS, FIRST)
    area = np.trapezoid(curve["true_positive_rate"], curve["false_positive_rate"])
    assert area == pytest.approx(auc(LABELS, FIRST).value)


def test_threshold_of_the_highest_youden_index():
    assert choose_threshold([0, 0, 1, 0, 1, 1], [0.1, 0.2, 0.3, 0.4, 0.6, 0.8]) in (0.25, 0.5)
    cut = choose_threshold(LABELS, FIRST)
    curve = roc_curve(LABELS, FIRST)
    point = operating_point(LABELS, FIRST, cut)
    youden = point["sensitivity"]["value"] + point["specificity"]["value"] - 1
    best = np.max(np.subtract(curve["true_positive_rate"], curve["false_positive_rate"]))
    assert youden == pytest.approx(best)


def test_operating_point_counts_and_wilson_intervals():
    point = operating_point([1, 1, 1, 0, 0, 0, 0], [0.9, 0.8, 0.1, 0.7, 0.2, 0.2, 0.1], 0.5)
    assert [point[one] for one in ("tp", "fn", "fp", "tn")] == [2, 1, 1, 3]
    shares = [point[one]["value"] for one in ("sensitivity", "specificity", "accuracy", "ppv", "npv")]
    assert shares == pytest.approx([2 / 3, 3 / 4, 5 / 7, 2 / 3, 3 / 4])
    assert operating_point([1, 0], [0.1, 0.2], 0.5)["ppv"] is None
    by_patient = operating_point([1, 0], [0.4, 0.4], [0.3, 0.5])
    assert (by_patient["tp"], by_patient["tn"]) == (1, 1)
    seven = wilson(7, 20)
    assert (seven.low, seven.high) == pytest.approx((0.1811918241, 0.5671457233))  # statsmodels 0.15
    assert wilson(0, 10).low == 0.0 and wilson(10, 10).high == 1.0


def test_mcnemar_counts_who_is_right_alone():
    truth = np.zeros(40)
    first, second = np.zeros(40), np.zeros(40)
    first[:15], second[15:20] = 1, 1
    few = mcnemar(truth, first, second)
    assert (few["only_first_right"], few["only_second_right"], few["exact"]) == (5, 15, True)
    assert few["p"] == pytest.approx(0.04138946533203125)  # statsmodels 0.15, exact
    many = mcnemar(np.zeros(42), np.arange(42) < 12, np.arange(42) >= 12)
    assert many["p"] == pytest.approx(0.008711912962379598)  # statsmodels 0.15, corrected
    assert mcnemar([0, 1], [0, 1], [0, 1])["p"] == 1.0


def test_calibration_agrees_with_another_tool():
    """statsmodels 0.15: GLM on the logit, and with the logit as offset."""
    found = calibration(LABELS, FIRST, bins=5)
    slope, level = found["slope"], found["intercept"]
    assert list(slope.values()) == pytest.approx([2.21366608, 1.00093575, 3.42639641], abs=1e-4)
    assert list(level.values()) == pytest.approx([-0.41091412, -0.99273272, 0.17090449], abs=1e-4)
    assert found["brier"] == pytest.approx(np.mean((LABELS - FIRST) ** 2))
    assert sum(row["n"] for row in found["curve"]) == 60
    assert [row["predicted"] for row in found["curve"]] == sorted(row["predicted"] for row in found["curve"])


def test_calibration_without_a_finite_slope_says_none():
    assert calibration([0, 0, 0, 1, 1, 1], [0.1, 0.2, 0.3, 0.7, 0.8, 0.9])["slope"] is None
    flat = calibration(LABELS, np.full(60, 1 / 3))
    assert flat["slope"] is None
    assert flat["intercept"]["value"] == pytest.approx(0, abs=1e-6)
    assert flat["brier_scaled"] == pytest.approx(0, abs=1e-9)


def test_net_benefit_agrees_with_another_tool():
    """dcurves 1.1.7."""
    found = decision_curve(LABELS, FIRST, [0.1, 0.25, 0.5])
    assert found["model"] == pytest.approx([0.262963, 0.177778, 0.116667], abs=1e-6)
    assert found["all"] == pytest.approx([0.259259, 0.111111, -0.333333], abs=1e-6)
    assert found["none"] == [0, 0, 0]


def test_everything_at_once_is_plain_json():
    text = json.dumps(summary(LABELS, FIRST, 0.5), allow_nan=False)
    assert json.loads(text)["events"] == 20


@pytest.mark.parametrize(
    ("labels", "scores", "error", "said"),
    [
        ([0, 0, 0], [0.1, 0.2, 0.3], OneClass, "all 3 patients have the same outcome"),
        ([0, 1], [0.1, 0.2, 0.3], StatisticsError, "do not go with"),
        ([0, 1], [0.1, float("nan")], StatisticsError, "1 of 2 scores are no finite"),
        ([0, 2], [0.1, 0.2], StatisticsError, "0 or 1"),
        ([0, 1], [0.1, 0.2], TooFewPatients, "two patients of each class"),
    ],
)
def test_what_has_no_auc_is_said(labels, scores, error, said):
    with pytest.raises(error, match=said):
        auc(labels, scores)


def test_what_is_no_probability_is_said():
    with pytest.raises(StatisticsError, match="lie in 0 to 1"):
        calibration([0, 1], [0.5, 1.5])
    with pytest.raises(StatisticsError, match="between 0 and 1"):
        decision_curve([0, 1], [0.5, 0.5], [0.0])
    with pytest.raises(TooFewPatients, match="no patients"):
        wilson(0, 0)
    with pytest.raises(TooFewPatients, match="bootstrap draws"):
        bootstrap(lambda index: auc(np.array([0, 0, 1])[index], index).value, 3, seed=0)
