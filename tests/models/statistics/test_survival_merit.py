"""Concordance, AUC over time and Brier scores against scikit-survival and R; p values of many questions."""

from __future__ import annotations

import numpy as np
import pytest
from sksurv.metrics import concordance_index_censored, concordance_index_ipcw, integrated_brier_score

from models.statistics.errors import AnalysisConfigError, StatisticsError, TooFewEvents, TooFewPatients
from models.statistics.multiplicity import adjust
from models.statistics.survival_merit import Outcome, brier, compare_c, harrell_c, time_auc, uno_c
from tests.models.statistics.cohorts import veterans


def known():
    end = veterans().endpoints[0]
    outcome = Outcome(np.array(end.times), np.array(end.events) == 1)
    return outcome, -np.array(veterans().column("karnofsky").values)


def test_concordance_agrees_with_another_library():
    outcome, risk = known()
    found = harrell_c(outcome, risk)
    assert found.value == pytest.approx(
        concordance_index_censored(outcome.event, outcome.time, risk)[0], abs=1e-12
    )
    assert found.low < found.value < found.high
    assert found == harrell_c(outcome, risk)
    until = 300.0
    wanted = concordance_index_ipcw(outcome.structured(), outcome.structured(), risk, until)[0]
    assert uno_c(outcome, risk, outcome, until).value == pytest.approx(wanted, abs=1e-12)


def test_concordance_of_the_published_model():
    """R's `concordance` of the Cox model of cell type, Karnofsky score and age: .73495."""
    from models.statistics.survival_cox import efron_rows, fit_cox
    from models.statistics.survival_data import design

    outcome, _ = known()
    names = ("celltype", "karnofsky", "age")
    matrix, terms = design(veterans(), names, np.arange(137), {"celltype": "squamous"})
    fit = fit_cox(matrix, efron_rows(outcome.time, outcome.event), [one.name for one in terms])
    found = harrell_c(outcome, matrix @ fit.coefficients)
    assert found.value == pytest.approx(0.73495, abs=1e-5)
    assert (found.high - found.low) / 3.92 == pytest.approx(0.02216511, rel=0.15)


def test_two_scores_are_held_side_by_side():
    outcome, risk = known()
    noise = np.random.default_rng(1).normal(size=137)
    worse = compare_c(outcome, risk, noise)
    assert worse.high < 0 and worse.p < 0.01
    same = compare_c(outcome, risk, risk + 0.0)
    assert (same.difference, same.p) == (0.0, 1.0)


def test_figures_over_time_leave_out_what_cannot_be_judged():
    """At the last follow-up nobody is left: scikit-survival refuses, here the time is left out."""
    outcome, risk = known()
    times = [1.0, 50.0, 100.0, 200.0, 999.0]
    found = time_auc(outcome, risk, outcome, times)
    assert found["time"] == [50.0, 100.0, 200.0]
    assert all(0.5 < one <= 1 for one in found["auc"])
    survival = np.tile(np.exp(-np.array(times) / 130), (137, 1))
    scored = brier(outcome, survival, outcome, times)
    inside = np.isin(times, scored["time"])
    kept = outcome.time < outcome.time.max()
    wanted = integrated_brier_score(
        outcome.structured(), outcome.structured()[kept], survival[kept][:, inside], np.array(times)[inside]
    )
    assert scored["integrated"] == pytest.approx(wanted)
    assert 0 < scored["integrated"] < 0.25


def test_what_has_no_concordance_is_said():
    outcome, risk = known()
    with pytest.raises(TooFewEvents, match="needs an event"):
        harrell_c(Outcome(outcome.time, outcome.event & False), risk)
    with pytest.raises(StatisticsError, match="1 of 137 risks"):
        harrell_c(outcome, np.where(np.arange(137) == 3, np.nan, risk))
    with pytest.raises(StatisticsError, match="do not go with"):
        harrell_c(outcome, risk[:5])
    with pytest.raises(TooFewPatients, match="none of the times"):
        time_auc(outcome, risk, outcome, [5000.0])
    with pytest.raises(TooFewPatients, match="two times"):
        brier(outcome, np.ones((137, 1)), outcome, [100.0])
    with pytest.raises(TooFewEvents, match="before the time given"):
        uno_c(outcome, risk, outcome, 0.5)


def test_p_values_are_adjusted_as_by_another_tool():
    """R's `p.adjust(c(.01, .02, .03, .04, .05))`: Holm .05 .08 .09 .09 .09; BH .05 throughout."""
    p = [0.05, 0.01, 0.03, 0.02, 0.04]
    assert adjust(p, "holm") == pytest.approx([0.09, 0.05, 0.09, 0.08, 0.09])
    assert adjust(p, "bh") == pytest.approx([0.05] * 5)
    assert adjust([0.001, 0.5, 0.04], "bh") == pytest.approx([0.003, 0.5, 0.06])
    assert adjust(p, "none") == p
    assert adjust([], "holm") == []
    with pytest.raises(AnalysisConfigError, match="bonferroni"):
        adjust(p, "bonferroni")
    with pytest.raises(StatisticsError, match="0 to 1"):
        adjust([float("nan")], "bh")
