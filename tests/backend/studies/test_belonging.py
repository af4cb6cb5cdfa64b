"""What belongs to another patient or frame of reference than its images is refused at every door, by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence
from sqlalchemy import func, select

from backend.kit.clock import now
from backend.kit.db import session_scope
from backend.labels.tables import StructureSet
from backend.projects.tables import Project
from backend.studies.imports import import_path
from backend.studies.tables import Instance, Patient, Series, Study
from rt.dicom.kinds import RTPLAN
from rt.dicom.outgoing import ObjectHeader, SeriesReference, StructureOut
from rt.dicom.seg import write_seg
from rt.dicom.uids import new_uid
from rt.geometry import Grid
from tests.backend.studies.sending import begin, complete, put
from tests.factories.dicom import Ids, encode, make_ct_series, make_instance, make_rtdose, make_rtstruct
from tests.factories.jobs import run_queued

Login = Callable[..., dict[str, str]]
Told = dict[str, tuple[str, str | None]]
"""Outcome and slug by SOP Instance UID."""
RING = [(4.0, 4.0), (9.0, 4.0), (9.0, 9.0), (4.0, 9.0)]
SHAPE = (5, 16, 16)


@dataclass
class Doors:
    """Sends one batch through a door and tells what became of each file."""

    client: TestClient
    headers: dict[str, str]
    project: Project
    folder: Path

    def browser(self, datasets: Sequence[Dataset]) -> Told:
        batch = begin(self.client, self.headers, self.project)
        told: Told = {}
        for number, dataset in enumerate(datasets):
            (one,) = put(self.client, self.headers, batch, f"{number}.dcm", encode(dataset))
            told[dataset.SOPInstanceUID] = (one["outcome"], one["slug"])
        done = complete(self.client, self.headers, batch)
        assert complete(self.client, self.headers, batch) == done
        for one in done["refusals"]:
            told[one["sop_instance_uid"]] = (one["outcome"], one["slug"])
            assert one["name"].endswith(".dcm")
        assert done["refused"] == sum(outcome == "refused" for outcome, _ in told.values())
        return told

    def stow(self, datasets: Sequence[Dataset]) -> Told:
        parts = (b"--x\r\nContent-Type: application/dicom\r\n\r\n" + encode(d) + b"\r\n" for d in datasets)
        kind = {"Content-Type": 'multipart/related; type="application/dicom"; boundary=x'}
        body = b"".join(parts) + b"--x--"
        answer = self.client.post("/dicomweb/studies", content=body, headers=self.headers | kind)
        document: dict[str, Any] = answer.json()
        told: Told = {}
        for item in document.get("00081199", {}).get("Value", []):
            told[item["00081155"]["Value"][0]] = ("stored", None)
        for item in document.get("00081198", {}).get("Value", []):
            assert item["00081197"]["Value"] == [0xA901]
            told[item["00081155"]["Value"][0]] = ("refused", "wrong-reference")
        assert answer.status_code == (202 if document.get("00081199") else 409) or "00081198" not in document
        return told

    def command(self, datasets: Sequence[Dataset]) -> Told:
        folder = self.folder / new_uid()
        folder.mkdir()
        for number, dataset in enumerate(datasets):
            (folder / f"{number:03}.dcm").write_bytes(encode(dataset))
        summary, arrivals = import_path(self.project.id, None, folder)
        assert summary.refused == len(summary.refusals)
        return {a.sop_instance_uid or "": (a.outcome.value, a.slug) for a in arrivals}


@pytest.fixture(params=["browser", "stow", "command"])
def door(
    request: pytest.FixtureRequest, client: TestClient, login: Login, project: Project, tmp_path: Path
) -> Callable[[Sequence[Dataset]], Told]:
    doors = Doors(client, login("clinician"), project, tmp_path)
    sends: Callable[[Sequence[Dataset]], Told] = getattr(doors, request.param)
    return sends


def counts() -> tuple[int, ...]:
    """Patients, studies, series, instances in the database."""
    with session_scope(read_only=True) as session:
        tables = (Patient, Study, Series, Instance)
        return tuple(session.scalar(select(func.count()).select_from(t)) or 0 for t in tables)


def ct() -> list[Dataset]:
    return make_ct_series(SHAPE)


def in_another_frame(dataset: Dataset) -> Dataset:
    uid = new_uid()
    dataset.FrameOfReferenceUID = uid
    for frame in dataset.get("ReferencedFrameOfReferenceSequence", ()):
        frame.FrameOfReferenceUID = uid
    for roi in dataset.get("StructureSetROISequence", ()):
        roi.ReferencedFrameOfReferenceUID = uid
    return dataset


def of_another_patient(dataset: Dataset) -> Dataset:
    """In a study of that patient's, as if it had been sent to the wrong place."""
    dataset.PatientID, dataset.PatientName = "SOMEONE-ELSE", "Else^Someone"
    dataset.StudyInstanceUID = new_uid()
    return dataset


