"""Outcome models find what was planted, find nothing where nothing was, and leak nothing."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from models.statistics.errors import (
    AnalysisConfigError,
    ConstantColumn,
    MissingValues,
    OneClass,
    OtherModel,
    TooFewEvents,
    TooFewPatients,
    UnknownColumn,
)
from models.statistics.outcomes import analyse
from models.statistics.outcomes_apply import predict, values_of
from models.statistics.outcomes_config import OutcomeConfig
from models.statistics.outcomes_data import Target, Term, prepare
from models.statistics.outcomes_validate import folds_of
from rt.cohort import CohortTable, Endpoint
from tests.models.statistics.cohorts import category, number, survival

QUICK = OutcomeConfig("failure", folds=4, inner_folds=2, trees=12)


def planted(seed, effect=2.0, n=120, kind="binary", test=0):
    """Two clinical columns that tell nothing, 25 features of which the first two tell `effect`."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n + test, 25))
    age = rng.normal(60, 9, n + test)
    signal = effect * (features[:, 0] - features[:, 1]) / 2**0.5
    if kind == "binary":
        end = Endpoint(
            "failure", "binary", tuple(int(one) for one in rng.logistic(size=n + test) < signal - 0.5)
        )
    else:
        death, censored = rng.exponential(np.exp(-signal)), rng.uniform(0.3, 4, n + test)
        end = survival(np.minimum(death, censored) + 0.01, death <= censored, "failure", "a")
    return CohortTable(
        tuple(f"p{i}" for i in range(n + test)),
        ("train",) * n + ("test",) * test,
        (
            number("age", age, unit="a"),
            category("site", rng.choice(["tongue", "larynx", "tonsil"], n + test)),
        ),
        tuple(
            number(f"f{i}", features[:, i], source={"icc": {"perturbation": 0.95 if i < 20 else 0.4}})
            for i in range(25)
        ),
        (end,),
    )


def rows(result):
    return {(one["group"], one["model"]): one for one in result["models"]}


def test_a_planted_signal_is_found_in_the_features_that_hold_it():
    result = analyse(planted(1, test=40), QUICK)
    found = rows(result)
    clinical, both = found["clinical", "elastic-net"], found["both", "elastic-net"]
    assert both["figures"]["auc"]["low"] > 0.7
    assert clinical["figures"]["auc"]["low"] < 0.5 < clinical["figures"]["auc"]["high"]
    assert {one["column"] for one in both["selection"][:2]} == {"f0", "f1"}
    assert both["selection"][0]["share"] == 1.0
    versus = next(
        one for one in result["comparisons"] if (one["first"], one["second"]) == ("clinical", "both")
    )
    assert versus["low"] > 0 and versus["p_adjusted"] < 0.001
    assert result["chosen"]["group"] in ("radiomics", "both")
    assert result["test"]["figures"]["auc"]["value"] > 0.75
    assert result["test"]["inside"] > 30
    slope = both["figures"]["calibration"]["slope"]
    assert slope["low"] < 1 < slope["high"]


def test_nothing_is_found_where_nothing_was_planted():
    """Eight cohorts without a rule: at most one interval leaves one half out, and the mean is near it."""
    config = replace(QUICK, groups=("radiomics",), folds=3)
    figures = [
        rows(analyse(planted(seed, 0.0, 80), config))["radiomics", "elastic-net"]["figures"]
        for seed in range(8)
    ]
    assert sum(one["auc"]["low"] <= 0.5 <= one["auc"]["high"] for one in figures) >= 7
    assert np.mean([one["auc"]["value"] for one in figures]) == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize("model", ["random-forest", "gradient-boosting"])
@pytest.mark.parametrize("kind", ["binary", "survival"])
def test_every_model_finds_it_and_its_json_predicts_the_same(model, kind):
    table = planted(3, 2.5, 90, kind)
    config = replace(QUICK, models=(model,), groups=("radiomics",), folds=3, keep=5)
    result = analyse(table, config)
    figures = result["models"][0]["figures"]
    found = figures["auc"] if kind == "binary" else figures["harrell_c"]
    assert found["low"] > 0.5 and found["value"] > 0.65
    stored = json.loads(json.dumps(result["final_model"], allow_nan=False))
    predicted = predict(stored, values_of(table, range(90)))
    if kind == "binary":
        own = np.array([one["probability"] for one in predicted])
        had = np.array(table.endpoints[0].events) == 1
        assert own[had].mean() > own[~had].mean() + 0.15
    else:
        shares = np.array([one["survival"]["share"] for one in predicted])
        assert (np.diff(shares, axis=1) <= 1e-12).all() and shares.min() >= 0 and shares.max() <= 1
    used = {term["column"] for term in stored["terms"]}
    assert {"f0", "f1"} <= used and len(used) <= 5


