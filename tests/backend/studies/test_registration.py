"""A registration shows what came in another frame of reference on the patient's CT, whatever the order.

The CT is in frame A.  The structure set and the dose of frame B are phantoms that were moved by a known
rotation and translation, so what must come out on the CT is what is drawn and computed there directly.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from pydicom.dataset import Dataset
from sqlalchemy import func, select

from backend.audit.tables import AuditEntry
from backend.kit.db import session_scope
from backend.labels.service import load_mask
from backend.labels.tables import Revision, Structure, StructureSet
from backend.projects.tables import Project
from backend.studies.imports import import_path
from backend.studies.tables import Registration, Series
from rt.contours import fill_polygons
from rt.dicom.parse import read_stored
from rt.dicom.uids import new_uid
from rt.geometry import FloatArray, Grid
from rt.masks import Mask
from rt.metrics import dice
from rt.registration import RigidTransform
from tests.factories.dicom import Ids, encode, make_ct_series, make_rtdose, make_rtstruct
from tests.factories.jobs import run_queued
from tests.factories.registration import make_reg, matrix_of
from tests.factories.segmentations import make_seg

Login = Callable[..., dict[str, str]]
SHAPE = (12, 40, 36)
TURN = matrix_of((3.0, -2.0, 8.0), (20.0, -15.0, 9.0))
"""From frame B to frame A."""
PROTOCOL = "head-and-neck"


class Patient:
    """The CT of frame A, and what is drawn and computed in frame B."""

    def __init__(self, patient: str = "REG-1") -> None:
        ids = Ids.fresh("registered")
        self.ids = Ids(ids.study, ids.series, ids.frame_of_reference, patient, "Two^Frames")
        self.ct = make_ct_series(SHAPE, ids=self.ids)
        self.grid = Grid.of(SHAPE, (2.0, 2.0, 3.0), (-64.0, -64.0, -30.0), np.eye(3))
        self.other_frame = new_uid()

    @property
    def frame(self) -> str:
        return self.ids.frame_of_reference

    def egg(self) -> list[FloatArray]:
        """Rings in frame A, one for each slice."""
        angle = np.linspace(0, 2 * np.pi, 180, endpoint=False)
        rings = []
        for k in range(2, 10):
            radius = np.sqrt(15.0**2 - (3 * (k - 5.5)) ** 2)
            ring = self.grid.to_lps([18, 20, k]) + np.column_stack(
                [1.3 * radius * np.cos(angle), radius * np.sin(angle), np.zeros(180)]
            )
            rings.append(ring)
        return rings

    def rtstruct(self, matrix: Any = TURN) -> Dataset:
        """The egg in frame B, on images that are nowhere, where `matrix` leads to the egg of frame A."""
        back = RigidTransform.from_matrix(matrix).inverse()
        dataset = make_rtstruct(self.ct, {"parotis li": {k: [(4.0, 4.0)] for k in range(2, 10)}})
        reference = dataset.ReferencedFrameOfReferenceSequence[0]
        reference.FrameOfReferenceUID = dataset.FrameOfReferenceUID = self.other_frame
        images = reference.RTReferencedStudySequence[0].RTReferencedSeriesSequence[0]
        images.SeriesInstanceUID = new_uid()
        del images.ContourImageSequence
        dataset.StructureSetROISequence[0].ReferencedFrameOfReferenceUID = self.other_frame
        for contour, ring in zip(dataset.ROIContourSequence[0].ContourSequence, self.egg(), strict=True):
            del contour.ContourImageSequence
            moved = back.apply(ring)
            contour.NumberOfContourPoints = len(moved)
            contour.ContourData = [f"{v:.4f}" for v in moved.ravel()]
        return dataset

    def dose(self, matrix: Any = TURN) -> Dataset:
        """A dose of frame B that rises linearly in frame A."""
        back = RigidTransform.from_matrix(matrix).inverse()
        own = Grid.of((30, 60, 60), (3.0, 3.0, 3.0), back.apply([-80.0, -75.0, -60.0]), np.eye(3))
        k, j, i = np.indices(own.shape_kji)
        there = RigidTransform.from_matrix(matrix).apply(own.to_lps(np.stack([i, j, k], axis=-1)))
        dataset = make_rtdose(self.ct, gray(there), own.spacing_ijk_mm)
        dataset.PatientID, dataset.PatientName = self.ids.patient, self.ids.name
        dataset.FrameOfReferenceUID = self.other_frame
        dataset.ImagePositionPatient = [f"{v:.6f}" for v in own.origin_lps_mm]
        return dataset

    def reg(self, matrix: Any = TURN, *, backwards: bool = False, **named: str) -> Dataset:
        """From B to A, or the same written from A to B."""
        if backwards:
            back = RigidTransform.from_matrix(matrix).inverse().matrix
            return make_reg(
                self.other_frame,
                [(self.frame, back), (self.other_frame, np.eye(4))],
                like=self.ct[0],
                **named,
            )
        return make_reg(
            self.frame, [(self.frame, np.eye(4)), (self.other_frame, matrix)], like=self.ct[0], **named
        )


def gray(points_mm: FloatArray) -> FloatArray:
    """Gy at points of frame A."""
    made: FloatArray = 40 + points_mm @ np.array([0.12, -0.08, 0.15])
    return made


@pytest.fixture
def patient() -> Patient:
    return Patient()


@pytest.fixture
def sends(project: Project, tmp_path: Path) -> Callable[[Sequence[Dataset]], list[Any]]:
    """Sends a batch, and does the work that follows."""

    def send(datasets: Sequence[Dataset]) -> list[Any]:
        folder = tmp_path / new_uid()
        folder.mkdir()
        for number, dataset in enumerate(datasets):
            (folder / f"{number:03}.dcm").write_bytes(encode(dataset))
        _, arrivals = import_path(project.id, None, folder)
        run_queued("assemble")
        run_queued("import-structures")
        return [(arrival.outcome.value, arrival.slug) for arrival in arrivals]

    return send


def sets() -> list[StructureSet]:
    with session_scope(read_only=True) as session:
        return list(session.scalars(select(StructureSet).order_by(StructureSet.id)))


def newest_mask(grid: Grid) -> tuple[Mask, Revision]:
    with session_scope(read_only=True) as session:
        structure = session.scalars(select(Structure)).one()
        statement = select(Revision).where(Revision.structure_id == structure.id)
        revision = session.scalars(statement.where(Revision.number == structure.head)).one()
        return load_mask(revision, grid), revision


def warnings(modality: str) -> list[str]:
    with session_scope(read_only=True) as session:
        found = session.scalars(select(Series).where(Series.modality == modality))
        return [w["slug"] for series in found for w in series.warnings]


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("order", list(itertools.permutations(["ct", "rt", "reg"])))
def test_contours_of_another_frame_become_contours_on_the_ct(
    sends: Callable[..., Any], patient: Patient, order: tuple[str, ...], backwards: bool
) -> None:
    parts = {
        "ct": patient.ct,
        "rt": [patient.rtstruct()],
        "reg": [patient.reg(backwards=backwards)],
    }
    for part in (*order, *order):  # everything twice: nothing more comes of it
        sends(parts[part])
    (owner,) = sets()
    assert owner.registration is not None
    assert owner.label == "TEST (REG)"
    assert owner.registration["sop_instance_uid"] == parts["reg"][0].SOPInstanceUID
    assert owner.registration["frame_of_reference_uid"] == patient.other_frame
    assert np.abs(np.reshape(owner.registration["matrix"], (4, 4)) - TURN).max() < 1e-6
    mask, revision = newest_mask(patient.grid)
    direct = fill_polygons(patient.egg(), patient.grid).mask_kji
    assert direct.sum() > 800
    assert dice(mask, direct) > 0.97, "planes of 3 mm, turned by 9°, against planes drawn in the slices"
    assert mask.sum() == pytest.approx(direct.sum(), rel=0.02)
    assert (revision.number, revision.contours_sha256) == (1, None)
    assert warnings("RTSTRUCT") == []


def test_contours_stand_on_their_own_images_and_on_the_ct(
    sends: Callable[..., Any], patient: Patient
) -> None:
    """The other frame's images are here too: what came in stays on them, with the points it came in with."""
    ids = Ids(patient.ids.study, new_uid(), patient.other_frame, patient.ids.patient, patient.ids.name)
    other = make_ct_series(SHAPE, ids=ids)
    drawn = make_rtstruct(other, {"Larynx": {k: [(12, 16), (24, 16), (24, 30), (12, 30)] for k in (4, 5, 6)}})
    for part in ([*patient.ct, *other], [drawn], [patient.reg()], [patient.reg()]):
        sends(part)
    assert sorted(one.registration is not None for one in sets()) == [False, True]
    with session_scope(read_only=True) as session:
        statement = select(StructureSet.registration, Revision.contours_sha256, Revision.volume_cc)
        statement = statement.join(Structure, Structure.structure_set_id == StructureSet.id).join(Revision)
        rows = {row[0] is not None: (row[1], row[2]) for row in session.execute(statement)}
    assert rows[False][0] is not None
    assert rows[True][0] is None
    assert rows[True][1] == pytest.approx(rows[False][1], rel=0.05)


