"""An RTSTRUCT with impossible contours keeps the others and says so; an unreadable one is not stored."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydicom.dataset import Dataset
from sqlalchemy import select

from backend.cli import main
from backend.jobs.tables import Job
from backend.kit.db import session_scope
from backend.labels.tables import Structure
from backend.projects.tables import Project
from backend.studies.tables import Series
from tests.backend.studies.sending import begin, complete, put
from tests.backend.studies.test_import import counts
from tests.factories.dicom import encode, make_ct_series, make_rtstruct
from tests.factories.jobs import run_queued
from tests.rt.test_structure_content import spoil

Login = Callable[..., dict[str, str]]
RING = [(4.0, 4.0), (9.0, 4.0), (9.0, 9.0), (4.0, 9.0)]
WORDS = "RTSTRUCT Synthetic TEST: PTV: contour 2 of 2: a value in ContourData is not finite"
CT_ONLY = (1, 1, 1, 5)
"""Patients, studies, series, instances."""


@pytest.fixture
def images(client: TestClient, login: Login, project: Project) -> list[Dataset]:
    """A CT that is in the store."""
    series = make_ct_series((5, 16, 16))
    headers = login("clinician")
    batch = begin(client, headers, project)
    for number, slice_ in enumerate(series):
        put(client, headers, batch, f"{number}.dcm", encode(slice_))
    complete(client, headers, batch)
    return series


def half_broken(images: list[Dataset]) -> Dataset:
    dataset = make_rtstruct(images, {"Larynx": {1: RING}, "PTV": {1: RING, 2: RING}})
    spoil(dataset, 1, 1, "1\\2\\nan")
    return dataset


def unreadable(images: list[Dataset]) -> Dataset:
    dataset = make_rtstruct(images, {"Larynx": {1: RING}, "PTV": {1: RING, 2: RING}})
    dataset.StructureSetROISequence[1].ROINumber = 1
    return dataset


def stow(client: TestClient, headers: dict[str, str], *datasets: Dataset) -> tuple[int, dict[str, Any]]:
    parts = (b"--x\r\nContent-Type: application/dicom\r\n\r\n" + encode(d) + b"\r\n" for d in datasets)
    kind = {"Content-Type": 'multipart/related; type="application/dicom"; boundary=x'}
    body = b"".join(parts) + b"--x--"
    answer = client.post("/dicomweb/studies", content=body, headers=headers | kind)
    return answer.status_code, answer.json()


def test_the_answer_and_the_worklist_name_what_was_left_out(
    client: TestClient, login: Login, project: Project, images: list[Dataset]
) -> None:
    headers = login("clinician")
    batch = begin(client, headers, project)
    dataset = half_broken(images)
    (outcome,) = put(client, headers, batch, "rs.dcm", encode(dataset))
    (again,) = put(client, headers, batch, "again.dcm", encode(dataset))
    assert (outcome["outcome"], again["outcome"]) == ("stored", "duplicate")
    assert outcome["findings"] == again["findings"]
    (finding,) = outcome["findings"]
    assert (finding["slug"], finding["severity"]) == ("contour-impossible", "warning")
    assert finding["detail"] == WORDS
    assert finding["values"] == {"name": "RTSTRUCT Synthetic TEST: PTV (2)", "structures": "PTV"}
    (study,) = complete(client, headers, batch)["studies"]
    before = client.get(f"/api/studies/{study}", headers=headers).json()["warnings"]
    (result,) = run_queued("import-structures")
    after = client.get(f"/api/studies/{study}", headers=headers).json()["warnings"]
    assert before == after == [finding]
    assert len(result["structure_sets"]) == 1
    with session_scope(read_only=True) as session:
        structures = session.scalars(select(Structure).order_by(Structure.number)).all()
    assert [(one.name, one.head) for one in structures] == [("Larynx", 1), ("PTV", 1)]


def test_what_was_left_out_is_still_said_when_the_images_never_came(
    client: TestClient, login: Login, project: Project
) -> None:
    headers = login("clinician")
    batch = begin(client, headers, project)
    put(client, headers, batch, "rs.dcm", encode(half_broken(make_ct_series((5, 16, 16)))))
    complete(client, headers, batch)
    for _ in range(2):
        run_queued("import-structures")
    with session_scope(read_only=True) as session:
        (warnings,) = session.scalars(select(Series.warnings)).all()
    said = [(w["slug"], w["severity"]) for w in warnings]
    assert said == [("contour-impossible", "warning"), ("wrong-reference", "refusal")]


def test_stow_says_it_as_the_standard_has_it(client: TestClient, login: Login, images: list[Dataset]) -> None:
    dataset = half_broken(images)
    status, document = stow(client, login("clinician"), dataset)
    (stored,) = document["00081199"]["Value"]
    assert status == 202
    assert stored["00081155"]["Value"] == [dataset.SOPInstanceUID]
    assert stored["00081196"]["Value"] == [0xB007]
    assert stored["00000902"]["Value"] == [WORDS]
    assert "00081198" not in document


def test_an_unreadable_set_is_refused_by_name_and_nothing_of_it_stored(
    client: TestClient, login: Login, project: Project, images: list[Dataset]
) -> None:
    headers = login("clinician")
    batch = begin(client, headers, project)
    dataset = unreadable(images)
    (outcome,) = put(client, headers, batch, "rs.dcm", encode(dataset))
    assert (outcome["outcome"], outcome["slug"]) == ("refused", "bad-structure-set")
    assert outcome["detail"] == "StructureSetROISequence item 2 (PTV): ROI number 1 is used twice"
    assert outcome["sop_instance_uid"] == dataset.SOPInstanceUID
    complete(client, headers, batch)
    assert counts() == CT_ONLY
    with session_scope(read_only=True) as session:
        assert session.scalars(select(Job).where(Job.kind == "import-structures")).all() == []
    sought = {"SOPInstanceUID": dataset.SOPInstanceUID}
    found = client.get("/dicomweb/instances", params=sought, headers=headers)
    assert found.status_code == 204 or found.json() == []


def test_stow_refuses_an_unreadable_set_and_takes_the_rest(
    client: TestClient, login: Login, images: list[Dataset]
) -> None:
    broken, fine = unreadable(images), make_rtstruct(images, {"Larynx": {1: RING}}, seed="fine")
    status, document = stow(client, login("clinician"), broken, fine)
    (failed,) = document["00081198"]["Value"]
    assert status == 202
    assert failed["00081150"]["Value"] == [broken.SOPClassUID]
    assert failed["00081155"]["Value"] == [broken.SOPInstanceUID]
    assert failed["00081197"]["Value"] == [0xC001]
    assert "ROI number 1 is used twice" in failed["00000902"]["Value"][0]
    (stored,) = document["00081199"]["Value"]
    assert "00081196" not in stored
    assert stow(client, login("clinician"), broken)[0] == 409


def test_the_command_line_says_what_was_left_out(
    database: str, project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rs.dcm"
    path.write_bytes(encode(half_broken(make_ct_series((5, 16, 16)))))
    assert main(["import", str(path)]) == 0
    said = capsys.readouterr()
    assert f"rs.dcm: {WORDS} (contour-impossible)" in said.err + said.out
