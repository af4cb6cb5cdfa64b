"""Isodoses as operands, in a dose that rises by 5 Gy from one column of 4 mm to the next."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom.dataset import Dataset
from sqlalchemy import delete

from backend.kit import db
from backend.studies.service import settle
from backend.studies.tables import Instance, Series
from rt.dicom.uids import new_uid
from rt.registration import RigidTransform
from tests.backend.derivations.conftest import Deriving, combined, even, isodose, same, structure
from tests.backend.dose.conftest import (
    LOW_GY,
    SPACING_MM,
    STEP_GY,
    Dosed,
    dose_of,
    dose_series,
    dosed,
    plan_of,
)
from tests.factories.patients import send
from tests.factories.registration import make_reg, matrix_of
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


def test_an_isodose_that_the_dose_grid_cuts_is_doubted_where_it_shows(
    at_dose, dosed, lungs, project, tmp_path
):
    """The dose ends after the lungs, within the image."""
    send(project, tmp_path / "short", [dose_of(dosed.arrived.ct, seed="short", slices=5)])
    (short,) = set(dose_series(dosed.arrived.study.id)) - {dosed.dose_series_id}

    def doubts(name: str, *expression) -> list:
        at_dose.derive(name, *expression)
        return [(one["slug"], one["values"]) for one in at_dose.shown(name)["plausibility"]]

    cut = [("isodose-cut", {"gy": 20.0})]
    assert doubts("Wide", isodose(short, 20)) == cut
    assert doubts("Beside", isodose(short, 20), combined("subtract", structure(lungs))) == cut
    assert doubts("Inside", structure(lungs), combined("intersect", isodose(short, 20))) == []
    tall = at_dose.draw("Heart", block(at_dose.scene.grid, slice(3, 6), slice(4, 12), slice(8, 20)))
    assert doubts("Heart20Gy", structure(tall), combined("intersect", isodose(short, 20))) == cut
    assert doubts("Whole", isodose(dosed.dose_series_id, 20)) == [], "the image ends where the dose does"
    assert doubts("Hot", isodose(short, 900), combined("union", structure(lungs))) == []


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
    assert at_dose.status("Lung20Gy") == "stale"
    at_dose.save(lungs, block(at_dose.scene.grid, slice(1, 5), slice(4, 14), slice(0, 20)), 1)
    assert at_dose.follow() == [{"drawn": [], "stale": ["Lung20Gy"]}]
    assert at_dose.shown("Lung20Gy")["derivation"]["problem"]["slug"] == "other-frame-of-reference"
    assert same(at_dose.mask("Lung20Gy"), before)


SHIFT = matrix_of((0.0, 0.0, 0.0), (8.0, -12.0, 6.0))
"""By whole columns of the image, so that the isodose moves by four of them."""


def away(dosed: Dosed, matrix: np.ndarray, seed: str) -> tuple[Dataset, str]:
    """The dose as it lies in a frame of its own, from which a matrix brings it back."""
    dose, frame = dose_of(dosed.arrived.ct, seed=seed), new_uid()
    back = RigidTransform.from_matrix(matrix).inverse()
    origin = back.apply([float(v) for v in dose.ImagePositionPatient])
    dose.FrameOfReferenceUID, dose.ImagePositionPatient = frame, [f"{v:.6f}" for v in origin]
    return dose, frame


def registered(dosed: Dosed, frame: str, matrix: np.ndarray, date: str) -> Dataset:
    """What brings a frame to the image's."""
    ct = dosed.arrived.ct[0]
    return make_reg(str(ct.FrameOfReferenceUID), [(frame, matrix)], like=ct, date=date)


def the_other(dosed: Dosed) -> str:
    """The dose beside the fixture's."""
    (found,) = (one for one in dose_series(dosed.arrived.study.id) if one != dosed.dose_series_id)
    return found


