"""Figures for publication: all that a result has, the same bytes each time, legible names in any script."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from models.statistics import merit
from models.statistics.errors import AnalysisConfigError
from models.statistics.figures import figure, figures, names, style, survival
from models.statistics.figures.prediction import calibration, decision_curve, roc
from models.statistics.figures.prediction_survival import risk_groups_figure
from models.statistics.figures.subtypes import heat_map
from models.statistics.outcomes import analyse as analyse_outcome
from models.statistics.outcomes_config import OutcomeConfig
from models.statistics.subtypes import SubtypeConfig, analyse
from models.statistics.survival import Grouping, SurvivalConfig
from models.statistics.survival import analyse as analyse_survival
from rt.cohort import CohortTable, Column, Endpoint
from tests.models.statistics.planted import table_of, with_clusters
from tests.models.statistics.test_outcomes import planted

QUICK = SubtypeConfig(
    k_maximum=4, subsamples=20, simulations=20, pac_simulations=5, bootstraps=20, noise_repeats=1
)


@pytest.fixture(scope="module")
def table() -> CohortTable:
    rng = np.random.default_rng(0)
    values, clusters = with_clusters(rng, (45, 30), 3, 4.0)
    stage = tuple(None if i == 4 else ("早期", "進行")[int(c > 0)] for i, c in enumerate(clusters))
    clinical = (
        Column("病期", "category", stage),
        Column("age", "number", tuple(float(60 + i % 20) for i in range(45)), "a"),
    )
    times = tuple(float(one) for one in rng.exponential(10 + 10 * clusters))
    events = tuple(int(one) for one in rng.integers(0, 3, 45))
    icc = [0.6 if j % 5 == 0 else 0.9 for j in range(30)]
    ending = Endpoint("local control", "survival", events, times)
    plain = table_of(values, clinical, icc)
    return CohortTable(plain.patients, plain.roles, plain.clinical, plain.features, (ending,))


@pytest.fixture(scope="module")
def subtypes(table: CohortTable) -> dict[str, Any]:
    return analyse(table, QUICK)


@pytest.fixture(scope="module")
def survived(table: CohortTable) -> dict[str, Any]:
    asked = (Grouping("病期"), Grouping("age", "median"))
    return analyse_survival(
        table,
        SurvivalConfig("local control", groupings=asked, univariable=("age", "病期"), multivariable=("age",)),
    )


def texts(drawn: Figure) -> str:
    return "\n".join(str(one.get_text()) for one in drawn.findobj(Text))


def test_every_figure_of_every_kind_is_an_svg_and_a_pdf_with_fonts(
    subtypes: dict[str, Any], survived: dict[str, Any]
) -> None:
    for result in (subtypes, survived):
        for name, drawn in figures(result).items():
            assert re.fullmatch(r"[a-z0-9-]+", name)
            assert drawn["svg"].startswith(b"<?xml") and b"<text" not in drawn["svg"]
            assert drawn["pdf"].startswith(b"%PDF") and b"/FontFile" in drawn["pdf"]
            assert b"Date" not in drawn["pdf"] and b"dc:date" not in drawn["svg"]
    assert {"heat-map", "consensus-matrices", "consensus-cdf", "icc"} <= set(names(subtypes))
    assert {"kaplan-meier-1", "cumulative-incidence-2", "forest-multivariable"} <= set(names(survived))


@pytest.mark.parametrize("name", ["heat-map", "number-of-clusters"])
def test_equal_results_give_equal_bytes(name: str, subtypes: dict[str, Any]) -> None:
    assert figure(name, subtypes) == figure(name, subtypes)


def test_a_figure_that_a_result_does_not_have_is_named(subtypes: dict[str, Any]) -> None:
    with pytest.raises(AnalysisConfigError, match="forest"):
        figure("forest", subtypes)
    with pytest.raises(AnalysisConfigError, match="kind"):
        figures({"kind": "horoscope"})


def test_without_significant_clusters_the_figure_says_so(subtypes: dict[str, Any]) -> None:
    unfound = subtypes | {"clusters_found": False, "clinical": []}
    with style.drawing():
        said = texts(heat_map(unfound))
    assert "no significant clusters" in said and "candidate cluster 1" in said


def test_numbers_at_risk_and_tests_stand_in_the_figure(survived: dict[str, Any]) -> None:
    grouping = survived["groupings"][0]
    with style.drawing():
        said = texts(survival.kaplan_meier(survived, grouping)).split("\n")
    for group in grouping["groups"]:
        assert all(str(count) in said for count in group["at_risk"])
    assert f"log-rank {style.p_text(grouping['test']['p'])}" in said


def test_hazard_ratios_without_bounds_end_in_arrows(survived: dict[str, Any]) -> None:
    term = survived["multivariable"]["terms"][0] | {"low": 1e-9, "high": 1e9}
    with style.drawing():
        drawn = survival.forest([term])
        marks = {line.get_marker() for line in drawn.axes[1].lines}
    assert {"<", ">"} <= marks


def test_japanese_without_a_font_is_said_and_does_not_fail(
    survived: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(style, "cjk_font", lambda: None)
    assert figure("kaplan-meier-1", survived)["svg"].startswith(b"<?xml")
    with style.drawing():
        drawn = survival.kaplan_meier(survived, survived["groupings"][0])
        style.written(drawn)
        latin = survival.kaplan_meier(survived, survived["groupings"][1])
        style.written(latin)
    assert style.NO_CJK in texts(drawn)
    assert style.NO_CJK not in texts(latin)


def test_predictions_are_drawn_with_their_intervals() -> None:
    rng = np.random.default_rng(1)
    labels = (rng.random(80) < 0.4).astype(int)
    shares = 1 / (1 + np.exp(-(rng.standard_normal(80) + labels)))
    said = merit.summary(labels, shares, 0.5)
    with style.drawing():
        drawn = [make([("clinical", said), ("結合", said)]) for make in (roc, calibration, decision_curve)]
        assert all(style.written(one)["pdf"] for one in drawn)
    assert f"AUC {said['auc']['value']:.2f} ({said['auc']['low']:.2f} to" in texts(drawn[0])
    assert f"slope {said['calibration']['slope']['value']:.2f}" in texts(drawn[1])


def test_outcome_models_are_drawn_best_first() -> None:
    rng = np.random.default_rng(2)
    labels = (rng.random(60) < 0.5).astype(int)
    models = []
    for number in range(7):
        shares = 1 / (1 + np.exp(-(rng.standard_normal(60) + 0.4 * number * labels)))
        said = merit.summary(labels, shares, 0.5)
        models.append({"group": "clinical", "model": f"m{number}", "figures": said})
    result = {"kind": "outcome", "endpoint": {"kind": "binary"}, "models": models, "test": None}
    assert set(names(result)) == {"roc", "calibration", "decision-curve"}
    best = sorted(models, key=lambda one: -one["figures"]["auc"]["value"])
    with style.drawing():
        said = texts(roc([(one["model"], one["figures"]) for one in best[:5]]))
    assert f"AUC {best[0]['figures']['auc']['value']:.2f}" in said
    assert figure("roc", result)["svg"].startswith(b"<?xml")
    tested = {"figures": models[0]["figures"]}
    chosen = {"group": "clinical", "model": "m0"}
    assert {"test-roc", "test-calibration"} <= set(names(result | {"test": tested, "chosen": chosen}))
    network = {"kind": "outcome-network", "endpoint": {"kind": "binary"}}
    network |= {"models": {"network": models[6]["figures"]}, "set_aside": {"network": None}}
    assert set(names(network)) == {"roc", "calibration", "decision-curve"}
    assert figure("calibration", network)["pdf"].startswith(b"%PDF")


def test_survival_predictions_are_drawn_with_their_risk_groups() -> None:
    config = OutcomeConfig("failure", folds=3, inner_folds=2, trees=5, groups=("clinical", "radiomics"))
    result = analyse_outcome(planted(1, kind="survival", n=60, test=24), config)
    own = {"concordance", "risk-groups", "auc-over-time", "brier-over-time", "calibration", "decision-curve"}
    assert set(names(result)) == own | {f"test-{name}" for name in own}
    assert all(drawn["svg"].startswith(b"<?xml") for drawn in figures(result).values())
    groups = result["models"][1]["figures"]["risk_groups"]
    with style.drawing():
        said = texts(risk_groups_figure(("radiomics", groups), result["endpoint"])).split("\n")
    assert f"log-rank {style.p_text(groups['test']['p'])}" in said
    assert all(str(count) in said for group in groups["groups"] for count in group["at_risk"])
    one_group = {"refused": {"slug": "too-few-patients", "detail": ""}}
    for one in result["models"]:
        one["figures"] |= {"risk_groups": one_group, "time_auc": one_group, "brier": one_group}
    assert set(names(result | {"test": None})) == {"concordance", "calibration", "decision-curve"}


def test_long_names_are_cut_by_their_width() -> None:
    assert style.short("parotid", 10) == "parotid"
    assert style.short("parotid gland", 8) == "parotid…"
    assert style.short("原発腫瘍体積", 6) == "原発…"
    assert [style.p_text(p) for p in (0.0001, 0.0123, 0.456)] == ["p < 0.001", "p = 0.012", "p = 0.46"]
