"""C-FIND, C-GET and C-MOVE as DCMTK's programs and Orthanc use them."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from pydicom import Dataset
from pynetdicom import AE
from pynetdicom.dimse_primitives import C_FIND
from sqlalchemy import select

from backend.audit.tables import AuditEntry
from backend.dimse import network
from backend.dimse.schemas import Caller
from backend.kit import db
from backend.projects.tables import Project
from backend.studies.tables import Instance
from tests.backend.dimse.conftest import (
    CALLER,
    TITLE,
    Orthanc,
    Ours,
    dcmtk,
    give_title,
    wait_until,
)
from tests.factories.dicom import encode, make_ct_series, make_rtstruct
from tests.factories.patients import send

FIND_STUDY = "1.2.840.10008.5.1.4.1.2.2.1"


@pytest.fixture
def images(ours: Ours, tmp_path: Path) -> list[Dataset]:
    """A CT of five slices, in the default project."""
    made = make_ct_series((5, 16, 16))
    for dataset in made:
        dataset.PatientName, dataset.PatientID, dataset.StudyDescription = "Müller^Ada", "P-1", "planning"
        dataset.SpecificCharacterSet = "ISO_IR 192"
    folder = tmp_path / "images"
    folder.mkdir()
    send(ours.project, folder, made)
    return made


def find(ours: Ours, tmp_path: Path, root: str, *keys: str, caller: str = CALLER) -> list[Dataset]:
    """findscu's answers."""
    folder = tmp_path / "answers"
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    pairs = [word for key in keys for word in ("-k", key)]
    run = dcmtk("findscu", root, "-X", "-od", folder, *ours.address(caller=caller), *pairs)
    assert run.returncode == 0, run.stderr
    return [pydicom.dcmread(path, force=True) for path in sorted(folder.iterdir())]


def test_studies_are_found_with_what_was_asked_for(ours: Ours, images: list[Dataset], tmp_path: Path) -> None:
    (found,) = find(
        ours, tmp_path, "-S", "QueryRetrieveLevel=STUDY", "PatientName=M*", "StudyInstanceUID",
        "ModalitiesInStudy", "NumberOfStudyRelatedInstances", "StudyDate=20200101-", "InstitutionName",
    )  # fmt: skip
    assert found.PatientName == "Müller^Ada"
    assert found.StudyInstanceUID == images[0].StudyInstanceUID
    assert (found.ModalitiesInStudy, found.NumberOfStudyRelatedInstances) == ("CT", 5)
    assert found.InstitutionName == ""
    assert "StudyDescription" not in found
    assert find(ours, tmp_path, "-S", "QueryRetrieveLevel=STUDY", "PatientName=Nobody") == []


def test_series_and_images_are_found(ours: Ours, images: list[Dataset], tmp_path: Path) -> None:
    study, series = images[0].StudyInstanceUID, images[0].SeriesInstanceUID
    of_study = f"StudyInstanceUID={study}"
    (found,) = find(ours, tmp_path, "-S", "QueryRetrieveLevel=SERIES", of_study, "Modality=CT")
    assert found.SeriesInstanceUID == series
    answers = find(
        ours, tmp_path, "-P", "QueryRetrieveLevel=IMAGE", of_study, f"SeriesInstanceUID={series}",
        "SOPInstanceUID", "InstanceNumber",
    )  # fmt: skip
    assert {one.SOPInstanceUID for one in answers} == {one.SOPInstanceUID for one in images}


def test_a_patient_of_two_studies_is_one_patient(ours: Ours, images: list[Dataset], tmp_path: Path) -> None:
    again = make_ct_series((2, 16, 16), seed="again")
    for dataset in again:
        dataset.PatientName, dataset.PatientID = "Müller^Ada", "P-1"
        dataset.SpecificCharacterSet = "ISO_IR 192"
    folder = tmp_path / "again"
    folder.mkdir()
    send(ours.project, folder, again)
    assert again[0].StudyInstanceUID != images[0].StudyInstanceUID
    (found,) = find(ours, tmp_path, "-P", "QueryRetrieveLevel=PATIENT", "PatientID=P-1", "PatientName")
    assert (found.PatientID, found.PatientName) == ("P-1", "Müller^Ada")