def test_trees_as_arrays_predict_what_the_libraries_do():
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
    from sksurv.ensemble import GradientBoostingSurvivalAnalysis, RandomSurvivalForest
    from sksurv.util import Surv

    from models.statistics import outcomes_models as own

    rng = np.random.default_rng(4)
    x, new = rng.normal(size=(80, 4)), rng.normal(size=(30, 4))
    event, time = x[:, 0] + rng.normal(size=80) > 0, rng.exponential(np.exp(-x[:, 0])) + 0.01
    config = replace(QUICK, class_weight="none")
    settings = (config, np.array([0.5, 1.0]))
    leaf, depth = {"min_leaf": 5.0}, {"depth": 2.0}
    binary, lasting = Target(event), Target(event, time)
    core = own.learn("random-forest", x, binary, leaf, settings)
    theirs = RandomForestClassifier(12, min_samples_leaf=5, random_state=0)
    theirs.fit(x, event.astype(int), sample_weight=np.ones(80))
    wanted = np.clip(theirs.predict_proba(new)[:, 1], 1e-3, 1 - 1e-3)
    assert own.score(core, new) == pytest.approx(np.log(wanted / (1 - wanted)), abs=1e-9)
    core = own.learn("gradient-boosting", x, binary, depth, settings)
    theirs = GradientBoostingClassifier(
        n_estimators=12, learning_rate=0.05, max_depth=2, subsample=0.8, random_state=0
    ).fit(x, event.astype(int), sample_weight=np.ones(80))
    assert own.score(core, new) == pytest.approx(theirs.decision_function(new), abs=1e-9)
    end = Surv.from_arrays(event, time)
    core = own.learn("random-forest", x, lasting, leaf, settings)
    forest = RandomSurvivalForest(12, min_samples_leaf=5, random_state=0).fit(x, end)
    assert np.exp(own.score(core, new)) == pytest.approx(forest.predict(new), abs=1e-9)
    steps = [[step(one) for one in (0.5, 1.0)] for step in forest.predict_survival_function(new)]
    assert own.survival_at(core, new) == pytest.approx(np.array(steps), abs=1e-9)
    core = own.learn("gradient-boosting", x, lasting, depth, settings)
    boosted = GradientBoostingSurvivalAnalysis(
        n_estimators=12, learning_rate=0.05, max_depth=2, subsample=0.8, random_state=0
    ).fit(x, end)
    assert own.score(core, new) == pytest.approx(boosted.predict(new), abs=1e-9)
    steps = [[step(one) for one in (0.5, 1.0)] for step in boosted.predict_survival_function(new)]
    assert own.survival_at(core, new) == pytest.approx(np.array(steps), abs=1e-6)


def test_survival_is_judged_over_time_and_on_the_locked_patients():
    result = analyse(planted(5, 1.5, 110, "survival", test=50), QUICK)
    found = rows(result)
    figures = found["radiomics", "elastic-net"]["figures"]
    assert figures["harrell_c"]["low"] > 0.6
    assert figures["uno_c"]["value"] == pytest.approx(figures["harrell_c"]["value"], abs=0.08)
    assert min(figures["time_auc"]["auc"]) > 0.65
    assert 0 < figures["brier"]["integrated"] < 0.25
    assert sum(one["n"] for one in figures["calibration"]["curve"]) == 110
    assert figures["decision_curve"]["model"][10] > 0
    versus = next(
        one for one in result["comparisons"] if (one["first"], one["second"]) == ("clinical", "radiomics")
    )
    assert versus["low"] > 0 and versus["p"] < 0.01
    assert result["test"]["figures"]["harrell_c"]["low"] > 0.55


