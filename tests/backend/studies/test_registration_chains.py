"""Registrations that name images, chains of them, and segmentations that they move, whatever came first."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from pydicom.dataset import Dataset
from sqlalchemy import select

from backend.audit.tables import AuditEntry
from backend.kit.db import session_scope
from backend.labels.service import load_mask
from backend.labels.tables import Revision, Structure, StructureSet
from backend.projects.tables import Project
from backend.studies.tables import Registration
from rt.contours import fill_polygons
from rt.dicom.parse import read_stored
from rt.dicom.uids import new_uid
from rt.geometry import Grid
from rt.masks import Mask
from rt.metrics import dice
from rt.registration import RigidTransform
from tests.backend.studies.registered import (
    SHAPE,
    TURN,
    Login,
    Patient,
    newest_mask,
    patient,
    sends,
    sets,
    warnings,
)
from tests.factories.dicom import Ids, make_ct_series
from tests.factories.registration import make_reg, matrix_of
from tests.factories.segmentations import make_seg

__all__ = ["patient", "sends"]


def images_of(patient: Patient, frame: str) -> list[Dataset]:
    """An image series in a frame of the patient, beside the CT."""
    ids = Ids(patient.ids.study, new_uid(), frame, patient.ids.patient, patient.ids.name)
    return make_ct_series(SHAPE, ids=ids)


@pytest.mark.parametrize("order", list(itertools.permutations(["reg", "images", "rest"])))
def test_an_item_that_names_images_moves_what_is_in_their_frame(
    sends: Callable[..., Any], patient: Patient, order: tuple[str, ...]
) -> None:
    """The registration names the other frame by images of it, whichever came first."""
    other = images_of(patient, patient.other_frame)
    reg = make_reg(patient.frame, [(patient.ct[:1], np.eye(4)), (other, TURN)], like=patient.ct[0])
    parts = {"reg": [reg], "images": other, "rest": [*patient.ct, patient.rtstruct(), patient.dose()]}
    for part in order:
        sends(parts[part])
    moved = [one for one in sets() if one.registration is not None]
    assert [one.registration["sop_instance_uid"] for one in moved if one.registration] == [reg.SOPInstanceUID]
    assert np.abs(np.reshape((moved[0].registration or {})["matrix"], (4, 4)) - TURN).max() < 1e-6
    assert warnings("REG") == []
    assert warnings("RTDOSE") == []
    with session_scope(read_only=True) as session:
        assert [one.images_missing for one in session.scalars(select(Registration))] == [False]


def test_a_registration_says_that_it_waits_for_the_images_it_names(
    sends: Callable[..., Any], patient: Patient
) -> None:
    other = images_of(patient, patient.other_frame)
    reg = make_reg(patient.frame, [(patient.frame, np.eye(4)), (other, TURN)], like=patient.ct[0])
    sends([*patient.ct, patient.dose(), reg])
    assert warnings("REG") == ["registration-awaits-images"]
    assert warnings("RTDOSE") == ["dose-without-registration"]
    other[0].StudyInstanceUID = new_uid()  # an earlier study of the patient
    sends(other[:1])
    assert (warnings("REG"), warnings("RTDOSE")) == ([], [])


def test_a_registration_of_another_patients_images_is_refused(
    sends: Callable[..., Any], patient: Patient
) -> None:
    ids = Ids(new_uid(), new_uid(), new_uid(), "SOMEONE", "Else^Someone")
    theirs = make_ct_series(SHAPE, ids=ids)
    sends([*patient.ct, *theirs])
    reg = make_reg(patient.frame, [(patient.frame, np.eye(4)), (theirs, TURN)], like=patient.ct[0])
    assert sends([reg]) == [("refused", "wrong-reference")]


BETWEEN = matrix_of((-4.0, 6.0, 2.0), (7.0, 3.0, -12.0))
"""From the frame between to frame A."""


def chained(patient: Patient, between: str, **named: str) -> list[Dataset]:
    """Two registrations by which B comes to A over a frame between, the second written backwards."""
    into = np.linalg.inv(BETWEEN) @ TURN
    first = make_reg(
        between, [(patient.other_frame, into)], like=patient.ct[0], label="MR to PT", date="20250601"
    )
    second = make_reg(between, [(patient.frame, np.linalg.inv(BETWEEN))], like=patient.ct[0], **named)
    return [first, second]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_a_chain_over_two_registrations_is_followed(
    sends: Callable[..., Any],
    patient: Patient,
    client: TestClient,
    login: Login,
    project: Project,
    order: tuple[int, ...],
) -> None:
    first, second = chained(patient, new_uid(), label="PT to CT")
    parts = [[*patient.ct, patient.rtstruct(), patient.dose()], [first], [second]]
    for number in order:
        sends(parts[number])
    (owner,) = sets()
    mask, _ = newest_mask(patient.grid)
    assert dice(mask, fill_polygons(patient.egg(), patient.grid).mask_kji) > 0.97
    headers = login("reader")
    (study,) = client.get(f"/api/projects/{project.id}/studies", headers=headers).json()["items"]
    (dose,) = client.get(f"/api/studies/{study['id']}", headers=headers).json()["registered_doses"]
    shown = client.get(f"/api/structure-sets/{owner.id}", headers=headers).json()["registration"]
    for told in (shown, dose["registration"]):
        assert [told["label"], *(one["label"] for one in told["further"])] == ["MR to PT", "PT to CT"]
        uids = [told["sop_instance_uid"], *(one["sop_instance_uid"] for one in told["further"])]
        assert uids == [first.SOPInstanceUID, second.SOPInstanceUID]
        assert np.abs(np.reshape(told["matrix"], (4, 4)) - TURN).max() < 1e-6
        assert told["disagreement_mm"] is None
    with session_scope(read_only=True) as session:
        statement = select(AuditEntry).where(
            AuditEntry.action.in_(["labels.set.imported", "labels.set.registered"])
        )
        changes = [entry.changes for entry in session.scalars(statement)]
    assert changes[-1]["registration"] == f"{first.SOPInstanceUID}, {second.SOPInstanceUID}"
    url = f"/api/structure-sets/{owner.id}/export?format=rtstruct"
    left = read_stored(client.get(url, headers=login("clinician")).content)
    for reg in (first, second):
        assert reg.SOPInstanceUID in left.StructureSetDescription
    assert warnings("RTDOSE") == []


def test_a_direct_registration_takes_the_place_of_a_chain(
    sends: Callable[..., Any], patient: Patient
) -> None:
    sends([*patient.ct, patient.rtstruct(), *chained(patient, new_uid())])
    direct = patient.reg(date="20240101", label="direct")
    sends([direct])
    (owner,) = sets()
    assert owner.registration is not None
    assert (owner.registration["label"], owner.registration["further"]) == ("direct", [])


def test_a_chain_says_how_far_an_older_registration_of_one_of_its_links_is_off(
    sends: Callable[..., Any], patient: Patient
) -> None:
    between = new_uid()
    first, second = chained(patient, between, date="20260101")
    off = np.linalg.inv(BETWEEN) @ matrix_of((0, 0, 0), (4.0, 0.0, 0.0))
    older = make_reg(between, [(patient.frame, off)], like=patient.ct[0], date="20240101")
    sends([*patient.ct, patient.rtstruct(), first, second, older])
    (owner,) = sets()
    assert owner.registration is not None
    assert owner.registration["disagreement_mm"] == pytest.approx(4.0, abs=0.1)
    assert warnings("RTSTRUCT") == ["registrations-disagree"]


def test_what_was_moved_before_chains_were_kept_is_not_moved_again(
    sends: Callable[..., Any], patient: Patient
) -> None:
    sends([*patient.ct, patient.rtstruct(), patient.reg()])
    with session_scope() as session:
        owner = session.scalars(select(StructureSet)).one()
        owner.registration = {k: v for k, v in (owner.registration or {}).items() if k != "further"}
    sends([patient.reg(date="20200101")])
    (after,) = sets()
    assert "further" not in (after.registration or {})


def of_the_egg(grid: Grid, matrix: Any = TURN) -> Mask:
    """Voxels of a grid of frame B that the egg of frame A holds."""
    k, j, i = np.indices(grid.shape_kji)
    there = RigidTransform.from_matrix(matrix).apply(grid.to_lps(np.stack([i, j, k], axis=-1)))
    x, y, z = np.moveaxis(there - Patient().grid.to_lps([18, 20, 5.5]), -1, 0)
    return np.asarray((x**2 + y**2 + z**2 <= 15.0**2) & (np.abs(z) <= 12.0))


def seg_of(patient: Patient, frame: str | None = None) -> Dataset:
    """The egg as a segmentation of an MR in frame B whose images are not here, and a segment of nothing."""
    centre = RigidTransform.from_matrix(TURN).inverse().apply(patient.grid.to_lps([18, 20, 5.5]))
    own = Grid.of((34, 40, 40), (1.0, 1.0, 1.2), centre - (20, 20, 20), np.eye(3))
    masks = {"Larynx": of_the_egg(own), "Brainstem": np.zeros(own.shape_kji, dtype=np.bool_)}
    return make_seg(own, masks, like=patient.ct[0], frame=frame or patient.other_frame)


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("order", list(itertools.permutations(["ct", "seg", "reg"])))
def test_a_segmentation_of_another_frame_becomes_contours_on_the_ct(
    sends: Callable[..., Any], patient: Patient, order: tuple[str, ...], backwards: bool
) -> None:
    parts = {"ct": patient.ct, "seg": [seg_of(patient)], "reg": [patient.reg(backwards=backwards)]}
    for part in (*order, *order):  # everything twice: nothing more comes of it
        sends(parts[part])
    (owner,) = sets()
    assert owner.registration is not None
    assert owner.label == "MR contours (REG)", "the name of its series"
    assert owner.registration["sop_instance_uid"] == parts["reg"][0].SOPInstanceUID
    with session_scope(read_only=True) as session:
        heads = {row.name: row.head for row in session.scalars(select(Structure))}
        assert heads == {"Larynx": 1, "Brainstem": 0}
        revision = session.scalars(select(Revision)).one()
        mask = load_mask(revision, patient.grid)
    drawn = of_the_egg(patient.grid, np.eye(4))
    assert drawn.sum() > 800
    assert dice(mask, drawn) > 0.97
    assert mask.sum() == pytest.approx(drawn.sum(), rel=0.02)
    assert warnings("SEG") == []


def test_a_segmentation_stands_on_its_own_images_and_on_the_ct(
    sends: Callable[..., Any], patient: Patient
) -> None:
    other = images_of(patient, patient.other_frame)
    mask = np.zeros(SHAPE, dtype=np.bool_)
    mask[4:7, 16:30, 12:24] = True
    dataset = make_seg(patient.grid, {"Larynx": mask}, like=patient.ct[0], frame=patient.other_frame)
    dataset.ReferencedSeriesSequence[0].SeriesInstanceUID = other[0].SeriesInstanceUID
    for part in ([*patient.ct, *other], [dataset], [patient.reg()], [patient.reg()]):
        sends(part)
    with session_scope(read_only=True) as session:
        statement = select(StructureSet.registration, Revision.volume_cc)
        statement = statement.join(Structure, Structure.structure_set_id == StructureSet.id).join(Revision)
        cc = {row[0] is not None: row[1] for row in session.execute(statement)}
    assert sorted(cc) == [False, True]
    assert cc[True] == pytest.approx(cc[False], rel=0.05)


def test_a_newer_registration_draws_a_segmentation_again(sends: Callable[..., Any], patient: Patient) -> None:
    off = TURN @ matrix_of((0, 0, 0), (6.0, 0.0, 0.0))
    sends([*patient.ct, seg_of(patient), patient.reg(off, date="20250101")])
    sends([patient.reg(date="20260101")])
    with session_scope(read_only=True) as session:
        newest = session.scalars(select(Revision).order_by(Revision.number.desc())).first()
        assert newest is not None
        assert newest.number == 2
        assert dice(load_mask(newest, patient.grid), of_the_egg(patient.grid, np.eye(4))) > 0.97
    assert warnings("SEG") == ["registrations-disagree"]


def test_a_segmentation_that_is_no_grid_is_refused_by_name(
    sends: Callable[..., Any], patient: Patient
) -> None:
    dataset = seg_of(patient)
    turned = Dataset()
    turned.ImageOrientationPatient = [0, 1, 0, 0, 0, 1]
    dataset.PerFrameFunctionalGroupsSequence[1].PlaneOrientationSequence = [turned]
    sends([*patient.ct, dataset, patient.reg()])
    assert (sets(), warnings("SEG")) == ([], ["bad-geometry"])
