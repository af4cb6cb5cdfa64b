"""Subtypes: planted clusters are found and no others, and what is reported is what it says."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score, silhouette_samples

from models.statistics.errors import (
    AnalysisConfigError,
    MissingValues,
    OtherModel,
    StatisticsError,
    TooFewPatients,
    UnknownColumn,
)
from models.statistics.subtypes import SubtypeConfig, agreement, analyse, predict
from models.statistics.subtypes_base import Points, cluster_subsets, pam, within_squares
from models.statistics.subtypes_config import Base
from models.statistics.subtypes_consensus import consensus_matrix, draw_subsets, silhouettes
from models.statistics.subtypes_errors import (
    FeatureNotNumber,
    GroupUnusable,
    NoFeaturesLeft,
    NoSharedPatients,
    NoSubtypes,
)
from rt.cohort import CohortTable, Column, ColumnKind
from tests.models.statistics.planted import one_gaussian, table_of, with_clusters

QUICK = SubtypeConfig(
    k_maximum=4, subsamples=40, simulations=39, pac_simulations=5, bootstraps=20, noise_repeats=2
)


def labels_of(result: dict[str, Any], name: str = "candidate") -> list[int]:
    return [one[name] for one in result["patients"] if one["role"] == "train"]


@pytest.mark.parametrize("base", ["k-means", "ward", "pam"])
@pytest.mark.parametrize("k", [3, 4])
def test_planted_clusters_are_found(k: int, base: Base) -> None:
    values, clusters = with_clusters(np.random.default_rng(k), (60, 90), k, 4.0)
    result = analyse(table_of(values), replace(QUICK, base=base))
    assert result["clusters_found"]
    assert result["k"] == k
    assert adjusted_rand_score(clusters, labels_of(result, "subtype")) > 0.9
    assert all(one["stable"] for one in result["clusters"])
    assert result["noise"]["mean"] > 0.9


def test_one_correlated_population_has_no_clusters() -> None:
    found = []
    for seed in range(8):
        values = one_gaussian(np.random.default_rng(seed), 50, 60)
        found.append(analyse(table_of(values), replace(QUICK, noise_repeats=0)))
    assert sum(one["clusters_found"] for one in found) <= 1
    without = next(one for one in found if not one["clusters_found"])
    assert without["model"] is None
    assert without["characteristics"] == without["clinical"] == []
    assert {one["subtype"] for one in without["patients"]} == {None}
    with pytest.raises(NoSubtypes):
        predict(without["model"], {})


def test_a_skewed_population_is_not_taken_for_two() -> None:
    """Logarithms of radiomic features are nearer to normal than they are; ranks do not see the difference."""
    found = 0
    for seed in range(5):
        values = np.exp(2 * one_gaussian(np.random.default_rng(100 + seed), 50, 50, factors=2))
        found += analyse(table_of(values), replace(QUICK, noise_repeats=0))["clusters_found"]
    assert found <= 1


def test_the_same_table_and_seed_give_the_same_result() -> None:
    values, _ = with_clusters(np.random.default_rng(0), (50, 40), 3, 4.0)
    first, second = (json.dumps(analyse(table_of(values), QUICK), allow_nan=False) for _ in range(2))
    assert first == second
    assert first != json.dumps(analyse(table_of(values), replace(QUICK, seed=2)))


def test_the_consensus_matrix_is_montis_definition() -> None:
    rng = np.random.default_rng(1)
    members = draw_subsets(12, 30, 0.8, rng)
    points = Points.of(rng.standard_normal((12, 4)))
    labels = cluster_subsets("ward", points, members, [3], rng)[0]
    matrix = consensus_matrix(members, labels)
    for a, b in combinations(range(12), 2):
        drawn = [h for h in range(30) if members[h, a] and members[h, b]]
        together = sum(labels[h, a] == labels[h, b] for h in drawn)
        assert matrix[a, b] == matrix[b, a] == pytest.approx(together / len(drawn))
    assert (members.sum(axis=1) == round(0.8 * 12)).all()
    assert ((labels >= 0) == members).all()


def test_what_is_said_of_each_k_follows_from_its_matrix() -> None:
    values, _ = with_clusters(np.random.default_rng(2), (40, 30), 3, 1.0)
    result = analyse(table_of(values), QUICK)
    for said, drawn in zip(result["by_k"], result["matrices"], strict=True):
        pairs = [value / 100 for i, row in enumerate(drawn["percent"]) for value in row[:i]]
        assert said["k"] == drawn["k"]
        assert sum(said["sizes"]) == 40 and len(said["sizes"]) == said["k"]
        assert said["area"] == pytest.approx(1 - np.mean(pairs), abs=0.006)
        assert said["cdf"][50] == pytest.approx(np.mean(np.array(pairs) <= 0.5), abs=0.04)
        assert said["pac"] == pytest.approx(
            np.mean((np.array(pairs) > 0.1) & (np.array(pairs) < 0.9)), abs=0.06
        )


def test_silhouettes_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(3)
    values, labels = rng.standard_normal((30, 5)), np.array([1, 1, 2, 3, 2] * 6)
    assert silhouettes(Points.of(values), labels) == pytest.approx(silhouette_samples(values, labels))


def test_k_means_reaches_the_least_sum_of_squares_of_a_small_set() -> None:
    points = Points.of(np.random.default_rng(4).standard_normal((9, 3)))
    everybody = np.ones((1, 9), np.bool_)
    found = cluster_subsets("k-means", points, everybody, [2], np.random.default_rng(0))[0, 0]
    splits = (np.isin(np.arange(9), part) for size in range(1, 5) for part in combinations(range(9), size))
    least = min(within_squares(points, split.astype(np.int64)) for split in splits)
    assert within_squares(points, found) == pytest.approx(least)


def test_pam_reaches_the_least_sum_of_distances_of_a_small_set() -> None:
    points = Points.of(np.random.default_rng(5).standard_normal((12, 2)))
    distance = np.sqrt(points.squared)
    labels = pam(distance, 3)
    cost = sum(distance[np.ix_(labels == c, labels == c)].sum(axis=0).min() for c in range(3))
    least = min(distance[:, medoids].min(axis=1).sum() for medoids in combinations(range(12), 3))
    assert cost == pytest.approx(least)


def test_the_model_gives_training_and_new_patients_their_subtype() -> None:
    values, clusters = with_clusters(np.random.default_rng(6), (100, 60), 3, 4.0)
    roles = ["test" if i % 4 == 0 else "train" for i in range(100)]
    table = table_of(values, roles=roles)
    result = json.loads(json.dumps(analyse(table, QUICK)))
    assert result["counts"]["clustered"] == 75
    assert result["model"]["training_agreement"] > 0.95
    place = {one["patient"]: one for one in result["patients"]}
    assert adjusted_rand_score(clusters, [place[name]["subtype"] for name in table.patients]) > 0.9
    row = {f"f{j:03d}": float(value) for j, value in enumerate(values[0])}
    again = predict(result["model"], row)
    assert again["subtype"] == place["P000"]["subtype"]
    assert again["distances"] == pytest.approx(place["P000"]["distances"])
    assert 0 < again["margin"] < 1 and again["missing"] == []


def test_a_patient_unlike_all_is_said_to_be_outside() -> None:
    values, _ = with_clusters(np.random.default_rng(7), (60, 60), 3, 4.0)
    model = analyse(table_of(values), replace(QUICK, scaling="z-score"))["model"]
    near = {f"f{j:03d}": float(value) for j, value in enumerate(values[0])}
    assert predict(model, near)["inside"]
    assert not predict(model, {name: value + 30 for name, value in near.items()})["inside"]
    assert predict(model, near | {"f003": None})["missing"] == ["f003"]
    with pytest.raises(MissingValues, match="60 features"):
        predict(model, dict.fromkeys(near))
    with pytest.raises(OtherModel):
        predict({"kind": "other"}, near)


def test_test_patients_change_nothing_that_is_learnt() -> None:
    values, _ = with_clusters(np.random.default_rng(8), (60, 40), 3, 4.0)
    roles = ["test" if i >= 50 else "train" for i in range(60)]
    one = analyse(table_of(values, roles=roles), QUICK)
    values[50:] += 1000
    other = analyse(table_of(values, roles=roles), QUICK)
    assert one["model"] == other["model"] and one["by_k"] == other["by_k"]


def test_subtypes_hold_across_modalities_that_are_scaled_apart() -> None:
    rng = np.random.default_rng(9)
    values, clusters = with_clusters(rng, (80, 100), 3, 4.0)
    of = ["CT" if i < 40 else "MR" for i in range(80)]
    values[40:] = values[40:] * rng.uniform(2, 50, 100) + rng.uniform(-100, 100, 100)
    table = table_of(values, [Column("modality", "category", tuple(of))])
    mixed = analyse(table, QUICK)
    apart = analyse(table, replace(QUICK, group="modality"))
    assert adjusted_rand_score(clusters, labels_of(apart)) > 0.9
    assert adjusted_rand_score(clusters, labels_of(mixed)) < 0.7
    row: dict[str, float | str | None] = {f"f{j:03d}": float(v) for j, v in enumerate(values[0])}
    assert predict(apart["model"], row | {"modality": "CT"})["subtype"] == labels_of(apart)[0]
    with pytest.raises(GroupUnusable, match="PET"):
        predict(apart["model"], row | {"modality": "PET"})
    with pytest.raises(MissingValues, match="modality"):
        predict(apart["model"], row)


def test_principal_components_find_the_same_clusters() -> None:
    values, clusters = with_clusters(np.random.default_rng(10), (60, 90), 3, 4.0)
    table = table_of(values)
    result = analyse(table, replace(QUICK, pca_variance=0.8))
    assert result["counts"]["dimensions"] < 40
    assert adjusted_rand_score(clusters, labels_of(result)) > 0.9
    row = {f"f{j:03d}": float(value) for j, value in enumerate(values[5])}
    assert predict(result["model"], row)["subtype"] == labels_of(result)[5]


def test_what_is_left_out_is_said_with_its_reason() -> None:
    values, _ = with_clusters(np.random.default_rng(11), (60, 40), 3, 4.0)
    values[:, 0] = 7.0
    values[:30, 1] = np.nan
    values[:, 3] = np.exp(values[:, 2])
    values[9, 10:] = np.nan
    values[4, 5] = np.nan
    icc = [0.9] * 40
    icc[2], icc[6] = 0.8, 0.4
    result = analyse(table_of(values, icc=icc), QUICK)
    reasons = {one["feature"]: one for one in result["features"]["left_out"]}
    assert {name: one["slug"] for name, one in reasons.items()} == {
        "f000": "constant", "f001": "missing", "f002": "redundant", "f006": "icc-low"
    }  # fmt: skip
    assert reasons["f002"]["instead"] == "f003"
    assert reasons["f006"]["value"] == 0.4
    assert [one["patient"] for one in result["patients_left_out"]] == ["P009"]
    assert result["counts"]["clustered"] == 59 and result["counts"]["features_used"] == 36


def test_icc_of_a_kind_may_be_asked_for() -> None:
    values, _ = with_clusters(np.random.default_rng(12), (50, 10), 3, 5.0)
    table = table_of(values)
    kinds = {"perturbation": 0.9, "readers": 0.5}
    features = (replace(table.features[0], source={"icc": kinds}), *table.features[1:])
    table = replace(table, features=features)
    used = [
        analyse(table, replace(QUICK, icc_kind=kind))["counts"]["features_used"]
        for kind in ("", "perturbation")
    ]
    assert used == [9, 10]
    dropped = {"icc_unknown": "drop", "icc_kind": "perturbation"}
    with pytest.raises(NoFeaturesLeft, match="icc-unknown"):
        analyse(table, SubtypeConfig.from_json(QUICK.to_json() | dropped))


def test_features_and_clinical_columns_that_go_with_subtypes_are_named() -> None:
    rng = np.random.default_rng(13)
    values, clusters = with_clusters(rng, (90, 40), 3, 4.0)
    values[:, 0] = rng.standard_normal(90)
    values[:, 1] = 9.0 * (clusters == 1) + rng.standard_normal(90)
    stage = Column("stage", "category", tuple("I" if c == 0 else "II" for c in clusters))
    rare = Column("rare", "category", tuple("yes" if i < 3 else "no" for i in range(90)))
    age = Column(
        "age", "number", tuple(None if i == 3 else 60.0 + 5 * c for i, c in enumerate(clusters)), "a"
    )
    chance = Column("chance", "number", tuple(float(v) for v in rng.standard_normal(90)))
    same = Column("same", "category", ("x",) * 90)
    result = analyse(table_of(values, [stage, rare, age, chance, same]), QUICK)
    of = {one["feature"]: one for one in result["characteristics"]}
    subtype = labels_of(result)[int(np.flatnonzero(clusters == 1)[0])]
    assert of["f001"]["difference"][subtype - 1] > 2 and of["f001"]["q"] < 1e-6
    assert of["f000"]["q"] > 0.01
    clinical = {one["column"]: one for one in result["clinical"]}
    assert clinical["stage"]["q"] < 1e-6 and clinical["stage"]["test"] == "chi-square"
    assert clinical["rare"]["test"] == "chi-square, permutations"
    assert clinical["age"]["q"] < 1e-6 and clinical["age"]["known"] == 89
    assert clinical["chance"]["q"] > 0.01
    assert clinical["same"]["p"] is None and clinical["same"]["q"] is None


def test_agreement_of_two_contourings_of_the_same_patients() -> None:
    rng = np.random.default_rng(14)
    values, _ = with_clusters(rng, (80, 60), 3, 4.0)
    human, ai = table_of(values), table_of(values + 0.2 * rng.standard_normal(values.shape))
    shuffled = table_of(rng.permutation(values))
    model, other = analyse(human, QUICK)["model"], analyse(ai, replace(QUICK, seed=5))["model"]
    for found in (agreement(human, ai, model), agreement(human, ai, model, other)):
        assert found["n"] == 80 and found["adjusted_rand"] > 0.9 and found["kappa"] > 0.9
        assert found["same"] == sum(one["same"] for one in found["patients"])
    assert abs(agreement(human, shuffled, model)["kappa"]) < 0.3
    strangers = replace(ai, patients=tuple(f"X{i}" for i in range(80)))
    with pytest.raises(NoSharedPatients):
        agreement(human, strangers, model)
    with pytest.raises(NoSubtypes):
        agreement(human, ai, None)


def _small() -> CohortTable:
    return table_of(with_clusters(np.random.default_rng(15), (40, 8), 2, 4.0)[0])


def _with(*values: float | str | None) -> CohortTable:
    """`_small` with a clinical column m of these values, over and over."""
    kind: ColumnKind = "number" if isinstance(values[0], float) else "category"
    return replace(_small(), clinical=(Column("m", kind, (values * 40)[-40:]),))


ALONE = _with("CT", *["MR"] * 39)
WORDS = replace(_small(), features=(Column("word", "category", ("a", "b") * 20),))
REFUSED: list[tuple[type[StatisticsError], CohortTable, dict[str, Any], str]] = [
    (TooFewPatients, table_of(np.random.default_rng(0).standard_normal((11, 5))), {}, "11 training patients"),
    (NoFeaturesLeft, table_of(np.ones((40, 5))), {}, "constant"),
    (NoFeaturesLeft, replace(_small(), features=()), {}, "no features"),
    (NoFeaturesLeft, table_of(np.repeat(np.arange(40.0)[:, None], 5, axis=1)), {}, "1 of 5"),
    (FeatureNotNumber, WORDS, {}, "word"),
    (GroupUnusable, _with(None), {"group": "m"}, "40 patients"),
    (GroupUnusable, ALONE, {"group": "m"}, "'CT' has 1 training"),
    (GroupUnusable, _with(1.0), {"group": "m"}, "category"),
    (UnknownColumn, _small(), {"group": "nowhere"}, "nowhere"),
    (UnknownColumn, _small(), {"features": ["nothing"]}, "nothing"),
]


@pytest.mark.parametrize(("error", "table", "settings", "said"), REFUSED)
def test_what_cannot_be_clustered_is_named(
    error: type[StatisticsError], table: CohortTable, settings: dict[str, Any], said: str
) -> None:
    with pytest.raises(error, match=said):
        analyse(table, SubtypeConfig.from_json(QUICK.to_json() | settings))


@pytest.mark.parametrize(
    ("settings", "where"),
    [
        ({"bas": "ward"}, "bas"),
        ({"base": "spectral"}, "base"),
        ({"k_maximum": 1}, "k_maximum"),
        ({"k_minimum": 6}, "k_maximum"),
        ({"subsamples": 50.5}, "subsamples"),
        ({"alpha": True}, "alpha"),
        ({"seed": None}, "seed"),
        ({"pac_simulations": 50}, "pac_simulations"),
        ({"features": [3]}, "features"),
    ],
)
def test_a_setting_that_cannot_be_is_named(settings: dict[str, Any], where: str) -> None:
    with pytest.raises(AnalysisConfigError) as caught:
        SubtypeConfig.from_json(QUICK.to_json() | settings)
    assert caught.value.where == where


def test_settings_go_to_json_and_back() -> None:
    config = replace(QUICK, features=("a", "b"), icc_minimum=None, pca_variance=0.9)
    assert SubtypeConfig.from_json(json.loads(json.dumps(config.to_json()))) == config