def rtstruct(images: list[Dataset]) -> Dataset:
    return make_rtstruct(images, {"Larynx": {2: RING}})


def unnamed(images: list[Dataset]) -> Dataset:
    """Names its images in the contours only."""
    dataset = rtstruct(images)
    del dataset.ReferencedFrameOfReferenceSequence
    return dataset


def seg(images: list[Dataset]) -> Dataset:
    grid = Grid.of(SHAPE, (2.0, 2.0, 3.0), (-64.0, -64.0, -30.0), np.eye(3))
    mask = np.zeros(SHAPE, dtype=bool)
    mask[1:3, 4:9, 4:9] = True
    first = images[0]
    series = SeriesReference(
        study_instance_uid=first.StudyInstanceUID,
        series_instance_uid=first.SeriesInstanceUID,
        frame_of_reference_uid=first.FrameOfReferenceUID,
        sop_class_uid=first.SOPClassUID,
        sop_instance_uids=tuple(image.SOPInstanceUID for image in images),
        grid=grid,
        attributes={"PatientID": first.PatientID, "PatientName": str(first.PatientName)},
    )
    header = ObjectHeader("Elsewhere", new_uid(), new_uid(), now())
    return write_seg(series, [StructureOut(1, "Larynx", "#102030", "ORGAN", mask)], header)


@pytest.mark.parametrize("make", [rtstruct, unnamed, seg])
@pytest.mark.parametrize("spoil", [in_another_frame, of_another_patient])
def test_a_stranger_to_images_that_are_here_is_refused(
    door: Callable[[Sequence[Dataset]], Told],
    make: Callable[[list[Dataset]], Dataset],
    spoil: Callable[[Dataset], Dataset],
) -> None:
    images = ct()
    door(images)
    before = counts()
    stranger = spoil(make(images))
    assert door([stranger]) == {stranger.SOPInstanceUID: ("refused", "wrong-reference")}
    assert counts() == before


@pytest.mark.parametrize("spoil", [in_another_frame, of_another_patient])
def test_a_stranger_to_images_that_come_later_in_its_batch_is_refused(
    door: Callable[[Sequence[Dataset]], Told], spoil: Callable[[Dataset], Dataset]
) -> None:
    images = ct()
    stranger = spoil(rtstruct(images))
    told = door([stranger, *images])
    assert told.pop(stranger.SOPInstanceUID) == ("refused", "wrong-reference")
    assert {outcome for outcome, _ in told.values()} == {"stored"}
    assert counts() == (1, 1, 1, SHAPE[0])
    run_queued("import-structures")
    with session_scope(read_only=True) as session:
        assert session.scalars(select(Series.warnings)).all() == [[]]


@pytest.mark.parametrize("order", ["before", "with", "after"])
@pytest.mark.parametrize("make", [rtstruct, unnamed, seg])
def test_a_structure_set_that_belongs_is_read_whenever_it_comes(
    door: Callable[[Sequence[Dataset]], Told], make: Callable[[list[Dataset]], Dataset], order: str
) -> None:
    images = ct()
    one = make(images)
    batches = {"before": [[one], images], "with": [[one, *images]], "after": [images, [one]]}[order]
    for batch in batches:
        assert {outcome for outcome, _ in door(batch).values()} == {"stored"}
        run_queued("assemble")
        run_queued("import-structures")
    with session_scope(read_only=True) as session:
        assert session.scalar(select(func.count()).select_from(StructureSet)) == 1
        assert session.scalars(select(Series.warnings)).all() == [[], []]


