"""Isodoses as operands, in a dose that rises by 5 Gy from one column of 4 mm to the next."""

from __future__ import annotations

import numpy as np
import pytest

from backend.kit import db
from backend.studies.tables import Series
from rt.dicom.uids import new_uid
from tests.backend.derivations.conftest import Deriving, combined, isodose, same, structure
from tests.backend.dose.conftest import LOW_GY, SPACING_MM, STEP_GY, Dosed, dosed
from tests.factories.scenes import Scene, block

__all__ = ["dosed"]


@pytest.fixture
def at_dose(client, login, dosed: Dosed) -> Deriving:
    arrived = dosed.arrived
    return Deriving(client, login("clinician"), Scene(arrived.study, arrived.series, arrived.grid))


@pytest.fixture
def lungs(at_dose: Deriving) -> str:
    return at_dose.draw("Lungs", block(at_dose.scene.grid, slice(1, 5), slice(4, 12), slice(0, 20)))


def gets(at_dose: Deriving, dosed: Dosed, gy: float) -> np.ndarray:
    """The voxels whose centre gets a dose, by the place of the column on which it is reached."""
    grid = at_dose.scene.grid
    with db.session_scope(read_only=True) as session:
        volume = session.get_one(Series, dosed.dose_series_id).volume
    first_x = volume["grid"]["origin_lps_mm"][0]
    k, j, i = np.indices(grid.shape_kji)
    x = grid.to_lps(np.stack([i, j, k], axis=-1))[..., 0]
    return LOW_GY + STEP_GY * (x - first_x) / SPACING_MM[0] >= gy


def test_lung_within_an_isodose(at_dose, dosed, lungs):
    """Levels lie between the doses of two columns, so that the scaling of the stored dose decides nothing."""
    at_dose.derive("Lung21Gy", structure(lungs), combined("intersect", isodose(dosed.dose_series_id, 21)))
    assert same(at_dose.mask("Lung21Gy"), at_dose.mask("Lungs") & gets(at_dose, dosed, 21))
    used = at_dose.shown("Lung21Gy")["head"]["derived_from"]["doses"]
    assert [one["series_id"] for one in used] == [dosed.dose_series_id]
    assert at_dose.status("Lung21Gy") == "current"


def test_a_share_of_the_prescription_is_that_dose(at_dose, dosed, lungs):
    level = {"unit": "%", "value": 55, "prescription_gy": 60}
    operand = {"kind": "isodose", "dose_series_id": dosed.dose_series_id, "level": level}
    at_dose.derive("Low", structure(lungs), combined("subtract", operand))
    assert same(at_dose.mask("Low"), at_dose.mask("Lungs") & ~gets(at_dose, dosed, 33))
    assert at_dose.shown("Low")["head"]["reason"] == "Lungs, without isodose 55 % of 60 Gy"


def test_an_isodose_that_the_dose_grid_cuts_is_doubted(at_dose, dosed, lungs):
    at_dose.derive("Wide", isodose(dosed.dose_series_id, 20))
    doubts = at_dose.shown("Wide")["plausibility"]
    assert [(one["slug"], one["values"]) for one in doubts] == [("isodose-cut", {"gy": 20.0})]
    at_dose.derive("Hot", isodose(dosed.dose_series_id, 900), combined("union", structure(lungs)))
    assert at_dose.shown("Hot")["plausibility"] == []


def test_what_is_no_dose_or_of_another_frame_is_refused(at_dose, dosed, lungs):
    image = at_dose.scene.series.id
    assert at_dose.ask("X", isodose(image, 20)).json()["type"].endswith("not-a-dose")
    with db.session_scope() as session:
        session.get_one(Series, dosed.dose_series_id).frame_of_reference_uid = new_uid()
    answer = at_dose.ask("X", isodose(dosed.dose_series_id, 20))
    assert (answer.status_code, answer.json()["type"].split("/")[-1]) == (409, "other-frame-of-reference")


def test_a_dose_of_another_frame_makes_it_stale_by_name(at_dose, dosed, lungs):
    at_dose.derive("Lung20Gy", structure(lungs), combined("intersect", isodose(dosed.dose_series_id, 20)))
    before = at_dose.mask("Lung20Gy")
    with db.session_scope() as session:
        session.get_one(Series, dosed.dose_series_id).frame_of_reference_uid = new_uid()
    at_dose.save(lungs, block(at_dose.scene.grid, slice(1, 5), slice(4, 14), slice(0, 20)), 1)
    assert at_dose.follow() == [{"drawn": [], "stale": ["Lung20Gy"]}]
    assert at_dose.shown("Lung20Gy")["derivation"]["problem"]["slug"] == "other-frame-of-reference"
    assert same(at_dose.mask("Lung20Gy"), before)
