"""What comes in by C-STORE, and who is let in, seen from DCMTK and from peers that misbehave."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import Dataset
from pynetdicom import AE
from pynetdicom.association import Association
from pynetdicom.dimse_messages import C_STORE_RQ
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.dsutils import encode as encode_data_set
from sqlalchemy import func, select

from backend.config import get_settings
from backend.dimse import network, server, visit
from backend.dimse.schemas import Caller
from backend.jobs.tables import Job
from backend.kit import db
from backend.kit.errors import StorageFull
from backend.projects.tables import Project
from backend.studies.tables import Instance, Patient, Series, Study
from tests.backend.dimse.conftest import CALLER, TITLE, Ours, dcmtk, give_title, wait_until
from tests.factories.dicom import make_ct_series, make_rtstruct

CT = "1.2.840.10008.5.1.4.1.1.2"
RTSTRUCT = "1.2.840.10008.5.1.4.1.1.481.3"
ENCAPSULATED_PDF = "1.2.840.10008.5.1.4.1.1.104.1"
EXPLICIT = "1.2.840.10008.1.2.1"
Files = Callable[..., list[Path]]


def stored() -> int:
    with db.session_scope(read_only=True) as session:
        return session.scalars(select(func.count()).select_from(Instance)).one()


def leftovers() -> list[Path]:
    return [path for path in (get_settings().data / "scratch").iterdir() if path.suffix == ".dcm"]


def associate(ours: Ours, *sop_classes: str) -> Association:
    """An association of pynetdicom's, for what DCMTK's programs do not show."""
    entity = AE(ae_title=CALLER)
    for sop_class in sop_classes or (CT, RTSTRUCT):
        entity.add_requested_context(sop_class, EXPLICIT)
    association = entity.associate("127.0.0.1", ours.port, ae_title=TITLE)
    assert association.is_established
    return association


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that waits only a moment for what does not come."""
    monkeypatch.setattr(server, "ADMISSION_S", 0.5)
    monkeypatch.setattr(network, "ACSE_S", 1.0)


def store_with_status(ours: Ours, dataset: Dataset) -> Dataset:
    """The answer to a C-STORE."""
    association = associate(ours)
    try:
        return association.send_c_store(dataset)
    finally:
        association.release()


def request_of(dataset: Dataset) -> C_STORE:
    """A C-STORE request that one may change before it is sent."""
    request = C_STORE()
    request.MessageID, request.Priority = 2, 2
    request.AffectedSOPClassUID = dataset.SOPClassUID
    request.AffectedSOPInstanceUID = dataset.SOPInstanceUID
    request.DataSet = BytesIO(encode_data_set(dataset, False, True) or b"")
    return request


def test_echo_is_answered_to_who_calls_a_title_of_a_project(ours: Ours) -> None:
    assert dcmtk("echoscu", *ours.address()).returncode == 0


@pytest.mark.parametrize(
    ("title", "caller", "reason"),
    [
        ("NOBODY", CALLER, "Called AE Title Not Recognized"),
        (TITLE, "STRANGER", "Calling AE Title Not Recognized"),
    ],
)
def test_wrong_titles_are_rejected_with_the_standards_reason(
    ours: Ours, title: str, caller: str, reason: str
) -> None:
    refused = dcmtk("echoscu", *ours.address(title, caller))
    assert refused.returncode != 0
    assert reason in refused.stderr


@pytest.mark.parametrize(("address", "code"), [("127.0.0.0/8", 0), ("10.1.0.0/16", 1)])
def test_a_caller_may_be_known_by_its_address(ours: Ours, address: str, code: int) -> None:
    give_title(ours.project, "BYADDRESS", callers=[Caller(address=address)])
    assert min(1, dcmtk("echoscu", *ours.address("BYADDRESS", "ANY")).returncode) == code


def test_a_series_goes_into_the_project_of_the_called_title_and_is_settled(
    ours: Ours, files: Files, project: Project
) -> None:
    with db.session_scope() as session:
        other = Project(slug="other", name="Other", rules=[], template=[])
        session.add(other)
    give_title(other, "OTHER")
    sent = files(make_ct_series((5, 16, 16)))
    assert dcmtk("storescu", *ours.address("OTHER", "CT1"), *sent).returncode == 0
    with db.session_scope(read_only=True) as session:
        assert session.scalars(select(Study.project_id)).all() == [other.id]
    assert stored() == 5
    wait_until(volume_is_there_or_asked_for)
    wait_until(lambda: leftovers() == [])


def volume_is_there_or_asked_for() -> bool:
    with db.session_scope(read_only=True) as session:
        series = session.scalars(select(Series)).one()
        asked = session.scalar(select(Job.id).where(Job.kind == "assemble"))
    return series.volume is not None or asked is not None


def test_sending_again_changes_nothing_and_succeeds(ours: Ours, files: Files) -> None:
    sent = files(make_ct_series((3, 16, 16)))
    for _ in range(2):
        assert dcmtk("storescu", *ours.address(), *sent).returncode == 0
    assert stored() == 3