def test_a_stranger_that_came_long_before_its_images_is_kept_with_a_warning(
    door: Callable[[Sequence[Dataset]], Told],
) -> None:
    images = ct()
    stranger = in_another_frame(rtstruct(images))
    assert door([stranger]) == {stranger.SOPInstanceUID: ("stored", None)}
    door(images)
    run_queued("assemble")
    run_queued("import-structures")
    with session_scope(read_only=True) as session:
        series = session.scalars(select(Series).where(Series.modality == "RTSTRUCT")).one()
        assert session.scalar(select(func.count()).select_from(StructureSet)) == 0
    assert [(w["slug"], w["severity"]) for w in series.warnings] == [("wrong-reference", "refusal")]


def plan_and_dose(images: list[Dataset], drawn: Dataset) -> tuple[Dataset, Dataset]:
    """A plan on a structure set, and the dose of the plan."""
    ids = Ids(images[0].StudyInstanceUID, new_uid(), images[0].FrameOfReferenceUID)
    plan = make_instance(RTPLAN, "RTPLAN", ids, "plan")
    plan.ReferencedStructureSetSequence = DicomSequence([_reference(drawn)])
    dose = make_rtdose(images, np.linspace(1, 9, 24).reshape(2, 3, 4), (4.0, 4.0, 3.0))
    dose.ReferencedRTPlanSequence = DicomSequence([_reference(plan)])
    return plan, dose