def test_nothing_of_a_patient_is_used_to_predict_that_patient():
    """A changed outcome of one patient changes the prediction of others, and not the patient's own."""
    table = planted(6, 1.0, 60)
    flipped = list(table.endpoints[0].events)
    fold = folds_of(np.array(flipped) == 1, 4, (0, 0))
    same_fold = np.flatnonzero(fold == fold[0])
    config = replace(QUICK, groups=("radiomics",))
    before = analyse(table, config)["models"][0]["predictions"]["probability"]
    moved = list(table.features[0].values)
    moved[0] = 9.0
    features = (number("f0", moved), *table.features[1:])
    after = analyse(replace(table, features=features), config)["models"][0]["predictions"]["probability"]
    others = [i for i in same_fold if i != 0]
    assert [after[i] for i in others] == [before[i] for i in others]
    assert after[0] != before[0]
    assert after != before


def test_the_locked_patients_change_nothing_but_their_own_figures():
    table = planted(7, 1.5, 80, test=30)
    one = analyse(table, QUICK)
    features = tuple(number(c.name, [*c.values[:80], *(9.0 for _ in range(30))]) for c in table.features)
    other = analyse(replace(table, features=features), replace(QUICK))
    assert one["models"] == other["models"]
    assert {k: v for k, v in one["final_model"].items() if k != "trained_on"} == {
        k: v for k, v in other["final_model"].items() if k != "trained_on"
    }
    assert other["test"]["inside"] == 0 and one["test"]["inside"] > 20


def test_the_same_again_by_seed_and_plain_json():
    config = OutcomeConfig.from_json(json.loads(json.dumps(QUICK.to_json())))
    assert config == QUICK
    table = planted(8, n=60)
    first, second = analyse(table, config), analyse(table, config)
    assert first == second == json.loads(json.dumps(first, allow_nan=False))
    assert analyse(table, replace(config, seed=1))["models"] != first["models"]


def test_outcomes_in_disorder_are_predicted_worse():
    config = replace(QUICK, groups=("radiomics",), folds=2, permutations=9, keep=4)
    found = analyse(planted(9, 5.0, 80), config)["permutation"]
    assert (found["p"], found["permutations"]) == (0.1, 9)
    assert found["mean"] < 0.65 < found["observed"]


def test_columns_that_do_not_serve_are_dropped_by_name():
    table = planted(10)
    values = table.features[0].values
    gaps = [None if i < 80 else value for i, value in enumerate(values)]
    twin = number("twin", [2 * one + 1 for one in values], source={"icc": 0.99})
    extra = (twin, number("flat", [1.0] * 120), number("rare", gaps), number("unsure", values[::-1]))
    told = number("told", table.endpoints[0].events)
    table = replace(table, features=table.features + extra, clinical=(*table.clinical, told))
    columns = analyse(table, replace(QUICK, min_icc=0.75, groups=("both",)))["columns"]
    why = {one["column"]: one["slug"] for one in columns["dropped"]}
    assert why == {f"f{i}": "low-icc" for i in range(20, 25)} | {
        "flat": "constant-column", "rare": "missing-values", "unsure": "no-icc",
    }  # fmt: skip
    assert columns["separating"] == ["told"]
    assert {columns["redundant"][0]["column"], columns["redundant"][0]["by"]} == {"f0", "twin"}


def test_missing_values_are_imputed_dropped_or_refused():
    table = planted(11)
    values = [None if i % 10 == 0 else value for i, value in enumerate(table.features[0].values)]
    table = replace(table, features=(number("f0", values), *table.features[1:]))
    config = replace(QUICK, groups=("radiomics",))
    imputed = analyse(table, config)
    assert (imputed["cohort"]["patients"], imputed["cohort"]["incomplete"]) == (120, 12)
    assert imputed["models"][0]["figures"]["auc"]["low"] > 0.6
    assert analyse(table, replace(config, missing="drop"))["cohort"]["patients"] == 108
    with pytest.raises(MissingValues, match=r"f0 \(12\)"):
        analyse(table, replace(config, missing="refuse"))