def test_every_uncompressed_syntax_is_taken(ours: Ours, files: Files) -> None:
    sent = files(make_ct_series((3, 16, 16)))
    assert dcmtk("storescu", "-xi", *ours.address(), *sent).returncode == 0
    with db.session_scope(read_only=True) as session:
        assert set(session.scalars(select(Instance.transfer_syntax_uid))) == {"1.2.840.10008.1.2"}


def test_a_structure_set_of_another_patient_does_not_match_its_images(ours: Ours, files: Files) -> None:
    images = make_ct_series((4, 16, 16))
    assert dcmtk("storescu", *ours.address(), *files(images)).returncode == 0
    ring = [(2.0, 2.0), (8.0, 2.0), (8.0, 8.0)]
    wrong = make_rtstruct(images, {"Larynx": {1: ring}})
    wrong.PatientID = "SOMEONE-ELSE"
    answer = store_with_status(ours, wrong)
    assert answer.Status == 0xA900
    assert "patient" in answer.ErrorComment.lower()
    assert stored() == 4


def test_another_object_under_a_known_uid_does_not_match(ours: Ours) -> None:
    first = make_ct_series((1, 16, 16))[0]
    assert store_with_status(ours, first).Status == 0x0000
    first.SeriesDescription = "changed"
    answer = store_with_status(ours, first)
    assert (answer.Status, stored()) == (0xA900, 1)


def test_an_object_that_is_not_the_one_announced_does_not_match(ours: Ours) -> None:
    association = associate(ours)
    request = request_of(make_ct_series((1, 16, 16))[0])
    request.AffectedSOPInstanceUID = "1.2.3.4.5"
    association._reactor_checkpoint.clear()  # so that its own thread leaves the answer to us
    wait_until(lambda: association._is_paused)
    association.dimse.send_msg(request, association.accepted_contexts[0].context_id)
    _, answer = association.dimse.get_msg(block=True)
    association._reactor_checkpoint.set()
    association.release()
    assert answer is not None
    assert (answer.Status, stored()) == (0xA900, 0)


def test_what_cannot_be_understood_is_said_with_its_reason(ours: Ours) -> None:
    dataset = make_ct_series((1, 16, 16))[0]
    dataset.PixelData = dataset.PixelData[:-16]
    answer = store_with_status(ours, dataset)
    assert answer.Status == 0xC000
    assert answer.ErrorComment
    assert stored() == 0


def test_a_picture_with_burned_in_text_is_not_supported(ours: Ours) -> None:
    dataset = make_ct_series((1, 16, 16))[0]
    dataset.BurnedInAnnotation = "YES"
    assert store_with_status(ours, dataset).Status == 0x0122


def test_a_kind_that_is_not_taken_is_not_offered(ours: Ours) -> None:
    association = associate(ours, ENCAPSULATED_PDF, CT)
    assert [context.abstract_syntax for context in association.accepted_contexts] == [CT]
    association.release()


def test_a_full_disk_is_out_of_resources(ours: Ours, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise StorageFull("no room left")

    monkeypatch.setattr(visit, "take_file", full)
    answer = store_with_status(ours, make_ct_series((1, 16, 16))[0])
    assert (answer.Status, answer.ErrorComment) == (0xA700, "no room left")


@pytest.mark.parametrize(
    "garbage",
    [b"GET / HTTP/1.1\r\n\r\n", b"\x00" * 500, b"\x01\x00" + struct.pack(">L", 2**32 - 1) + b"x" * 64],
    ids=["http", "zeros", "endless"],
)
def test_garbage_on_the_port_harms_nobody(impatient: None, ours: Ours, garbage: bytes) -> None:
    with socket.create_connection(("127.0.0.1", ours.port), timeout=60) as wire:
        wire.sendall(garbage)
        with suppress(ConnectionResetError):
            while wire.recv(4096):  # until the other side closes
                pass
    assert dcmtk("echoscu", *ours.address()).returncode == 0


def test_an_association_that_breaks_off_in_the_middle_of_an_object_leaves_nothing_half(ours: Ours) -> None:
    whole, cut = make_ct_series((2, 64, 64))
    association = associate(ours)
    assert association.send_c_store(whole).Status == 0x0000
    message = C_STORE_RQ()
    message.primitive_to_message(request_of(cut))
    pieces = list(message.encode_msg(association.accepted_contexts[0].context_id, 1024))
    for piece in pieces[: len(pieces) // 2]:
        association.dul.send_pdu(piece)
    wait_until(lambda: leftovers() != [])
    association.abort()
    wait_until(lambda: leftovers() == [])
    assert stored() == 1
    assert dcmtk("echoscu", *ours.address()).returncode == 0


def test_many_send_the_same_study_at_once_and_there_is_one(ours: Ours, files: Files) -> None:
    sent = files(make_ct_series((4, 16, 16)))
    with ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(dcmtk, "storescu", *ours.address(), *sent) for _ in range(4)]
    assert [run.result().returncode for run in runs] == [0] * 4
    with db.session_scope(read_only=True) as session:
        tables = (Patient, Study, Series, Instance)
        counts = [session.scalars(select(func.count()).select_from(one)).one() for one in tables]
    assert counts == [1, 1, 1, 4]
