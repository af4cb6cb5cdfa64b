"""Survival analyses of published data give the published numbers (R 4.2 survival 3.5, cmprsk 2.2)."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from lifelines import CoxPHFitter
from lifelines.datasets import load_rossi

from models.statistics.errors import (
    AnalysisConfigError,
    CollinearColumns,
    ConstantColumn,
    MissingValues,
    Separation,
    TooFewEvents,
    TooFewPatients,
    UnknownColumn,
)
from models.statistics.survival import Grouping, SurvivalConfig, analyse
from tests.models.statistics.cohorts import (
    category,
    cohort,
    number,
    rossi,
    survival,
    three_groups,
    transplants,
    veterans,
)

ROSSI = ("fin", "age", "race", "wexp", "mar", "paro", "prio")


def terms(model):
    return {(one["column"], one["level"]): one for one in model["terms"]}


def test_cox_of_the_recidivists_is_as_published():
    """Fox and Weisberg 2011, appendix on Cox regression; R's `coxph` and `cox.zph`."""
    model = analyse(rossi(), SurvivalConfig("arrest", multivariable=ROSSI))["multivariable"]
    rows = model["terms"]
    assert [one["coefficient"] for one in rows] == pytest.approx(
        [-0.37942217, -0.05743774, 0.31389979, -0.14979570, -0.43370388, -0.08487108, 0.09149708], abs=1e-7
    )
    assert (rows[0]["hazard_ratio"], rows[0]["low"], rows[0]["high"]) == pytest.approx(
        (0.6842567, 0.4702367, 0.9956841), abs=1e-6
    )
    assert rows[6]["p"] == pytest.approx(0.0014042, abs=1e-6)
    assert model["tests"]["likelihood_ratio"]["statistic"] == pytest.approx(33.27, abs=0.005)
    assert model["tests"]["wald"]["p"] == pytest.approx(3.87e-05, rel=1e-3)
    found = [one["proportional_hazards"]["statistic"] for one in rows]
    assert found == pytest.approx(
        [0.0624298, 5.9739817, 2.0682653, 4.2245956, 1.0110216, 0.0183833, 0.5205843], abs=1e-6
    )
    assert model["proportional_hazards"]["p"] == pytest.approx(0.013428, abs=1e-6)
    assert model["n"] == 432 and model["events"] == 114 and not model["cause_specific"]


def test_cox_agrees_with_another_library():
    fitted = CoxPHFitter().fit(load_rossi(), "week", "arrest").summary
    rows = analyse(rossi(), SurvivalConfig("arrest", multivariable=ROSSI))["multivariable"]["terms"]
    assert [one["coefficient"] for one in rows] == pytest.approx(fitted["coef"].tolist(), abs=1e-6)
    assert [one["error"] for one in rows] == pytest.approx(fitted["se(coef)"].tolist(), abs=1e-6)


def test_veterans_by_cell_type_are_as_published():
    """Log-rank 25.4 on 3 df (R documentation of `survdiff`); medians and means by R's `survfit`."""
    result = analyse(veterans(), SurvivalConfig("death", (Grouping("celltype"), Grouping("treatment"))))
    by_type, by_treatment = result["groupings"]
    assert by_type["test"]["statistic"] == pytest.approx(25.40, abs=0.01)
    assert by_type["test"]["p"] == pytest.approx(1.271e-05, rel=1e-3)
    assert by_treatment["test"]["statistic"] == pytest.approx(0.008227343, abs=1e-8)
    assert by_type["test"]["df"] == 3 and len(by_type["pairwise"]) == 6 and by_treatment["pairwise"] == []
    assert by_type["p_adjusted"] == pytest.approx(2 * by_type["test"]["p"])
    medians = {one["name"]: list(one["median"].values()) for one in by_type["groups"]}
    assert medians == {
        "adeno": [51, 24, 90],
        "large": [156, 100, 216],
        "smallcell": [51, 24, 61],
        "squamous": [118, 44, 242],
    }
    large = by_type["groups"][1]
    at = np.searchsorted(large["curve"]["time"], 100, side="right") - 1
    steps = [large["curve"][one][at] for one in ("survival", "low", "high")]
    assert steps == pytest.approx([0.703704, 0.494024, 0.839367], abs=1e-6)
    assert (large["n"], large["events"], len(large["censored_at"])) == (27, 26, 1)
    assert large["at_risk"][0] == 27 and result["at_risk_times"][0] == 0