def test_a_new_patient_is_told_how_far_the_model_applies():
    table = planted(12)
    model = analyse(table, replace(QUICK, groups=("both",)))["final_model"]
    patient = {name: values[:1] for name, values in values_of(table, range(120)).items()}
    near = predict(model, patient)[0]
    assert near["applicability"]["inside"] and near["imputed"] == [] and near["outside"] == []
    far = predict(model, patient | {"f0": [40.0], "f1": [None]})[0]
    assert far["applicability"] == {**far["applicability"], "percentile": 100.0, "inside": False}
    assert far["imputed"] == ["f1"]
    assert [one["column"] for one in far["outside"]] == ["f0"]
    assert far["probability"] > near["probability"] or far["probability"] > 0.9
    with pytest.raises(OtherModel, match="f0: this column is needed"):
        predict(model, {name: one for name, one in patient.items() if name != "f0"})
    with pytest.raises(OtherModel, match="is no number"):
        predict(model, patient | {"f0": ["high"]})
    with pytest.raises(OtherModel, match="different numbers"):
        predict(model, patient | {"f0": [1.0, 2.0]})
    with pytest.raises(OtherModel, match="rinkaku-outcome-model-1"):
        predict({"format": "pickle"}, patient)
    with pytest.raises(MissingValues, match="patient 1 has a value in no column"):
        predict(model, {name: [None] for name in patient})


def test_a_level_that_nobody_had_is_named_and_taken_for_no_value():
    table = planted(12)
    model = analyse(table, replace(QUICK, groups=("both",)))["final_model"]
    patient = {name: values[:1] for name, values in values_of(table, range(120)).items()}
    sites = {term["name"] for term in model["terms"] if term["column"] == "site"}
    assert sites
    (strange,), (unknown,) = (predict(model, patient | {"site": [one]}) for one in ("lip", None))
    assert strange["unseen"] == [{"column": "site", "level": "lip"}]
    assert (set(strange["imputed"]), strange["probability"]) == (sites, unknown["probability"])
    assert unknown["unseen"] == []


def test_folds_hold_events_evenly_and_every_patient_once():
    event = np.arange(53) < 11
    fold = folds_of(event, 5, (0, 1))
    assert sorted(np.bincount(fold[event])) == [2, 2, 2, 2, 3]
    assert sorted(np.bincount(fold)) == [10, 10, 11, 11, 11]
    assert (fold == folds_of(event, 5, (0, 1))).all()


def test_preparation_keeps_clinical_columns_and_the_telling_features():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(100, 6))
    x[:, 5] = 3 * x[:, 0] + 1
    event = x[:, 4] + 0.3 * rng.normal(size=100) > 0
    terms = [Term("c0"), *(Term(f"f{i}", None, False) for i in range(1, 6))]
    found = prepare(x, Target(event), terms, replace(QUICK, keep=2))
    kept = [terms[i].column for i in found.kept]
    assert "c0" in kept and "f4" in kept and "f5" not in kept and len(kept) == 3
    assert found.redundant[0][:2] == (5, 0)
    assert found.apply(x).std(axis=0) == pytest.approx(np.ones(3))


def few(events, n=40):
    return Endpoint("failure", "binary", tuple(int(i < events) for i in range(n)))


ONLY = {"groups": ("radiomics",)}


@pytest.mark.parametrize(
    ("change", "end", "error", "said"),
    [
        ({}, few(3), TooFewEvents, "3 patients with the event: 4 folds need 2 in each, 8"),
        ({}, few(38), TooFewEvents, "2 patients without the event"),
        ({}, few(0), OneClass, "all 40 patients"),
        ({"folds": 30}, few(20), TooFewPatients, "40 patients are too few for 30 folds"),
        ({"endpoint": "death"}, few(20), UnknownColumn, "death"),
        ({"features": ("f0", "f99")}, few(20), UnknownColumn, "f99"),
        ({"models": ("network",)}, few(20), AnalysisConfigError, "'network' is none of"),
        ({"final": ("both", "random-forest")}, few(20), AnalysisConfigError, "final"),
        ({"folds": 1}, few(20), AnalysisConfigError, "folds: is a whole number of at least 2"),
        (ONLY | {"features": ("flat",)}, few(20), ConstantColumn, "flat: no column is left"),
        (ONLY | {"features": ()}, few(20), AnalysisConfigError, "no columns for this group"),
    ],
)  # fmt: skip
def test_what_cannot_be_learnt_is_named(change, end, error, said):
    table = planted(13, n=40)
    table = replace(table, endpoints=(end,), features=(*table.features, number("flat", [2.0] * 40)))
    with pytest.raises(error, match=said):
        analyse(table, replace(QUICK, **change))


def test_a_configuration_that_is_none_is_said():
    with pytest.raises(AnalysisConfigError, match="unknown settings: depth"):
        OutcomeConfig.from_json({"endpoint": "failure", "depth": 3})
    with pytest.raises(AnalysisConfigError, match="an endpoint is needed"):
        OutcomeConfig.from_json({})