def ask(ours: Ours, identifier: Dataset, title: str = TITLE) -> list[int]:
    """The statuses of the answers to a C-FIND."""
    entity = AE(ae_title=CALLER)
    entity.add_requested_context(FIND_STUDY)
    association = entity.associate("127.0.0.1", ours.port, ae_title=title)
    if not association.accepted_contexts:
        return []
    answers = [status.Status for status, _ in association.send_c_find(identifier, FIND_STUDY)]
    association.release()
    return answers


def identifier_of(**keys: str) -> Dataset:
    identifier = Dataset()
    for keyword, value in keys.items():
        setattr(identifier, keyword, value)
    return identifier


@pytest.mark.parametrize(
    "keys",
    [
        {"QueryRetrieveLevel": "PATIENT", "PatientID": ""},
        {"QueryRetrieveLevel": "NONSENSE"},
        {"PatientID": ""},
        {"QueryRetrieveLevel": "SERIES", "SeriesNumber": "x1"},
    ],
)
def test_queries_that_cannot_be_understood_are_said_to_be_so(ours: Ours, keys: dict[str, str]) -> None:
    identifier = Dataset()
    for keyword, value in keys.items():
        if keyword == "SeriesNumber":
            identifier.add_new(0x00200011, "LO", value)
        else:
            setattr(identifier, keyword, value)
    assert ask(ours, identifier) == [0xA900]


def test_an_identifier_without_end_is_cut_off(ours: Ours, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "MAX_MESSAGE_BYTES", 1 << 18)
    entity = AE(ae_title=CALLER)
    entity.add_requested_context(FIND_STUDY)
    association = entity.associate("127.0.0.1", ours.port, ae_title=TITLE)
    wire = association.dul.socket.socket
    request = C_FIND()
    request.MessageID, request.Priority, request.AffectedSOPClassUID = 1, 2, FIND_STUDY
    request.Identifier = BytesIO(b"\0" * (1 << 20))
    association.dimse.send_msg(request, association.accepted_contexts[0].context_id)
    wait_until(lambda: not association.is_established)
    wire.close()  # pynetdicom leaves that to the garbage collector
    assert dcmtk("echoscu", *ours.address()).returncode == 0


def test_a_title_that_answers_no_queries_offers_none(ours: Ours, images: list[Dataset]) -> None:
    give_title(ours.project, "INBOX")
    assert ask(ours, identifier_of(QueryRetrieveLevel="STUDY"), "INBOX") == []


def test_what_is_in_another_project_is_not_found(ours: Ours, images: list[Dataset], tmp_path: Path) -> None:
    with db.session_scope() as session:
        other = Project(slug="other", name="Other", rules=[], template=[])
        session.add(other)
    give_title(other, "OTHER", callers=[Caller(title=CALLER)], allow_query=True)
    everything = identifier_of(QueryRetrieveLevel="STUDY", StudyInstanceUID="")
    assert ask(ours, everything, "OTHER") == [0x0000]
    assert ask(ours, everything) == [0xFF00, 0x0000]