@pytest.mark.parametrize("reverse", [False, True])
def test_of_two_registrations_the_newest_counts_with_a_warning(
    sends: Callable[..., Any], patient: Patient, reverse: bool
) -> None:
    off = TURN @ matrix_of((0, 0, 0), (6.0, 0.0, 0.0))
    both = [patient.reg(off, date="20250101"), patient.reg(date="20260101")]
    sends([*patient.ct, patient.rtstruct()])
    for one in both[::-1] if reverse else both:
        sends([one])
    (owner,) = sets()
    assert owner.registration is not None
    assert owner.registration["sop_instance_uid"] == both[1].SOPInstanceUID
    assert owner.registration["disagreement_mm"] == pytest.approx(6.0, abs=0.1)
    mask, revision = newest_mask(patient.grid)
    assert dice(mask, fill_polygons(patient.egg(), patient.grid).mask_kji) > 0.97
    assert revision.number == (1 if reverse else 2), (
        "drawn again by the newer one, the older is in the history"
    )
    assert warnings("RTSTRUCT") == ["registrations-disagree"]


def test_what_people_have_worked_on_stays_where_it_is(
    sends: Callable[..., Any], patient: Patient, client: TestClient, login: Login
) -> None:
    sends([*patient.ct, patient.rtstruct(), patient.reg(date="20250101")])
    (owner,) = sets()
    headers = login("clinician")
    url = f"/api/structure-sets/{owner.id}"
    structure = client.get(url, headers=headers).json()["structures"][0]
    seen = {"revisions": {structure["id"]: structure["head"]["number"]}}
    assert client.post(f"{url}/submit", json=seen, headers=headers).status_code == 200
    newer = patient.reg(TURN @ matrix_of((0, 0, 0), (6.0, 0.0, 0.0)), date="20260101")
    sends([newer])
    (after,) = sets()
    assert after.registration == owner.registration
    assert newest_mask(patient.grid)[1].number == 1
    assert warnings("RTSTRUCT") == ["registration-changed"]