def test_restricted_means_are_those_of_another_tool():
    """R's `print(survfit, rmean = 200)`."""
    from models.statistics.survival_curves import restricted_mean

    end = veterans().endpoints[0]
    own = np.array([value == "squamous" for value in veterans().column("celltype").values])
    time, event = np.array(end.times)[own], np.array(end.events)[own] == 1
    found = restricted_mean(time, event, 200.0)
    assert (found["value"], found["error"]) == pytest.approx((119.7642, 13.43364), abs=1e-4)


def test_a_category_in_a_model_is_held_against_its_reference():
    config = SurvivalConfig(
        "death", multivariable=("celltype", "karnofsky", "age"), references={"celltype": "squamous"}
    )
    found = terms(analyse(veterans(), config)["multivariable"])
    assert found["celltype", "adeno"]["coefficient"] == pytest.approx(1.171906594, abs=1e-7)
    assert found["celltype", "adeno"]["reference"] == "squamous"
    assert found["karnofsky", ""]["high"] == pytest.approx(0.9788048, abs=1e-6)
    by_default = terms(analyse(veterans(), replace(config, references={}))["multivariable"])
    assert by_default["celltype", "squamous"]["reference"] == "smallcell"


@pytest.mark.parametrize(
    ("table", "endpoint", "column", "first"),
    [
        (transplants, "relapse", "disease", (1.301634544, 1, 0.253914871158)),
        (three_groups, "first", "group", (0.2078592282, 2, 0.9012887332)),
    ],
)
def test_grays_test_agrees_with_cmprsk(table, endpoint, column, first):
    found = analyse(table(), SurvivalConfig(endpoint, (Grouping(column),)))["groupings"][0]["competing"]
    assert tuple(found["gray"][one] for one in ("statistic", "df", "p")) == pytest.approx(first, abs=1e-8)


def test_cumulative_incidence_agrees_with_cmprsk():
    result = analyse(transplants(), SurvivalConfig("relapse", (Grouping("disease"),)))
    relapse, death = result["groupings"][0]["competing"]["groups"][0]["events"]
    for row, months, wanted in (
        (relapse, 12, 0.1764705882),
        (death, 6, 0.2941176471),
        (death, 60, 0.7058823529),
    ):
        at = np.searchsorted(row["time"], months, side="right") - 1
        assert row["incidence"][at] == pytest.approx(wanted, abs=1e-9)
        assert row["low"][at] < wanted < row["high"][at]
    for group in result["groupings"][0]["competing"]["groups"]:
        assert sum(one["incidence"][-1] for one in group["events"]) <= 1


def test_fine_gray_agrees_with_another_tool():
    """R's `finegray` with robust errors; the plain model is then cause-specific, by `coxph`."""
    config = SurvivalConfig("first", multivariable=("x", "group"), references={"group": "a"})
    model = analyse(three_groups(), config)["multivariable"]
    assert model["cause_specific"]
    assert [one["coefficient"] for one in model["terms"]] == pytest.approx(
        [0.01576936927, 0.21485031375, 0.03315878446], abs=1e-8
    )
    rows = model["subdistribution"]["terms"]
    assert [one["coefficient"] for one in rows] == pytest.approx(
        [-0.01742641460, 0.10697571933, 0.09950292817], abs=1e-7
    )
    assert [one["p"] for one in rows] == pytest.approx([0.9081778995, 0.7433164925, 0.7616058908], abs=1e-6)
    asked = SurvivalConfig("relapse", univariable=("disease",), references={"disease": "0"})
    alone = analyse(transplants(), asked)["univariable"][0]
    row = alone["subdistribution"]["terms"][0]
    assert (row["level"], row["coefficient"]) == ("1", pytest.approx(0.7644565056, abs=1e-7))
    assert row["p"] == pytest.approx(0.2734492565, abs=1e-7)


def planted(seed, effect, n=120):
    """A number `x` that halves or doubles the hazard with `effect`, and one that does nothing."""
    rng = np.random.default_rng(seed)
    x, noise = rng.normal(size=n), rng.normal(size=n)
    death, end = rng.exponential(np.exp(-effect * x)), rng.uniform(0.3, 2.5, n)
    return cohort(
        [number("x", x), number("noise", noise)], survival(np.minimum(death, end) + 0.01, death <= end)
    )


def test_an_optimal_cut_pays_for_the_search():
    """Of ten cohorts without any effect at most two are called different; the uncorrected p would be five."""
    cuts = [
        analyse(planted(seed, 0.0), SurvivalConfig("death", (Grouping("x", "optimal"),)))["groupings"][0]
        for seed in range(10)
    ]
    assert sum(one["test"]["p"] < 0.05 for one in cuts) <= 2
    assert sum(one["test"]["p_unadjusted_for_cut"] < 0.05 for one in cuts) > sum(
        one["test"]["p"] < 0.05 for one in cuts
    )
    found = analyse(planted(3, 0.8), SurvivalConfig("death", (Grouping("x", "optimal"),)))["groupings"][0]
    assert found["test"]["p"] < 0.001
    assert "permutations" in found["cut"]["correction"]


