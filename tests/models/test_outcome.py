"""Networks of outcome find what is there, look where it is, and find nothing where nothing is."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from models.outcome.analysis import Run, analyse
from models.outcome.cohort import OutcomeCohort, gather, parts_of
from models.outcome.config import OutcomeConfig
from models.outcome.folds import Progress, Stopped
from models.outcome.losses import Truth, outcome_loss
from models.outcome.maps import mass_inside, occlusion
from models.outcome.package import explain, load_outcome_network, predict
from models.outcome.stored_maps import read_map
from models.registry.network import WeightsError
from models.statistics.errors import (
    AnalysisConfigError,
    MissingValues,
    OneClass,
    StatisticsError,
    TooFewEvents,
)  # fmt: skip
from models.training.loop import CheckpointError
from rt.cohort import Endpoint
from rt.errors import RtError
from tests.models.outcomes import CONFIG, as_survival, toy_cohort

COUNT, BRIGHTNESS = 60, 2.0


@pytest.fixture(scope="module")
def cohort() -> tuple[OutcomeCohort, dict[str, Any]]:
    return toy_cohort(COUNT, 1, BRIGHTNESS)


@pytest.fixture(scope="module")
def analysed(cohort, tmp_path_factory) -> tuple[dict[str, Any], Path]:
    out = tmp_path_factory.mktemp("analysis")
    return analyse(cohort[0], CONFIG, Run(out, out / "checkpoint.safetensors")), out


def endpoint_of(cohort: OutcomeCohort, events: tuple[int | None, ...]) -> OutcomeCohort:
    changed = replace(cohort.table.endpoints[0], events=events)
    return replace(cohort, table=replace(cohort.table, endpoints=(changed,)))


def test_a_spot_that_decides_is_found_and_looked_at(cohort, analysed) -> None:
    result, out = analysed
    assert result["models"]["network"]["auc"]["low"] > 0.75
    masses = [
        mass_inside(read_map(out / "maps.safetensors", row), cohort[1][f"p{row}"])
        for row, event in enumerate(cohort[0].table.endpoints[0].events)
        if event
    ]
    share = 4**3 / 16**3
    assert np.mean([mass for mass in masses if mass is not None]) > 2 * share


def test_the_network_is_tested_against_clinical_variables_and_combined_with_them(analysed) -> None:
    result, _ = analysed
    pairs = {(one["first"], one["second"]): one for one in result["comparisons"]}
    assert pairs["clinical", "network"]["low"] > 0
    assert pairs["clinical", "combined"]["low"] > 0


def test_every_patient_is_predicted_once_by_networks_that_did_not_have_that_patient(analysed) -> None:
    result, _ = analysed
    tested = [name for fold in result["folds"] for name in fold["tested"]]
    assert sorted(tested) == sorted({f"p{n}" for n in range(COUNT)})
    for row in result["predictions"]:
        assert row["patient"] in result["folds"][row["fold"] - 1]["tested"]


def test_parts_share_no_patient_and_miss_none() -> None:
    events = np.array([1.0] * 11 + [0.0] * 20)
    parts = parts_of(events, 4, seed=5)
    assert sorted(np.concatenate(parts)) == list(range(31))
    assert all(2 <= events[part].sum() <= 3 for part in parts)


def test_figures_are_plain_json_and_the_card_says_what_it_is_not_for(analysed) -> None:
    result, out = analysed
    assert json.loads((out / "result.json").read_text()) == result
    assert "Not for clinical use" in (out / "CARD.md").read_text()


def test_nothing_is_found_where_nothing_is(tmp_path: Path) -> None:
    cohort, _ = toy_cohort(COUNT, 7, 0.0)
    config = replace(CONFIG, clinical=(), epochs=4)
    area = analyse(cohort, config, Run(tmp_path, tmp_path / "c.safetensors"))["models"]["network"]["auc"]
    assert area["low"] < 0.5 < area["high"]


def test_a_killed_analysis_goes_on_and_ends_as_if_it_had_not_been_killed(analysed, cohort, tmp_path) -> None:
    seen: list[Progress] = []
    run = Run(tmp_path, tmp_path / "c.safetensors", seen.append, lambda: len(seen) >= 3)
    with pytest.raises(Stopped):
        analyse(cohort[0], CONFIG, run)
    assert len(seen) == 3
    began = (tmp_path / "c.safetensors").stat().st_size
    result = analyse(cohort[0], CONFIG, Run(tmp_path, tmp_path / "c.safetensors", seen.append))
    assert began > 0 and seen[-1].fraction == 1.0
    assert result == analysed[0]


def test_a_checkpoint_of_another_analysis_is_refused(analysed, cohort, tmp_path) -> None:
    _, out = analysed
    with pytest.raises(CheckpointError, match="another analysis"):
        analyse(cohort[0], replace(CONFIG, seed=4), Run(tmp_path, out / "checkpoint.safetensors"))


def test_the_final_networks_predict_explain_and_say_who_is_unlike_the_cohort(analysed, cohort) -> None:
    _, out = analysed
    told = json.loads((out / "network.json").read_text())
    network = load_outcome_network(told, (out / "network.safetensors").read_bytes())
    values = {"marker": 0.1, "site": "A"}
    with_spot, without = (cohort[0].crops[name] for name in ("p0", "p4"))
    assert predict(network, with_spot, values).value > predict(network, without, values).value
    assert not predict(network, with_spot, values).unlike
    strange = replace(with_spot, values=with_spot.values * np.array([30, 1], np.float32)[:, None, None, None])
    assert predict(network, strange, values).unlike
    fall = explain(network, with_spot, values, "occlusion")
    spot = cohort[1]["p0"]
    assert fall[spot].mean() > fall[~spot].mean()
    assert explain(network, with_spot, values, "grad-cam").max() == pytest.approx(1, abs=1e-3)


def test_weights_of_another_network_are_refused(analysed) -> None:
    _, out = analysed
    told = json.loads((out / "network.json").read_text())
    with pytest.raises(WeightsError, match="SHA-256"):
        load_outcome_network(told, (out / "network.safetensors").read_bytes()[:-1] + b"x")


def test_survival_is_learnt_and_judged_by_concordance(tmp_path: Path) -> None:
    cohort = as_survival(toy_cohort(COUNT, 1, BRIGHTNESS)[0])
    config = replace(CONFIG, network="2d", clinical_in_network=True)
    result = analyse(cohort, config, Run(tmp_path, tmp_path / "c.safetensors"))
    figures = result["models"]["network"]
    assert figures["concordance"]["low"] > 0.55
    assert figures["low_risk"]["n"] + figures["high_risk"]["n"] == COUNT
    assert [one["n"] for one in figures["risk_groups"]["groups"]] == [
        figures["low_risk"]["n"], figures["high_risk"]["n"],
    ]  # fmt: skip
    network = load_outcome_network(
        json.loads((tmp_path / "network.json").read_text()), (tmp_path / "network.safetensors").read_bytes()
    )
    with pytest.raises(MissingValues, match="site"):
        predict(network, cohort.crops["p0"], {"marker": 1.0})
    new = predict(network, cohort.crops["p0"], {"marker": None, "site": "Z"})
    assert (new.imputed, new.unseen) == (("marker",), ({"column": "site", "level": "Z"},))
    assert predict(network, cohort.crops["p0"], {"marker": 1.0, "site": "A"}).unseen == ()


def test_partial_likelihood_is_that_of_the_formula() -> None:
    logits = torch.tensor([0.5, -0.2, 0.1])
    truth = Truth(torch.tensor([1.0, 0.0, 1.0]), torch.tensor([1.0, 2.0, 3.0]))
    whole = np.log(np.exp([0.5, -0.2, 0.1]).sum()) - 0.5 + 0.0
    assert float(outcome_loss(logits, truth, 1.0)) == pytest.approx(whole / 2, abs=1e-6)


def test_patients_set_aside_are_predicted_by_the_final_networks_alone(cohort, tmp_path) -> None:
    roles = tuple("test" if n >= 45 else "train" for n in range(COUNT))
    table = replace(cohort[0].table, roles=roles)
    config = replace(CONFIG, epochs=6, clinical=())
    result = analyse(replace(cohort[0], table=table), config, Run(tmp_path, tmp_path / "c.safetensors"))
    assert result["set_aside"]["network"]["n"] == 15
    assert len(result["predictions"]) == 45
    assert read_map(tmp_path / "maps.safetensors", 50).shape == (16, 16, 16)


def test_bad_cohorts_are_named(cohort) -> None:
    given, _ = cohort
    ones = tuple([1] * COUNT)
    few = tuple(int(n < 4) for n in range(COUNT))
    without = replace(given, crops={k: v for k, v in given.crops.items() if k != "p7"})
    broken = given.crops["p3"].values.copy()
    broken[0, 0, 0, 0] = np.nan
    crops = {**given.crops, "p3": replace(given.crops["p3"], values=broken)}
    empty = given.crops["p3"].values * np.array([1, 0], np.float32)[:, None, None, None]
    for wrong, error, said in (
        (endpoint_of(given, ones), OneClass, "same outcome"),
        (endpoint_of(given, few), TooFewEvents, "4 training patients"),
        (without, MissingValues, "p7"),
        (replace(given, crops=crops), RtError, "p3: the crop has voxels that are no numbers"),
        (
            replace(given, crops={**given.crops, "p3": replace(given.crops["p3"], values=empty)}),
            RtError,
            "p3",
        ),
    ):
        with pytest.raises(error, match=said):
            gather(wrong, CONFIG)


def test_a_patient_without_a_crop_or_an_outcome_is_left_out_by_name(cohort) -> None:
    given, _ = cohort
    events = tuple(None if n == 9 else value for n, value in enumerate(given.table.endpoints[0].events))
    given = replace(endpoint_of(given, events), failed={"p2": ("bad-mask", "the region is empty")})
    found = gather(given, CONFIG)
    assert [one["patient"] for one in found.left_out] == ["p2", "p9"]
    assert len(found.rows) == COUNT - 2


def test_a_configuration_goes_through_json_and_what_it_cannot_be_is_named() -> None:
    assert OutcomeConfig.from_json(json.loads(json.dumps(CONFIG.to_json()))) == CONFIG
    for wrong in (
        {"endpoint": "x", "folds": 1}, {"endpoint": "x", "network": "4d"}, {"endpoint": "x", "depth": 3}, {},
        {"endpoint": "x", "crop": {"size": 30}}, {"endpoint": "x", "crop": {"modality": "PT"}},
        {"endpoint": "x", "clinical_in_network": True},
    ):  # fmt: skip
        with pytest.raises(AnalysisConfigError):
            OutcomeConfig.from_json(wrong)
    with pytest.raises(StatisticsError):
        gather(toy_cohort(COUNT, 1, 1.0)[0], replace(CONFIG, clinical=("age",)))


def test_competing_events_count_as_censored(cohort) -> None:
    survival = as_survival(cohort[0])
    events = tuple(2 if n % 10 == 0 else value for n, value in enumerate(survival.table.endpoints[0].events))
    found = gather(endpoint_of(survival, events), replace(CONFIG, folds=2))
    assert isinstance(found.endpoint, Endpoint)
    assert found.events[0] == 0.0
    assert found.times is not None


def test_covering_a_crop_that_says_nothing_changes_nothing() -> None:
    class Deaf(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(1))
            self.decision = lambda vector, known: vector[:, 0]

        def encode(self, image: torch.Tensor) -> torch.Tensor:
            return image * 0

        def describe(self, maps: torch.Tensor, image: torch.Tensor) -> torch.Tensor:
            return maps.mean((2, 3, 4))

    assert not occlusion([Deaf()], torch.rand(2, 8, 8, 8), torch.zeros(0)).any()