def measured(client: TestClient, headers: dict[str, str], dose_series_id: str) -> dict[str, Any]:
    with session_scope(read_only=True) as session:
        structure_id = session.scalars(select(Structure.id)).one()
    url = f"/api/structures/{structure_id}/revisions/1/dvh"
    answer = client.get(f"{url}?dose_series_id={dose_series_id}&metrics=mean,D2,D98", headers=headers)
    return {"status": answer.status_code, **answer.json()}


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("first", ["reg", "dose"])
def test_a_dose_of_another_frame_is_shown_and_measured_on_the_ct(
    sends: Callable[..., Any],
    patient: Patient,
    client: TestClient,
    login: Login,
    project: Project,
    first: str,
    backwards: bool,
) -> None:
    drawn = make_rtstruct(
        patient.ct, {"Parotid_L": {k: [(8, 8), (24, 8), (24, 28), (8, 28)] for k in (4, 5, 6)}}
    )
    dose, reg = patient.dose(), patient.reg(backwards=backwards)
    sends([*patient.ct, drawn])
    headers = login("reader")
    if first == "dose":
        assert sends([dose]) == [("stored", None)]
        assert warnings("RTDOSE") == ["dose-without-registration"]
        with session_scope(read_only=True) as session:
            alone = session.scalars(select(Series.id).where(Series.modality == "RTDOSE")).one()
        problem = measured(client, headers, alone)
        assert (problem["status"], problem["type"]) == (409, "/problems/other-frame-of-reference")
        sends([reg])
    else:
        sends([reg])
        sends([dose])
    assert warnings("RTDOSE") == []
    (study,) = client.get(f"/api/projects/{project.id}/studies", headers=headers).json()["items"]
    (shown,) = client.get(f"/api/studies/{study['id']}", headers=headers).json()["registered_doses"]
    assert shown["registration"]["label"] == "RIGID"
    assert shown["registration"]["content_date"] == "20260103"
    assert shown["volume"]["frame_of_reference_uid"] == patient.frame
    grid = Grid.from_json(shown["volume"]["grid"])
    back = RigidTransform.from_matrix(TURN).inverse()
    assert back.apply(grid.origin_lps_mm) == pytest.approx(
        [float(v) for v in dose.ImagePositionPatient], abs=1e-4
    )
    found = measured(client, headers, shown["series_id"])
    assert found["registration"]["sop_instance_uid"] == reg.SOPInstanceUID
    mask, _ = newest_mask(patient.grid)
    expected = gray(patient.grid.to_lps(np.argwhere(mask)[:, ::-1]))
    values = {one["metric"]: one["value"] for one in found["values"]}
    assert found["outside_fraction"] == 0
    assert found["mean_gy"] == pytest.approx(expected.mean(), abs=0.01)
    assert values["D2"] == pytest.approx(np.percentile(expected, 98), abs=0.1)
    assert values["D98"] == pytest.approx(np.percentile(expected, 2), abs=0.1)