def test_an_isodose_of_a_dose_that_a_registration_moved(at_dose, dosed, lungs, project, tmp_path):
    dose, frame = away(dosed, SHIFT, "moved")
    reg = registered(dosed, frame, SHIFT, "20250101")
    send(project, tmp_path / "moved", [dose, reg])
    at_dose.derive("Lung21Gy", structure(lungs), combined("intersect", isodose(the_other(dosed), 21)))
    assert same(at_dose.mask("Lung21Gy"), at_dose.mask("Lungs") & gets(at_dose, dosed, 21))
    shown = at_dose.shown("Lung21Gy")
    for doses in (shown["head"]["derived_from"]["doses"], shown["derivation"]["doses"]):
        assert [one["registration"]["sop_instance_uid"] for one in doses] == [reg.SOPInstanceUID]
    assert at_dose.status("Lung21Gy") == "current"
    assert at_dose.follow() == []


def test_a_newer_registration_moves_the_isodose_by_itself(at_dose, dosed, lungs, project, tmp_path):
    dose, frame = away(dosed, SHIFT, "moved")
    send(project, tmp_path / "moved", [dose, registered(dosed, frame, SHIFT, "20250101")])
    at_dose.derive("Lung21Gy", structure(lungs), combined("intersect", isodose(the_other(dosed), 21)))
    further = SHIFT @ matrix_of((0, 0, 0), (8.0, 0.0, 0.0))
    send(project, tmp_path / "newer", [registered(dosed, frame, further, "20260101")])
    assert at_dose.status("Lung21Gy") == "stale"
    assert at_dose.follow() == [{"drawn": ["Lung21Gy"], "stale": []}]
    grid = at_dose.scene.grid
    columns = round(8.0 / grid.spacing_ijk_mm[0])
    wanted = np.zeros(grid.shape_kji, dtype=bool)
    wanted[..., columns:] = gets(at_dose, dosed, 21)[..., :-columns]
    assert same(at_dose.mask("Lung21Gy"), at_dose.mask("Lungs") & wanted)
    assert at_dose.status("Lung21Gy") == "current"
    assert at_dose.head("Lung21Gy") == 2


def test_a_dose_whose_voxels_change_is_followed_by_itself(at_dose, dosed, lungs, project, tmp_path):
    """A second object in the series makes it no dose; when that is gone, the derivation follows again."""
    at_dose.derive("Lung21Gy", structure(lungs), combined("intersect", isodose(dosed.dose_series_id, 21)))
    before = at_dose.mask("Lung21Gy")
    first = dose_of(dosed.arrived.ct, plan_of(dosed.arrived.ct[0]))
    second = dose_of(dosed.arrived.ct, plan_of(dosed.arrived.ct[0]), seed="second")
    second.SeriesInstanceUID = first.SeriesInstanceUID
    second.DoseGridScaling = 2 * float(second.DoseGridScaling)
    send(project, tmp_path / "second", [second])
    assert dose_series(dosed.arrived.study.id) == [dosed.dose_series_id]
    assert at_dose.follow() == [{"drawn": [], "stale": ["Lung21Gy"]}]
    assert at_dose.shown("Lung21Gy")["derivation"]["problem"]["slug"] == "not-computable"
    assert same(at_dose.mask("Lung21Gy"), before)
    with db.session_scope() as session:
        uid = str(first.SOPInstanceUID)
        session.execute(delete(Instance).where(Instance.sop_instance_uid == uid))
    settle([dosed.arrived.study.id])
    assert at_dose.follow() == [{"drawn": ["Lung21Gy"], "stale": []}]
    assert same(at_dose.mask("Lung21Gy"), at_dose.mask("Lungs") & gets(at_dose, dosed, 10.5))
    assert at_dose.status("Lung21Gy") == "current"


def test_nothing_is_asked_for_where_nothing_is_derived_from_the_dose(
    at_dose, dosed, lungs, project, tmp_path
):
    at_dose.derive("Wider", structure(lungs, even("grow", 2)))
    dose, frame = away(dosed, SHIFT, "moved")
    send(project, tmp_path / "moved", [dose, registered(dosed, frame, SHIFT, "20250101")])
    assert at_dose.follow() == []
