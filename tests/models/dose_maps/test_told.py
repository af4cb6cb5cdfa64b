"""Figures and methods paragraphs of a map, made of its result alone; the planted experiment in small."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.dose_maps import Run, Study, analyse
from models.dose_maps.experiment import power_figure
from models.dose_maps.planting import Planting, area, plant
from models.dose_maps.planting import found as agreement
from models.statistics.figures import figures, names
from models.statistics.figures.style import drawing, written
from models.statistics.methods import methods
from tests.models.dose_maps.conftest import QUICK
from tests.models.dose_maps.planted import planted
from tests.models.statistics.test_methods import known_in, numbers_of


@pytest.mark.parametrize("kind", ["continuous", "binary", "survival"])
def test_every_figure_is_drawn_the_same_twice(found: dict[str, tuple[Study, dict, dict]], kind: str) -> None:
    result = json.loads(json.dumps(found[kind][1]))
    drawn = figures(result)
    assert set(drawn) == {"map", "penalty", "models", "permutations"}
    assert all(b"<svg" in one["svg"] and one["pdf"].startswith(b"%PDF") for one in drawn.values())
    assert figures(result)["map"] == drawn["map"]


@pytest.mark.parametrize("kind", ["continuous", "binary", "survival"])
def test_paragraphs_say_the_numbers_of_the_result(
    found: dict[str, tuple[Study, dict, dict]], kind: str
) -> None:
    result = json.loads(json.dumps(found[kind][1]))
    known = known_in({key: own for key, own in result.items() if key not in ("matrices", "patients")})
    for text in methods(result, {"rinkaku": "0.1.7"}).values():
        bare = text.replace("Winkler 2014", "").replace("Shah 2013", "").replace("Meinshausen 2010", "")
        bare = bare.replace("2値", "").replace("6近傍", "").replace("L1", "").replace("l1 norm", "")
        assert numbers_of(bare) - known == set()
        assert "None" not in text and "{" not in text


def test_a_map_without_permutations_has_no_such_figure(tmp_path: Path) -> None:
    config = replace(QUICK, permutations=0, subsamples=0, solver="cp", ranks=(1,))
    result, arrays = analyse(replace(planted(30), clinical=None), config, Run(tmp_path / "checkpoint"))
    assert names(result) == ["map", "penalty", "models"]
    assert result["significance"] is None and not arrays["significant_kji"].any()
    assert "permut" not in methods(result, {})["en"]
    assert {one["model"] for one in result["judged"]["models"]} == {"mean-dose", "geud", "dvh", "map"}


def test_planted_outcomes_are_as_strong_as_asked() -> None:
    study = planted(400)
    doses, mask = study.doses_nkji, study.mask_kji
    held = plant(Planting("continuous", r2=0.3, clinical=0.0), doses, mask, 4.0)
    assert np.corrcoef(held.quantity, held.study.outcome.values)[0, 1] ** 2 == pytest.approx(0.3, abs=0.08)
    assert held.region_kji.sum() == pytest.approx(0.15 * mask.sum(), abs=1)
    none = plant(Planting("continuous", r2=0.0, clinical=0.0), doses, mask, 4.0)
    assert abs(np.corrcoef(none.quantity, none.study.outcome.values)[0, 1]) < 0.15
    events = plant(Planting("binary", odds_ratio=2.5), doses, mask, 4.0).study.outcome
    assert events.values.mean() == pytest.approx(0.35, abs=0.12)
    again = plant(Planting("binary", odds_ratio=2.5), doses, mask, 4.0).study.outcome
    assert (again.values == events.values).all()


def test_agreement_with_the_planted_place_is_what_it_says() -> None:
    study = planted(60)
    held = plant(Planting(), study.doses_nkji, study.mask_kji, 4.0)
    region = held.region_kji.astype(np.float32)
    exact = agreement(held, {"significant_kji": region, "map_kji": region})
    assert exact["dice"] == exact["precision"] == exact["auc"] == 1 and exact["outlying_share"] == 0
    nothing = agreement(held, {"significant_kji": region * 0, "map_kji": region * 0})
    assert nothing["dice"] == 0 and nothing["precision"] is None and nothing["auc"] == 0.5
    assert area(np.array([True, False, False]), np.array([0.5, 0.7, 0.1])) == 0.5


def test_power_is_drawn() -> None:
    rows = [
        {"planted": name, "patients": n, "value": 0.5, "low": 0.4, "high": 0.6}
        for name in ("something", "nothing") for n in (20, 40)
    ]  # fmt: skip
    with drawing():
        assert b"<svg" in written(power_figure(rows))["svg"]
