"""The whole analysis: planted regions found, nothing found in nothing, refusals, stopping and going on."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from models.dose_maps import MapConfig, Outcome, Run, Study, analyse, effective_dose_gy, effective_dose_map
from models.dose_maps.design import Design
from models.dose_maps.errors import ConstantOutcome, EmptyOrgan, NoDoseVariation, StudyMismatch
from models.dose_maps.significance import any_relation, orders
from models.dose_maps.stability import halves
from models.dose_maps.work import Progress, Work
from models.outcome.folds import Stopped
from models.statistics.errors import (
    AnalysisConfigError,
    CollinearColumns,
    MissingValues,
    OneClass,
    TooFewEvents,
    TooFewPatients,
)
from models.training.loop import CheckpointError
from tests.models.dose_maps.conftest import QUICK
from tests.models.dose_maps.planted import planted, region


@pytest.mark.parametrize("kind", ["continuous", "binary", "survival"])
def test_a_planted_region_is_found(found: dict[str, tuple[Study, dict, dict]], kind: str) -> None:
    study, result, arrays = found[kind]
    inside, organ = arrays["map_kji"][region()], study.mask_kji
    assert inside.mean() > 3 * abs(arrays["map_kji"][organ & ~region()].mean())
    significant = arrays["significant_kji"] > 0
    assert result["significance"]["any_p"] <= 0.05 and significant.any()
    assert (significant & region()).sum() >= 0.5 * significant.sum()  # neighbours' doses are alike
    figures = {one["model"]: one for one in result["judged"]["models"]}
    assert set(figures) == {"clinical", "mean-dose", "geud", "dvh", "map"}
    assert figures["map"]["value"] > figures["clinical"]["value"]
    assert arrays["selection_kji"][region()].mean() > arrays["selection_kji"][organ & ~region()].mean()


def test_the_map_is_per_gy_and_the_effective_dose_a_mean(
    found: dict[str, tuple[Study, dict, dict]],
) -> None:
    study, result, arrays = found["continuous"]
    quantity = (study.doses_nkji * arrays["map_kji"]).sum((1, 2, 3))
    slope = np.polyfit(quantity, study.outcome.values, 1)[0]
    assert 0.8 < slope < 2.5
    weight = arrays["weight_kji"]
    assert weight.sum() == pytest.approx(1, abs=1e-4)
    uniform = np.full((1, 7, 7, 7), 20, dtype=np.float32)
    assert effective_dose_gy(uniform, weight)[0] == pytest.approx(20, rel=1e-4)
    assert effective_dose_map(uniform[0], weight).max() == pytest.approx(20, rel=1e-4)
    rows = result["patients"]
    assert [one["effective_dose_gy"] for one in rows] == pytest.approx(
        effective_dose_gy(study.doses_nkji, weight).tolist()
    )
    json.dumps(result, allow_nan=False)


def test_the_low_rank_solver_finds_it_too(tmp_path: Path) -> None:
    study = planted(90, 2.0)
    result, arrays = analyse(study, replace(QUICK, solver="cp", subsamples=0), Run(tmp_path / "checkpoint"))
    assert arrays["map_kji"][region()].mean() > 3 * abs(arrays["map_kji"][study.mask_kji & ~region()].mean())
    assert result["validation"]["final"]["rank"] in (1, 2)
    assert result["stability"] is None


def test_nothing_planted_is_found_no_more_often_than_said(tmp_path: Path) -> None:
    """The first question gates the rest: its rate of false alarms over 60 cohorts is that of 5 %."""
    alarms = 0
    for seed in range(60):
        work = Work.begin(planted(30, 0.0, seed=seed), MapConfig(), Run(tmp_path / str(seed)))
        observed, null = any_relation(work)
        alarms += (1 + int((null >= observed).sum())) / (1 + len(null)) <= 0.05
    assert alarms <= 8  # of 60 at 5 %: more than 8 has a chance below 1 %


def test_where_any_relation_is_denied_no_voxel_is_significant(tmp_path: Path) -> None:
    seen = []
    for seed in range(3):
        study = planted(40, 0.0, seed=100 + seed)
        result, arrays = analyse(study, replace(QUICK, subsamples=0), Run(tmp_path / str(seed)))
        seen.append(result["significance"]["any_p"])
        if seen[-1] > 0.05:
            assert not arrays["significant_kji"].any()
            assert arrays["p_kji"][study.mask_kji].min() >= seen[-1] - 1e-6
    assert max(seen) > 0.05


def test_permutations_and_halves_are_what_they_are_called() -> None:
    drawn = orders(20, 5, 1)
    assert (np.sort(drawn, axis=1) == np.arange(20)).all()
    outcome = planted(41, kind="binary").outcome
    weights = halves(outcome, 6, 0)
    assert (weights[0] + weights[1] == 1).all()
    assert abs(weights[0] @ outcome.values - weights[1] @ outcome.values) <= 1


def refusals() -> dict[str, tuple[Callable[[Study], Study], type[Exception]]]:
    def outcome(change: Callable[[Outcome], Outcome]) -> Callable[[Study], Study]:
        return lambda study: replace(study, outcome=change(study.outcome))

    def some(study: Study) -> Study:
        own = replace(study.outcome, values=study.outcome.values[:5])
        return replace(study, doses_nkji=study.doses_nkji[:5], outcome=own, clinical=study.clinical[:5])

    values = np.arange(40.0)
    rare = (values < 3).astype(float)
    return {
        "fewer outcomes than folds": (some, TooFewPatients),
        "constant outcome": (outcome(lambda o: replace(o, values=np.ones(40))), ConstantOutcome),
        "one class": (outcome(lambda o: Outcome("binary", np.ones(40))), OneClass),
        "few events": (outcome(lambda o: Outcome("binary", rare)), TooFewEvents),
        "few deaths": (outcome(lambda o: Outcome("survival", values + 1, rare > 0)), TooFewEvents),
        "unknown": (outcome(lambda o: replace(o, values=np.where(values == 3, np.nan, 1))), MissingValues),
        "same dose": (
            lambda s: replace(s, doses_nkji=np.repeat(s.doses_nkji[:1], 40, 0)), NoDoseVariation,
        ),
        "no organ": (lambda s: replace(s, mask_kji=np.zeros_like(s.mask_kji)), EmptyOrgan),
        "other shape": (lambda s: replace(s, mask_kji=s.mask_kji[1:]), StudyMismatch),
        "same terms": (lambda s: replace(s, clinical=np.repeat(s.clinical, 2, 1)), CollinearColumns),
        "constant term": (lambda s: replace(s, clinical=np.ones((40, 1))), CollinearColumns),
    }  # fmt: skip


@pytest.mark.parametrize("name", refusals())
def test_what_gives_no_map_is_refused_by_name(name: str, tmp_path: Path) -> None:
    change, error = refusals()[name]
    with pytest.raises(error):
        analyse(change(planted(40)), MapConfig(), Run(tmp_path / "checkpoint"))


@pytest.mark.parametrize(
    "raw", [{"solver": "magic"}, {"l1_share": 0}, {"ranks": []}, {"permutations": 3}, {"colour": 1}]
)
def test_a_configuration_that_asks_nothing_is_refused(raw: dict[str, object]) -> None:
    with pytest.raises(AnalysisConfigError):
        MapConfig.from_json(raw)
    assert MapConfig.from_json(QUICK.to_json()) == QUICK


def test_an_analysis_stops_and_goes_on_where_it_was(tmp_path: Path) -> None:
    study, checkpoint = planted(40), tmp_path / "checkpoint"
    seen: list[Progress] = []
    with pytest.raises(Stopped):
        analyse(study, QUICK, Run(checkpoint, seen.append, lambda: len(seen) >= 2))
    before = checkpoint.stat().st_size
    result, _ = analyse(study, QUICK, Run(checkpoint))
    assert checkpoint.stat().st_size > before
    assert result == analyse(study, QUICK, Run(tmp_path / "other"))[0]
    with pytest.raises(CheckpointError):
        analyse(planted(40, seed=1), QUICK, Run(checkpoint))
    fractions = [one.fraction for one in seen]
    assert fractions == sorted(fractions)


def test_doses_are_free_of_clinical_terms() -> None:
    """Clinical terms explain doses in part: the reparametrisation must change no prediction."""
    study = planted(50)
    design = Design.of(study, torch.device("cpu"), dtype=torch.float64)
    terms = design.batch.terms[0].numpy()
    assert np.abs(terms.T @ design.doses.numpy()).max() < 1e-8