def test_cuts_at_the_median_and_at_a_value():
    result = analyse(planted(1, 0.8), SurvivalConfig("death", (Grouping("x", "median"), Grouping("x", 1.0))))
    assert [one["n"] for one in result["groupings"][0]["groups"]] == [60, 60]
    assert result["groupings"][1]["cut"] == {"kind": "given", "value": 1.0}
    assert result["groupings"][0]["test"]["p"] < 0.01


def test_many_columns_at_once_are_adjusted():
    rng = np.random.default_rng(2)
    base = planted(4, 1.0)
    features = tuple(number(f"f{i}", rng.normal(size=120)) for i in range(30))
    table = replace(base, features=features)
    names = ("x", *(one.name for one in features))
    for method in ("holm", "bh"):
        rows = analyse(table, SurvivalConfig("death", univariable=names, adjustment=method))["univariable"]
        assert [one["columns"][0] for one in rows if one["p_adjusted"] < 0.05] == ["x"]
    assert sum(one["terms"][0]["p"] < 0.05 for one in rows) > 1


def separated():
    """Everybody with the mutation lives."""
    rng = np.random.default_rng(8)
    mutation = np.repeat([0, 1], [40, 20])
    event = (mutation == 0) & (rng.random(60) < 0.7)
    return cohort(
        [number("mutation", mutation), number("age", rng.normal(60, 10, 60))],
        survival(rng.uniform(1, 30, 60), event),
    )


def test_separation_is_named_and_a_penalty_ends_it():
    asked = SurvivalConfig("death", multivariable=("mutation", "age"))
    with pytest.raises(Separation, match="mutation: none of the 20 patients with it has the event"):
        analyse(separated(), asked)
    for penalty in ("firth", "ridge"):
        model = analyse(separated(), replace(asked, penalty=penalty))["multivariable"]
        ratio = terms(model)["mutation", ""]
        assert model["penalty"] == penalty
        assert 0 < ratio["low"] < ratio["hazard_ratio"] < 1
    with pytest.raises(Separation, match="age"):
        n = 30
        ordered = cohort([number("age", range(n))], survival(range(n, 0, -1), [1] * n))
        analyse(ordered, SurvivalConfig("death", univariable=("age",)))


def test_firths_estimate_is_the_top_of_the_penalised_likelihood():
    """Written out once more for one column without ties: log L + log(information) / 2 over a grid."""
    table = separated()
    x = np.array(table.column("mutation").values)
    time, event = np.array(table.endpoints[0].times), np.array(table.endpoints[0].events)

    def penalised(beta):
        value, information = 0.0, 0.0
        for i in np.flatnonzero(event):
            risk = time >= time[i]
            share = np.exp(beta * x[risk]) / np.exp(beta * x[risk]).sum()
            value += beta * x[i] - np.log(np.exp(beta * x[risk]).sum())
            information += share @ x[risk] ** 2 - (share @ x[risk]) ** 2
        return value + np.log(information) / 2

    grid = np.linspace(-6, 0, 1201)
    values = np.array([penalised(one) for one in grid])
    config = SurvivalConfig("death", univariable=("mutation",), penalty="firth")
    found = analyse(table, config)["univariable"][0]["terms"][0]
    assert found["coefficient"] == pytest.approx(grid[np.argmax(values)], abs=0.006)
    inside = grid[2 * (values.max() - values) < 3.841459]
    assert np.log(found["high"]) == pytest.approx(inside[-1], abs=0.006)


def test_missing_values_are_counted_or_refused():
    table = planted(1, 0.5)
    values = list(table.column("x").values)
    values[:7] = [None] * 7
    table = replace(table, clinical=(number("x", values), table.clinical[1]))
    config = SurvivalConfig("death", (Grouping("x", "median"),), multivariable=("x", "noise"))
    result = analyse(table, config)
    assert result["groupings"][0]["missing"] == 7
    assert result["multivariable"]["n"] == 113
    assert result["multivariable"]["missing"] == {"x": 7, "noise": 0}
    with pytest.raises(MissingValues, match=r"x \(7\)"):
        analyse(table, replace(config, missing="refuse", groupings=()))


