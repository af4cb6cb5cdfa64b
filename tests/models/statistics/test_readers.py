"""Reader studies: published figures, independent computations, and simulated readers with a known truth.

The figures of Van Dyke et al. (5 readers, 2 conditions, 69 negative and 45 positive cases; Radiology
1993;189(P):243) are those that OR-DBM MRMC 2.51 of the University of Iowa prints for them, trapezoid areas
with the jackknife.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from models.statistics.errors import AnalysisConfigError, OneClass
from models.statistics.figures import figures
from models.statistics.merit import compare_auc
from models.statistics.methods import methods
from models.statistics.readers import ReaderConfig, Study, analyse
from models.statistics.readers.anova import analyses, dbm, each_reader
from models.statistics.readers.crossed import UNMARKED, cross, judged
from models.statistics.readers.errors import ReadingRefused, TooFewReaders
from models.statistics.readers.foms import (
    Pairwise,
    above,
    covariance_of,
    pseudovalues,
    resamples,
    values,
)
from models.statistics.readers.simulation import RoeMetz
from models.statistics.readers.study import Case, Lesion, Mark, Reader

VAN_DYKE = np.array(
    [
        [0.91964573, 0.85877617, 0.90386473, 0.97310789, 0.82979066],
        [0.94782609, 0.90531401, 0.92173913, 0.99935588, 0.92995169],
    ]
)
BY_CONDITION = {"var": (0.00101410, 0.00059047), "cov2": (0.00048396, 0.00020419)}
BY_READER = {
    "var": (0.00069890, 0.00110605, 0.00084234, 0.00015058, 0.00121357),
    "cov1": (0.00037347, 0.00076016, 0.00035532, 0.00000108, 0.00024304),
}
COV3 = 0.00023903


def van_dyke_covariance() -> npt.NDArray[np.float64]:
    """One that has the published components: variances are shared out by reader and condition."""
    cube = np.full((2, 5, 2, 5), COV3)
    for t in range(2):
        cube[t, :, t, :] = BY_CONDITION["cov2"][t]
        for r in range(5):
            part = BY_CONDITION["var"][t] - np.mean(BY_CONDITION["var"])
            cube[t, r, t, r] = BY_READER["var"][r] + part
            cube[t, r, 1 - t, r] = BY_READER["cov1"][r]
    return cube.reshape(10, 10)


@pytest.fixture(scope="module")
def published() -> dict[str, Any]:
    return analyses(VAN_DYKE, van_dyke_covariance(), 0.95)


def test_components_are_those_published(published: dict[str, Any]) -> None:
    expected = {
        "ms_t": 0.00479617, "ms_r": 0.00383620, "ms_tr": 0.00055103, "var_error": 0.00080229,
        "cov1": 0.00034661, "cov2": 0.00034407, "cov3": 0.00023903, "var_r": 0.00153500, "var_tr": 0.00020040,
    }  # fmt: skip
    assert published["components"] == pytest.approx(expected, abs=2e-8)


def test_readers_and_cases_as_published(published: dict[str, Any]) -> None:
    found = published["readers-and-cases"]
    assert (found["f"], found["df2"], found["p"]) == pytest.approx((4.46, 15.26, 0.0517), rel=2e-3)
    one = found["differences"][0]
    assert (one["value"], one["error"]) == pytest.approx((0.04380, 0.02075), abs=1e-5)
    assert (one["low"], one["high"]) == pytest.approx((-0.00036, 0.08796), abs=1e-5)
    single = [(c["error"], c["df"], c["low"], c["high"]) for c in found["conditions"]]
    assert single[0] == pytest.approx((0.03317360, 12.74, 0.82522360, 0.96885048), abs=5e-3)
    assert single[1] == pytest.approx((0.02156637, 12.71, 0.89413783, 0.98753689), abs=5e-3)


def test_fixed_readers_and_fixed_cases_as_published(published: dict[str, Any]) -> None:
    cases, readers = published["cases"], published["readers"]
    assert (cases["chi2"], cases["p"]) == pytest.approx((5.47595, 0.0193), abs=1e-3)
    assert cases["conditions"][0]["error"] == pytest.approx(0.02428971, abs=1e-6)
    assert cases["conditions"][1]["error"] == pytest.approx(0.01677632, abs=1e-6)
    assert (readers["f"], readers["df2"], readers["p"]) == pytest.approx((8.70, 4, 0.0420), abs=5e-3)
    assert readers["differences"][0]["error"] == pytest.approx(0.01485, abs=1e-5)
    assert readers["conditions"][1]["error"] == pytest.approx(0.01615303, abs=1e-7)


def test_each_reader_as_published() -> None:
    found = each_reader(VAN_DYKE, van_dyke_covariance(), 0.95)
    assert [one["error"] for one in found] == pytest.approx(
        [0.02551, 0.02630, 0.03121, 0.01729, 0.04406], abs=1e-5
    )
    assert [one["p"] for one in found] == pytest.approx([0.2693, 0.0768, 0.5668, 0.1290, 0.0230], abs=1e-3)


def area(ratings: npt.NDArray[np.float64], positives: int) -> Pairwise:
    up, down = ratings[..., :positives], ratings[..., positives:]
    known = np.arange(ratings.shape[-1]) < positives
    return Pairwise(above(up[..., :, None], down[..., None, :]), known)


@pytest.fixture(scope="module")
def ratings() -> npt.NDArray[np.float64]:
    return RoeMetz(shifts=(1.2, 1.6)).ratings(4, (25, 35), 5).round(1)


def test_pseudovalues_give_the_same_test(ratings: npt.NDArray[np.float64]) -> None:
    figure = area(ratings, 25)
    covariance, _ = covariance_of(figure, figure.positive, ReaderConfig())
    found = analyses(values(figure), covariance, 0.95)["readers-and-cases"]
    other = dbm(pseudovalues(figure))
    assert [other[key] for key in ("f", "df2", "p")] == pytest.approx(
        [found[key] for key in ("f", "df2", "p")]
    )


def test_covariances_agree_with_ones_computed_otherwise(ratings: npt.NDArray[np.float64]) -> None:
    figure = area(ratings, 25)
    made = {
        kind: covariance_of(figure, figure.positive, ReaderConfig(covariance=kind, bootstraps=4000))[0]
        for kind in ("jackknife", "delong", "bootstrap")
    }
    spread = np.sqrt(np.diag(made["delong"]))
    correlation = made["delong"] / np.outer(spread, spread)
    for kind in ("jackknife", "bootstrap"):
        other = np.sqrt(np.diag(made[kind]))
        np.testing.assert_allclose(other, spread, rtol=0.06)
        np.testing.assert_allclose(made[kind] / np.outer(other, other), correlation, atol=0.06)
    labels = np.arange(60) < 25
    paired = compare_auc(labels.astype(float), ratings[0, 0], ratings[1, 0])
    own = made["delong"].reshape(2, 4, 2, 4)[:, 0, :, 0]
    error = (own[0, 0] + own[1, 1] - 2 * own[0, 1]) ** 0.5
    assert paired.high - paired.difference == pytest.approx(1.959964 * error, rel=1e-6)


def test_intervals_agree_with_resampled_readers_and_cases() -> None:
    """The bootstrap of readers and cases knows nothing of mean squares."""
    model = RoeMetz(shifts=(1.2, 1.7), reader=0.05, condition_reader=0.05)
    ratings = model.ratings(12, (60, 60), 2)
    figure = area(ratings, 60)
    covariance, _ = covariance_of(figure, figure.positive, ReaderConfig(covariance="delong"))
    found = analyses(values(figure), covariance, 0.95)["readers-and-cases"]["differences"][0]
    source = np.random.default_rng(0)
    by_cases = figure.at(resamples(figure.positive, 1500, 1))
    drawn = [np.diff(one[:, source.integers(0, 12, 12)].mean(axis=1))[0] for one in by_cases]
    assert np.std(drawn) == pytest.approx(found["error"], rel=0.2)


@pytest.mark.parametrize(("shifts", "low", "high"), [((1.5, 1.5), 0.01, 0.105), ((1.2, 2.0), 0.7, 0.95)])
def test_simulated_readers_are_told_apart_as_often_as_they_should(
    shifts: tuple[float, float], low: float, high: float
) -> None:
    """200 studies: .01 to .105 are refused by chance at alpha .05; the true areas and errors come back."""
    model, refused, areas, errors = RoeMetz(shifts=shifts), 0, [], []
    for seed in range(200):
        figure = area(model.ratings(5, (30, 30), seed), 30)
        covariance, _ = covariance_of(figure, figure.positive, ReaderConfig(covariance="delong"))
        theta = values(figure)
        found = analyses(theta, covariance, 0.95)["readers-and-cases"]
        refused += found["p"] < 0.05
        errors.append(found["differences"][0]["error"])
        areas.append(theta.mean(axis=1))
    assert low <= refused / 200 <= high
    np.testing.assert_allclose(np.mean(areas, axis=0), model.areas(), atol=0.012)
    assert np.mean(errors) == pytest.approx(np.std(np.diff(areas, axis=1)), rel=0.15)


def with_lesions(study: Study, found: tuple[float, float], seed: int = 0) -> Study:
    """Three lesions in each positive case, of which a share is marked; half of the readings mark falsely."""
    source = np.random.default_rng(seed)
    lesions = tuple(Lesion((40.0 * i, 0.0, 0.0), 8.0) for i in range(3))
    cases = tuple(replace(one, lesions=lesions if one.positive else ()) for one in study.cases)
    known = {one.case: one for one in cases}
    readings = []
    for one in study.readings:
        share = found[study.conditions.index(one.condition)]
        marks = [
            Mark((lesion.position_mm[0] + 2, 1.0, 0.0), float(source.uniform(40, 100)))
            for lesion in known[one.case].lesions or ()
            if source.random() < share
        ]
        marks += [Mark((0.0, 300.0, 0.0), float(source.uniform(0, 60)))] * int(source.random() < 0.5)
        readings.append(replace(one, marks=tuple(marks)))
    return Study(study.conditions, cases, study.readers, tuple(readings))


@pytest.fixture(scope="module")
def study() -> Study:
    model = RoeMetz(shifts=(1.0, 2.0), seconds=(60.0, 45.0))
    return with_lesions(model.study(["junior"] * 6 + ["senior"] * 6, (30, 30), 3), (0.6, 0.8))


@pytest.fixture(scope="module")
def result(study: Study) -> dict[str, Any]:
    return analyse(study, ReaderConfig())


def fom(result: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in result["figures_of_merit"] if one["figure"] == name)


def test_the_truth_of_simulated_readers_comes_back(result: dict[str, Any]) -> None:
    truth = dict(zip(("condition 1", "condition 2"), RoeMetz(shifts=(1.0, 2.0)).areas(), strict=True))
    for one in fom(result, "auc")["conditions"][:2]:
        assert one["low"] < truth[one["condition"]] < one["high"]
    ratio = fom(result, "seconds")["differences"][0]
    assert ratio["low"] < 0.75 < ratio["high"]
    assert ratio["p"] < 0.001
    lesions = fom(result, "lesion-sensitivity")
    assert lesions["differences"][0]["value"] == pytest.approx(0.2, abs=0.04)
    ppv = fom(result, "lesion-ppv")["conditions"][0]["value"]
    assert ppv == pytest.approx(0.6 * 90 / (0.6 * 90 + 30), abs=0.04)
    assert fom(result, "false-marks")["conditions"][0]["value"] == pytest.approx(0.5, abs=0.06)


def test_shares_are_those_counted_by_hand(study: Study, result: dict[str, Any]) -> None:
    reader, condition = study.readers[2].reader, study.conditions[1]
    sick = {one.case for one in study.cases if one.positive}
    called = {
        one.case
        for one in study.readings
        if (one.reader, one.condition) == (reader, condition) and one.confidence >= 50
    }
    expected = {
        "sensitivity": len(called & sick) / 30,
        "specificity": 1 - len(called - sick) / 30,
        "ppv": len(called & sick) / len(called),
    }
    for name, value in expected.items():
        found = [
            one["value"]
            for one in fom(result, name)["estimates"]
            if (one["reader"], one["condition"]) == (reader, condition)
        ]
        assert found == pytest.approx([value])


def test_wafroc_is_the_mean_over_pairs_written_out(study: Study, result: dict[str, Any]) -> None:
    read, _ = cross(study, ReaderConfig())
    lesions = read.lesions
    assert lesions is not None
    total, pairs = 0.0, 0
    for p in np.flatnonzero(read.positive):
        of_case = lesions.rating_trl[0, 0, lesions.case == p]
        for n in np.flatnonzero(~read.positive):
            false = lesions.false_trc[0, 0, n]
            total += sum(1.0 if x > false else 0.5 if x == false else 0.0 for x in of_case) / of_case.size
            pairs += 1
    assert fom(result, "wafroc")["estimates"][0]["value"] == pytest.approx(total / pairs)


def test_a_mark_is_on_the_nearest_lesion_and_the_highest_counts() -> None:
    case = Case("a", True, (Lesion((0, 0, 0), 10), Lesion((15, 0, 0), 10)))
    marks = (Mark((9, 0, 0), 30), Mark((14, 0, 0), 70), Mark((0, 30, 0), 20))
    assert judged(case, marks, 0) == ([UNMARKED, 70], [20])
    assert judged(case, (Mark((0, 13, 0), 55),), 0) == ([UNMARKED, UNMARKED], [55])
    assert judged(case, (Mark((0, 13, 0), 55),), 4) == ([55, UNMARKED], [])


def test_juniors_who_gain_more_are_found() -> None:
    juniors = RoeMetz(shifts=(0.8, 2.2)).study(["junior"] * 6, (40, 40), 1)
    seniors = RoeMetz(shifts=(1.8, 2.2)).study(["senior"] * 6, (40, 40), 2)
    renamed = [replace(one, reader=f"senior {one.reader}") for one in seniors.readers]
    readings = [replace(one, reader=f"senior {one.reader}") for one in seniors.readings]
    both = Study(
        juniors.conditions, juniors.cases, (*juniors.readers, *renamed), (*juniors.readings, *readings)
    )
    found = fom(analyse(both, ReaderConfig(covariance="delong")), "auc")
    gains = {one["level"]: one["value"] for one in found["levels"]}
    assert gains["junior"] > gains["senior"] + 0.1
    change = next(one for one in found["level_contrasts"] if one["of"] == "change")
    assert change["value"] == pytest.approx(gains["senior"] - gains["junior"])
    assert change["p"] < 0.01


def test_who_did_not_finish_is_named_and_never_averaged_in(study: Study) -> None:
    lazy = study.readers[4].reader
    part = replace(study, readings=tuple(one for one in study.readings if one.reader != lazy)[:-1])
    with_gap = analyse(part, ReaderConfig())
    gone = [one for one in with_gap["readers"] if not one["analysed"]]
    assert [(one["reader"], one["read"]) for one in gone] == [(lazy, 0), ("reader 12", 119)]
    assert len(with_gap["missing"]) == 121
    assert with_gap["study"]["readers_analysed"] == 10
    assert lazy in methods(with_gap, {})["en"]
    common = analyse(part, ReaderConfig(incomplete="common-cases"))
    assert common["study"]["readers_analysed"] == 11
    assert [one["case"] for one in common["cases_left_out"]] == ["case 60"]


def test_a_reader_who_calls_nobody_positive_has_no_predictive_value(study: Study) -> None:
    name = study.readers[0].reader
    shy = tuple(replace(one, confidence=1.0) if one.reader == name else one for one in study.readings)
    found = analyse(replace(study, readings=shy), ReaderConfig())
    assert [(one["figure"], one["slug"]) for one in found["refused"]] == [("ppv", "nothing-called")]
    assert name in found["refused"][0]["detail"]


def test_readings_that_cannot_be_are_refused_by_name(study: Study) -> None:
    first = study.readings[0]
    for wrong, where in (
        (replace(first, confidence=101.0), first.case),
        (replace(first, seconds=0.0), first.case),
        (replace(first, reader="nobody"), "nobody"),
    ):
        with pytest.raises(ReadingRefused, match=where):
            replace(study, readings=(wrong,))
    with pytest.raises(ReadingRefused, match="twice"):
        replace(study, readings=(first, first))
    with pytest.raises(ReadingRefused, match="lesions"):
        replace(study, cases=(replace(study.cases[0], lesions=()), *study.cases[1:]))
    with pytest.raises(ReadingRefused, match="not a study"):
        Study.from_json({"conditions": ["a", "b"]})
    sick = tuple(one for one in study.cases if one.positive)
    of_sick = tuple(one for one in study.readings if one.case in {case.case for case in sick})
    with pytest.raises(OneClass):
        analyse(replace(study, cases=sick, readings=of_sick), ReaderConfig())
    with pytest.raises(TooFewReaders):
        analyse(replace(study, readings=study.readings[:5]), ReaderConfig())
    with pytest.raises(AnalysisConfigError, match="threshold"):
        ReaderConfig(threshold=120)


def test_one_reader_alone_is_compared_over_cases() -> None:
    one = RoeMetz(shifts=(1.0, 2.0)).study([None], (30, 30), 4)
    found = fom(analyse(one, ReaderConfig()), "auc")
    assert {row["generalise"] for row in found["tests"]} == {"cases"}


def test_figures_and_methods_are_made_of_every_result(result: dict[str, Any]) -> None:
    drawn = figures(result)
    assert {"roc", "froc", "forest-auc", "forest-seconds", "times"} <= set(drawn)
    assert all(one["svg"].startswith(b"<?xml") and one["pdf"][:4] == b"%PDF" for one in drawn.values())
    said = methods(result, {"numpy": "2"})
    assert "12 readers read 60 cases" in said["en"]
    assert "12名の読影者が60例" in said["ja"]


def test_readers_without_a_level_are_in_no_level() -> None:
    plain = RoeMetz().study([None, None, None], (20, 20), 4)
    assert Reader("reader 1", None) in plain.readers
    found = fom(analyse(plain, ReaderConfig()), "auc")
    assert (found["levels"], found["level_contrasts"]) == ([], [])