def _reference(dataset: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = dataset.SOPClassUID
    item.ReferencedSOPInstanceUID = dataset.SOPInstanceUID
    return item


@pytest.mark.parametrize("first", [True, False])
def test_a_dose_of_another_patient_than_its_plan_is_refused(
    door: Callable[[Sequence[Dataset]], Told], first: bool
) -> None:
    images = ct()
    drawn = rtstruct(images)
    plan, dose = plan_and_dose(images, drawn)
    of_another_patient(dose)
    others = [*images, drawn, plan]
    told = door([dose, *others] if first else [*others, dose])
    assert told[dose.SOPInstanceUID] == ("refused", "wrong-reference")
    assert counts() == (1, 1, 3, SHAPE[0] + 2)


def test_a_dose_that_belongs_goes_in(door: Callable[[Sequence[Dataset]], Told]) -> None:
    images = ct()
    drawn = rtstruct(images)
    told = door([*plan_and_dose(images, drawn)[::-1], drawn, *images])
    assert {outcome for outcome, _ in told.values()} == {"stored"}


@pytest.mark.timeout(30)
def test_a_plan_that_refers_to_itself_keeps_nobody_waiting(door: Callable[[Sequence[Dataset]], Told]) -> None:
    images = ct()
    plan, dose = plan_and_dose(images, rtstruct(images))
    plan.ReferencedStructureSetSequence = DicomSequence([_reference(plan)])
    told = door([*images, plan, dose])
    assert {outcome for outcome, _ in told.values()} == {"stored"}


def dose_alone(images: list[Dataset]) -> Dataset:
    """Names neither plan nor structure set."""
    return make_rtdose(images, np.linspace(1, 9, 24).reshape(2, 3, 4), (4.0, 4.0, 3.0))


def in_another_study(dataset: Dataset) -> Dataset:
    dataset.StudyInstanceUID = new_uid()
    return dataset


@pytest.mark.parametrize("make", [rtstruct, unnamed, seg, dose_alone])
@pytest.mark.parametrize("first", [True, False])
def test_what_lies_in_another_study_than_its_images_is_refused(
    door: Callable[[Sequence[Dataset]], Told], make: Callable[[list[Dataset]], Dataset], first: bool
) -> None:
    images = ct()
    stranger = in_another_study(make(images))
    told = door([stranger, *images] if first else [*images, stranger])
    assert told[stranger.SOPInstanceUID] == ("refused", "wrong-reference")
    assert counts() == (1, 1, 1, SHAPE[0])


def test_a_dose_in_another_study_than_its_plan_is_refused(door: Callable[[Sequence[Dataset]], Told]) -> None:
    images = ct()
    plan, dose = plan_and_dose(images, rtstruct(images))
    in_another_study(dose)
    assert door([plan, dose])[dose.SOPInstanceUID] == ("refused", "wrong-reference")
    assert counts() == (1, 1, 1, 1)


def test_both_studies_are_named(client: TestClient, login: Login, project: Project) -> None:
    headers, images = login("clinician"), ct()
    stranger = in_another_study(rtstruct(images))
    batch = begin(client, headers, project)
    for number, dataset in enumerate([*images, stranger]):
        (one,) = put(client, headers, batch, f"{number}.dcm", encode(dataset))
    assert one["detail"] == (
        f"it is in study {stranger.StudyInstanceUID}, what it refers to in study {images[0].StudyInstanceUID}"
    )


@pytest.mark.parametrize("with_plan", [True, False])
@pytest.mark.parametrize("first", [True, False])
def test_a_dose_in_another_frame_waits_for_a_registration(
    door: Callable[[Sequence[Dataset]], Told], with_plan: bool, first: bool
) -> None:
    images = ct()
    drawn = rtstruct(images)
    plan, dose = plan_and_dose(images, drawn)
    if not with_plan:
        dose = dose_alone(images)
    in_another_frame(dose)
    others = [*images, drawn, plan]
    told = door([dose, *others] if first else [*others, dose])
    run_queued("assemble")
    assert told[dose.SOPInstanceUID] == ("stored", None)
    with session_scope(read_only=True) as session:
        series = session.scalars(select(Series).where(Series.modality == "RTDOSE")).one()
    assert [(w["slug"], w["severity"]) for w in series.warnings] == [("dose-without-registration", "warning")]


def test_a_dose_that_names_nothing_belongs_to_the_images_of_its_frame(
    door: Callable[[Sequence[Dataset]], Told],
) -> None:
    images = ct()
    assert door([dose_alone(images)]).popitem()[1] == ("stored", None), "its images may come later"
    door(images)
    dose = of_another_patient(make_rtdose(images, np.ones((2, 3, 4)), (4.0, 4.0, 3.0), seed="another"))
    before = counts()
    assert door([dose]) == {dose.SOPInstanceUID: ("refused", "wrong-reference")}
    assert counts() == before


def nameless(dataset: Dataset, name: str = "Test^Patient", born: str = "19600102") -> Dataset:
    dataset.PatientID, dataset.PatientName, dataset.PatientBirthDate = "", name, born
    return dataset


@pytest.mark.parametrize("make", [rtstruct, unnamed, seg, dose_alone])
@pytest.mark.parametrize(
    ("name", "born", "outcome"),
    [
        ("Else^Someone", "19600102", "refused"),
        ("Test^Patient", "19991231", "refused"),
        ("TEST^PATIENT", "", "stored"),
        ("", "19600102", "stored"),
        ("Test^Patient=検査^患者", "19600102", "stored"),
    ],
)
def test_without_a_patient_id_name_and_birth_date_say_whose_it_is(
    client: TestClient,
    login: Login,
    project: Project,
    make: Callable[[list[Dataset]], Dataset],
    name: str,
    born: str,
    outcome: str,
) -> None:
    headers, images = login("clinician"), [nameless(image) for image in ct()]
    batch = begin(client, headers, project)
    for number, dataset in enumerate([*images, nameless(make(images), name, born)]):
        (one,) = put(client, headers, batch, f"{number}.dcm", encode(dataset))
    assert one["outcome"] == outcome
    assert counts() == (1, 1, 1 + (outcome == "stored"), SHAPE[0] + (outcome == "stored"))


def test_a_nameless_structure_set_that_names_no_images_is_held_against_its_study(
    client: TestClient, login: Login, project: Project
) -> None:
    headers, images = login("clinician"), [nameless(image) for image in ct()]
    stranger = nameless(in_another_frame(unnamed(images)), "Else^Someone", "")
    stranger.ROIContourSequence = DicomSequence([])
    batch = begin(client, headers, project)
    for number, dataset in enumerate([*images, stranger]):
        (one,) = put(client, headers, batch, f"{number}.dcm", encode(dataset))
    assert (one["outcome"], one["slug"]) == ("refused", "wrong-patient")
    assert counts() == (1, 1, 1, SHAPE[0])


def test_images_that_are_two_patients_own_belong_to_both(
    door: Callable[[Sequence[Dataset]], Told],
) -> None:
    """Sloppy pseudonyms keep UIDs: the same series in the studies of two patients."""
    first, second = ct(), ct()
    study = new_uid()
    for image in second:
        image.PatientID, image.PatientName, image.StudyInstanceUID = "P2", "Two", study
        image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = new_uid()
    door(first)
    door(second)
    one = rtstruct(second)
    one.PatientID, one.PatientName, one.StudyInstanceUID = "P2", "Two", study
    assert door([one]) == {one.SOPInstanceUID: ("stored", None)}