def test_the_patients_asked_for_are_those_used():
    table = planted(1, 0.5)
    table = replace(table, roles=("train",) * 80 + ("test",) * 40)
    counts = [
        analyse(table, SurvivalConfig("death", patients=one))["cohort"]["patients"]
        for one in ("train", "test", "all")
    ]
    assert counts == [80, 40, 120]
    unknown = replace(
        table, endpoints=(replace(table.endpoints[0], events=(None, *table.endpoints[0].events[1:]),
                                  times=(None, *table.endpoints[0].times[1:])),)
    )  # fmt: skip
    found = analyse(unknown, SurvivalConfig("death"))["cohort"]
    assert (found["patients"], found["unknown"]) == (119, 1)


COLUMNS = (
    number("x", range(20)),
    number("twice", range(0, 40, 2)),
    number("one", [1] * 20),
    category("c", "aabb" * 5),
)
DEATHS = survival([3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4], [1, 0] * 10)


@pytest.mark.parametrize(
    ("config", "error", "said"),
    [
        (
            {"multivariable": ("x", "twice"), "events_per_variable": 1},
            CollinearColumns,
            r"x and twice \(r = 1.000\)",
        ),
        ({"multivariable": ("x", "c", "age")}, UnknownColumn, "age"),
        ({"endpoint": "relapse"}, UnknownColumn, "relapse"),
        ({"multivariable": ("x", "one")}, ConstantColumn, "one: all 20 patients have the value 1.0"),
        ({"multivariable": ("x", "c"), "events_per_variable": 10}, TooFewEvents, "10 events for 2 terms"),
        ({"groupings": (Grouping("x"),)}, AnalysisConfigError, "a number needs a cut"),
        ({"groupings": (Grouping("c", "median"),)}, AnalysisConfigError, "a category has no cut"),
        ({"groupings": (Grouping("x", 100.0),)}, ConstantColumn, "in the group"),
        ({"groupings": (Grouping("x", 0.5),)}, TooFewPatients, "two patients"),
        ({"groupings": (Grouping("x", "best"),)}, AnalysisConfigError, "not 'best'"),
        ({"penalty": "lasso"}, AnalysisConfigError, "'lasso' is none of"),
        ({"references": {"c": "z"}, "univariable": ("c",)}, AnalysisConfigError, "reference level 'z'"),
        ({"patients": "test"}, TooFewPatients, "0 patients"),
    ],
)
def test_what_cannot_be_answered_is_named(config, error, said):
    table = cohort(COLUMNS, DEATHS)
    with pytest.raises(error, match=said):
        analyse(table, SurvivalConfig(**{"endpoint": "death"} | config))


def test_a_column_that_follows_from_several_is_named():
    rng = np.random.default_rng(0)
    a, b, c = rng.normal(size=(3, 60))
    columns = [number("a", a), number("b", b), number("sum", a + b), number("c", c)]
    table = cohort(columns, survival(rng.uniform(1, 5, 60), np.arange(60) % 3 > 0))
    with pytest.raises(CollinearColumns, match="a, b, sum follow from each other"):
        analyse(table, SurvivalConfig("death", multivariable=("a", "b", "sum", "c")))


def test_no_event_is_said():
    with pytest.raises(TooFewEvents, match="no patient has the event"):
        analyse(cohort(COLUMNS, survival(range(1, 21), [0] * 20)), SurvivalConfig("death"))


def test_one_bad_column_among_many_is_set_aside_by_name():
    result = analyse(cohort(COLUMNS, DEATHS), SurvivalConfig("death", univariable=("x", "one", "c", "none")))
    assert [one["columns"][0] for one in result["univariable"]] == ["x", "c"]
    assert [(one["where"], one["slug"]) for one in result["refused"]] == [
        ("one", "constant-column"), ("none", "unknown-column"),
    ]  # fmt: skip


def test_a_result_is_plain_json_and_the_same_again():
    raw = {
        "endpoint": "relapse", "groupings": [{"column": "disease"}], "univariable": ["disease"],
        "references": {"disease": "0"},
    }  # fmt: skip
    config = SurvivalConfig.from_json(raw)
    assert SurvivalConfig.from_json(json.loads(json.dumps(config.to_json()))) == config
    first, second = (analyse(transplants(), config) for _ in range(2))
    assert first == second == json.loads(json.dumps(first, allow_nan=False))
    assert first["config"]["groupings"] == [{"column": "disease", "cut": None}]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({}, "an endpoint is needed"),
        ({"endpoint": "death", "colour": "red"}, "unknown settings: colour"),
        ({"endpoint": "death", "groupings": [{"name": "x"}]}, "a grouping is"),
        ({"endpoint": "death", "penalty": "ridge", "ridge": 0}, "above 0"),
    ],
)
def test_a_configuration_that_is_none_is_said(raw, said):
    with pytest.raises(AnalysisConfigError, match=said):
        SurvivalConfig.from_json(raw)
