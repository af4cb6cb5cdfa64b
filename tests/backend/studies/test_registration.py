"""A registration shows what came in another frame of reference on the patient's CT, whatever the order.

The CT is in frame A.  The structure set and the dose of frame B are phantoms that were moved by a known
rotation and translation, so what must come out on the CT is what is drawn and computed there directly.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from backend.kit.db import session_scope
from backend.labels.tables import Revision, Structure, StructureSet
from backend.projects.tables import Project
from backend.studies.tables import Registration, Series
from rt.contours import fill_polygons
from rt.dicom.parse import read_stored
from rt.dicom.uids import new_uid
from rt.geometry import Grid
from rt.metrics import dice
from rt.registration import RigidTransform
from tests.backend.studies.registered import (
    SHAPE,
    TURN,
    Login,
    Patient,
    gray,
    newest_mask,
    patient,
    sends,
    sets,
    warnings,
)
from tests.factories.dicom import Ids, make_ct_series, make_rtstruct
from tests.factories.plans import item, photon_plan
from tests.factories.registration import make_reg, matrix_of

__all__ = ["patient", "sends"]


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


def test_a_moved_set_says_that_another_registration_counts_or_that_its_own_is_gone(
    sends: Callable[..., Any], patient: Patient, client: TestClient, login: Login, project: Project
) -> None:
    """Its dose is placed by the newer one, and nothing on the CT said so (hostile review)."""
    first, newer = patient.reg(date="20250101"), patient.reg(TURN @ matrix_of((0, 0, 0), (6.0, 0, 0)))
    first.StudyInstanceUID, newer.StudyInstanceUID = new_uid(), new_uid()
    sends([*patient.ct, patient.rtstruct(), first])
    (owner,) = sets()
    headers, url = login("clinician"), f"/api/structure-sets/{owner.id}"

    def standing() -> tuple[str, str | None]:
        told = client.get(url, headers=headers).json()["registration_standing"]
        return told["state"], told["by"] and told["by"]["sop_instance_uid"]

    def delete(study_instance_uid: str) -> None:
        studies = client.get(f"/api/projects/{project.id}/studies", headers=headers).json()["items"]
        (found,) = [one["id"] for one in studies if one["study_instance_uid"] == study_instance_uid]
        client.delete(f"/api/studies/{found}", headers=login("administrator")).raise_for_status()

    assert standing() == ("current", first.SOPInstanceUID)
    structure = client.get(url, headers=headers).json()["structures"][0]
    seen = {"revisions": {structure["id"]: structure["head"]["number"]}}
    assert client.post(f"{url}/submit", json=seen, headers=headers).status_code == 200
    sends([newer])
    assert standing() == ("superseded", newer.SOPInstanceUID)
    delete(first.StudyInstanceUID)
    assert standing() == ("gone", newer.SOPInstanceUID)
    delete(newer.StudyInstanceUID)
    assert standing() == ("gone", None)


def measured(client: TestClient, headers: dict[str, str], dose_series_id: str) -> dict[str, Any]:
    """Of whole voxels, as the expected values are; of the contours themselves: tests/backend/dose."""
    with session_scope(read_only=True) as session:
        structure_id = session.scalars(select(Structure.id)).one()
    url = f"/api/structures/{structure_id}/revisions/1/dvh"
    answer = client.get(
        f"{url}?dose_series_id={dose_series_id}&metrics=mean,D2,D98&delineation=voxels", headers=headers
    )
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


def test_a_dose_that_a_registration_moved_has_its_plan_and_prescription_on_the_new_ct(
    sends: Callable[..., Any], patient: Patient, client: TestClient, login: Login, project: Project
) -> None:
    plan, earlier = photon_plan(patient.ct[0]), patient.dose()
    plan.StudyInstanceUID = earlier.StudyInstanceUID = new_uid()
    plan.FrameOfReferenceUID = patient.other_frame
    earlier.ReferencedRTPlanSequence = [
        item(ReferencedSOPClassUID=plan.SOPClassUID, ReferencedSOPInstanceUID=plan.SOPInstanceUID)
    ]
    sends([earlier, plan])
    sends([*patient.ct, patient.reg()])
    headers = login("reader")
    studies = client.get(f"/api/projects/{project.id}/studies", headers=headers).json()["items"]
    ct = next(one for one in studies if one["study_instance_uid"] == patient.ids.study)
    (dose,) = client.get(f"/api/studies/{ct['id']}/doses", headers=headers).json()["items"]
    assert (dose["plan_label"], dose["prescription_gy"], dose["is_whole_plan"]) == ("SIB 70/56", 70, True)
    (told,) = client.get(f"/api/studies/{ct['id']}/plans", headers=headers).json()["items"]
    assert (told["sop_instance_uid"], told["prescription_gy"]) == (plan.SOPInstanceUID, 70)
    assert told["dose_series_ids"] == [dose["series_id"]]


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