@pytest.mark.parametrize(
    ("matrix", "slug"),
    [
        (np.diag([1.0, 1.0, -1.0, 1.0]), "registration-not-rigid"),
        (np.diag([1.1, 1.1, 1.1, 1.0]), "registration-not-rigid"),
        (None, "registration-incomplete"),
    ],
)
def test_a_registration_that_is_not_rigid_is_named_and_not_applied(
    sends: Callable[..., Any], patient: Patient, matrix: Any, slug: str
) -> None:
    reg = make_reg(patient.frame, [(patient.other_frame, matrix)], like=patient.ct[0])
    assert sends([*patient.ct, patient.rtstruct(), patient.dose(), reg])[-1] == ("stored", None)
    assert sets() == []
    assert warnings("REG") == [slug]
    assert warnings("RTDOSE") == ["dose-without-registration"]
    assert warnings("RTSTRUCT") == ["wrong-reference"]


def test_a_deformable_registration_is_kept_and_named(sends: Callable[..., Any], patient: Patient) -> None:
    reg = patient.reg()
    reg.SOPClassUID = reg.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.66.3"
    assert sends([*patient.ct, patient.rtstruct(), reg])[-1] == ("stored", None)
    assert (sets(), warnings("REG")) == ([], ["registration-deformable"])


@pytest.mark.parametrize("first", [True, False])
def test_a_registration_of_another_patient_is_refused(
    sends: Callable[..., Any], patient: Patient, first: bool
) -> None:
    reg = patient.reg()
    reg.PatientID, reg.PatientName, reg.StudyInstanceUID = "SOMEONE", "Else^Someone", new_uid()
    told = sends([reg, *patient.ct] if first else [*patient.ct, reg])
    assert told[0 if first else -1] == ("refused", "wrong-reference")
    with session_scope(read_only=True) as session:
        assert session.scalar(select(func.count()).select_from(Registration)) == 0


def test_a_registration_that_another_patient_has_moves_nothing_here(
    sends: Callable[..., Any], patient: Patient
) -> None:
    """It came before any images, so nothing spoke against it; it is in no study of this patient."""
    reg = patient.reg()
    reg.PatientID, reg.PatientName, reg.StudyInstanceUID = "SOMEONE", "Else^Someone", new_uid()
    assert sends([reg]) == [("stored", None)]
    sends([*patient.ct, patient.rtstruct(), patient.dose()])
    assert sets() == []
    assert warnings("RTDOSE") == ["dose-without-registration"]


def test_a_registration_in_another_study_of_the_patient_counts(
    sends: Callable[..., Any], patient: Patient
) -> None:
    reg = patient.reg()
    reg.StudyInstanceUID = new_uid()
    sends([reg])
    sends([*patient.ct, patient.rtstruct()])
    assert [one.registration is not None for one in sets()] == [True]


def test_a_dose_of_an_earlier_study_is_shown_on_the_new_ct(
    sends: Callable[..., Any], patient: Patient, client: TestClient, login: Login, project: Project
) -> None:
    earlier = patient.dose()
    earlier.StudyInstanceUID = new_uid()
    sends([earlier])
    sends([*patient.ct, patient.reg()])
    headers = login("reader")
    studies = client.get(f"/api/projects/{project.id}/studies", headers=headers).json()["items"]
    ct = next(one for one in studies if one["study_instance_uid"] == patient.ids.study)
    assert len(client.get(f"/api/studies/{ct['id']}", headers=headers).json()["registered_doses"]) == 1


def test_a_moved_set_leaves_traced_and_says_what_moved_it(
    sends: Callable[..., Any], patient: Patient, client: TestClient, login: Login
) -> None:
    dataset = patient.rtstruct()
    dataset.private_block(0x3263, "PLANNING", create=True).add_new(1, "LO", "of frame B")
    reg = patient.reg()
    sends([*patient.ct, dataset, reg])
    (owner,) = sets()
    url = f"/api/structure-sets/{owner.id}/export?format=rtstruct"
    left = read_stored(client.get(url, headers=login("clinician")).content)
    assert left.ReferencedFrameOfReferenceSequence[0].FrameOfReferenceUID == patient.frame
    assert reg.SOPInstanceUID in left.StructureSetDescription
    assert "PredecessorStructureSetSequence" not in left
    assert not [element for element in left if element.tag.is_private]
    first = left.ROIContourSequence[0].ContourSequence[0]
    heights = {float(v) for v in first.ContourData[2::3]}
    assert len(heights) == 1, "in a slice of the CT"


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
    assert owner.label == "RINKAKU (REG)"
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