@pytest.mark.parametrize("level", ["STUDY", "SERIES", "IMAGE"])
def test_getscu_gets_what_was_sent(ours: Ours, images: list[Dataset], tmp_path: Path, level: str) -> None:
    folder = tmp_path / "got"
    folder.mkdir()
    one = images[2]
    keys = [f"QueryRetrieveLevel={level}", f"StudyInstanceUID={one.StudyInstanceUID}"]
    if level != "STUDY":
        keys.append(f"SeriesInstanceUID={one.SeriesInstanceUID}")
    if level == "IMAGE":
        keys.append(f"SOPInstanceUID={one.SOPInstanceUID}")
    pairs = [word for key in keys for word in ("-k", key)]
    run = dcmtk("getscu", "-S", "-od", folder, *ours.address(), *pairs)
    assert run.returncode == 0, run.stderr
    got = {read.SOPInstanceUID: read for read in (pydicom.dcmread(path) for path in folder.iterdir())}
    expected = [one] if level == "IMAGE" else images
    assert got.keys() == {dataset.SOPInstanceUID for dataset in expected}
    assert got[one.SOPInstanceUID].PixelData == one.PixelData
    assert retrievals() == [("PACS", len(expected))]


def retrievals() -> list[tuple[str, int]]:
    """Peer and number of instances of each retrieval in the audit trail."""
    with db.session_scope(read_only=True) as session:
        wanted = select(AuditEntry.changes).where(AuditEntry.action == "dimse.instances.retrieved")
        return [(changes["peer"], changes["instances"]) for changes in session.scalars(wanted)]


def test_movescu_lets_us_send_to_a_third(
    ours: Ours, images: list[Dataset], storescp: Callable[..., Path]
) -> None:
    folder = storescp()
    pairs = ["-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={images[0].StudyInstanceUID}"]
    run = dcmtk("movescu", "-S", "-aem", "STORAGE", *ours.address(), *pairs)
    assert run.returncode == 0, run.stderr
    moved = {pydicom.dcmread(path).SOPInstanceUID for path in folder.iterdir()}
    assert moved == {dataset.SOPInstanceUID for dataset in images}
    assert retrievals() == [("STORAGE", 5)]


def test_nothing_is_moved_to_who_is_no_peer_of_the_project(ours: Ours, images: list[Dataset]) -> None:
    pairs = ["-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={images[0].StudyInstanceUID}"]
    run = dcmtk("movescu", "-v", "-S", "-aem", "ANYWHERE", *ours.address(), *pairs)
    assert "Refused: MoveDestinationUnknown" in run.stdout + run.stderr
    assert retrievals() == []


def test_orthanc_asks_and_takes(ours: Ours, images: list[Dataset], tmp_path: Path, orthanc: Orthanc) -> None:
    ring = [(2.0, 2.0), (8.0, 2.0), (8.0, 8.0)]
    contours = make_rtstruct(images, {"Larynx": {1: ring}})
    folder = tmp_path / "contours"
    folder.mkdir()
    send(ours.project, folder, [contours])
    query = orthanc.ask("/modalities/rinkaku/query", {"Level": "Study", "Query": {"PatientID": "P-1"}})
    (answer,) = orthanc.http.get(f"/queries/{query['ID']}/answers").json()
    found = orthanc.http.get(f"/queries/{query['ID']}/answers/{answer}/content?simplify").json()
    assert found["StudyInstanceUID"] == images[0].StudyInstanceUID
    resources = [{"StudyInstanceUID": images[0].StudyInstanceUID}]
    body = {"Level": "Study", "Resources": resources, "TargetAet": "ORTHANC"}
    orthanc.ask("/modalities/rinkaku/move", body)
    sent = {dataset.SOPInstanceUID for dataset in [*images, contours]}
    assert orthanc.instances() == sent


def test_orthanc_sends_to_us(ours: Ours, orthanc: Orthanc) -> None:
    images = make_ct_series((3, 16, 16))
    for dataset in images:
        assert orthanc.http.post("/instances", content=encode(dataset)).status_code == 200
    (study,) = orthanc.http.get("/studies").json()
    orthanc.ask("/modalities/rinkaku/store", {"Resources": [study]})
    with db.session_scope(read_only=True) as session:
        here = set(session.scalars(select(Instance.sop_instance_uid)))
    assert here == {dataset.SOPInstanceUID for dataset in images}
