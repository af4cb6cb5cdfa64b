"""DICOMweb over HTTP as viewers use it: matching, frames, pictures, bulk data, headers, projects."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image
from pydicom import Dataset, dcmread

from backend.accounts.actor import Actor
from backend.kit.db import session_scope
from backend.projects.tables import Project
from backend.studies import service
from backend.studies.tables import Series, Study
from rt.dicom.rtstruct import SeriesReference
from tests.backend.studies.sending import send
from tests.factories.dicom import encode, make_ct_series, make_rtstruct
from tests.factories.lossless_jpeg import compress_lossless

Login = Callable[..., dict[str, str]]
SQUARE = [(4.0, 4.0), (9.0, 4.0), (9.0, 9.0), (4.0, 9.0)]
IMPLICIT, RLE = "1.2.840.10008.1.2", "1.2.840.10008.1.2.5"
LOSSLESS_JPEG = "1.2.840.10008.1.2.4.70"


@pytest.fixture
def series(client: TestClient, login: Login, project: Project) -> list[Dataset]:
    """A CT series of four slices in the default project."""
    made = make_ct_series((4, 16, 12))
    send(client, login("clinician"), project, made)
    return made


def address(slice_: Dataset) -> str:
    return (
        f"/dicomweb/studies/{slice_.StudyInstanceUID}/series/{slice_.SeriesInstanceUID}"
        f"/instances/{slice_.SOPInstanceUID}"
    )


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"PatientName": "test^*"}, 1),
        ({"00100010": "*PATIENT*"}, 1),
        ({"PatientID": "TEST-?"}, 1),
        ({"PatientID": "TEST"}, 0),
        ({"PatientID": "100%"}, 0),
        ({"PatientID": "TEST_1"}, 0),
        ({"StudyDate": "20260102"}, 1),
        ({"StudyDate": "20260103-"}, 0),
        ({"StudyDate": "-20260102"}, 1),
        ({"StudyTime": "10-10"}, 1),
        ({"StudyTime": "11-"}, 0),
        ({"ModalitiesInStudy": "MR\\CT"}, 1),
        ({"ModalitiesInStudy": "PT"}, 0),
        ({"StudyDescription": "plan*"}, 1),
        ({"limit": "0"}, 0),
        ({"offset": "1"}, 0),
    ],
    ids=str,
)
def test_studies_match(
    client: TestClient, login: Login, series: list[Dataset], query: dict[str, str], count: int
) -> None:
    answer = client.get("/dicomweb/studies", params=query, headers=login("reader"))
    assert answer.headers["content-type"] == "application/dicom+json"
    assert len(answer.json()) == count


def test_what_is_not_searched_is_said(client: TestClient, login: Login, series: list[Dataset]) -> None:
    answer = client.get("/dicomweb/studies", params={"Manufacturer": "X"}, headers=login("reader"))
    assert len(answer.json()) == 1
    assert "Manufacturer" in answer.headers["warning"]


def test_frames_are_native_little_endian_unless_the_client_takes_more(
    client: TestClient, login: Login, project: Project
) -> None:
    (slice_,) = make_ct_series((1, 16, 12))
    pixels = slice_.PixelData
    headers = login("clinician")
    where = f"/api/projects/{project.id}/imports"
    batch = client.post(where, headers=headers).json()["id"]
    put = client.put(
        f"/api/imports/{batch}/files", params={"name": "a"}, content=encode(slice_, RLE), headers=headers
    )
    assert put.json()["files"][0]["outcome"] == "stored"
    native = client.get(
        address(slice_) + "/frames/1", headers={**headers, "Accept": "application/octet-stream"}
    )
    assert native.content == pixels
    assert native.headers["content-type"] == "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1"
    stored = client.get(
        address(slice_) + "/frames/1", headers={**headers, "Accept": "*/*; transfer-syntax=*"}
    )
    assert b"\r\nContent-Type: image/dicom-rle; transfer-syntax=1.2.840.10008.1.2.5\r\n\r\n" in stored.content
    assert stored.content.startswith(b"--") and stored.content.endswith(b"--\r\n")
    whole = client.get(address(slice_), headers={**headers, "Accept": "application/dicom"})
    back = dcmread(io.BytesIO(whole.content))
    assert back.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert back.PixelData == pixels
    assert whole.headers["content-disposition"].startswith("attachment")
    assert whole.headers["x-content-type-options"] == "nosniff"


def test_a_lossless_jpeg_instance_is_served_as_values_as_stored_and_as_a_picture(
    client: TestClient, login: Login, project: Project
) -> None:
    (slice_,) = make_ct_series((1, 16, 12))
    pixels, hu = slice_.PixelData, slice_.pixel_array.astype(float) - 1024
    compress_lossless(slice_)
    headers = login("clinician")
    where = f"/api/projects/{project.id}/imports"
    batch = client.post(where, headers=headers).json()["id"]
    sent = encode(slice_, LOSSLESS_JPEG)
    put = client.put(f"/api/imports/{batch}/files", params={"name": "a"}, content=sent, headers=headers)
    assert put.json()["files"][0]["outcome"] == "stored"
    client.post(f"/api/imports/{batch}/complete", headers=headers)
    frame = address(slice_) + "/frames/1"
    native = client.get(frame, headers={**headers, "Accept": "application/octet-stream"})
    assert native.content == pixels
    stored = client.get(frame, headers={**headers, "Accept": "*/*; transfer-syntax=*"})
    assert f"\r\nContent-Type: image/jpeg; transfer-syntax={LOSSLESS_JPEG}\r\n".encode() in stored.content
    whole = client.get(address(slice_), headers={**headers, "Accept": "application/dicom"})
    assert dcmread(io.BytesIO(whole.content)).PixelData == pixels
    rendered = client.get(address(slice_) + "/rendered", headers={**headers, "Accept": "image/png"})
    grey = np.asarray(Image.open(io.BytesIO(rendered.content)))
    assert np.abs(grey - np.clip((hu + 160) / 400, 0, 1) * 255).max() <= 0.5


@pytest.mark.parametrize(("frames", "status"), [("2", 404), ("0", 404), ("x", 422), ("1,1", 200)])
def test_frames_are_counted_from_one(
    client: TestClient, login: Login, series: list[Dataset], frames: str, status: int
) -> None:
    answer = client.get(f"{address(series[0])}/frames/{frames}", headers=login("reader"))
    assert answer.status_code == status


def test_pictures_show_the_window(client: TestClient, login: Login, series: list[Dataset]) -> None:
    headers = {**login("reader"), "Accept": "image/png"}
    where = address(series[2]) + "/rendered"
    answer = client.get(where, params={"window": "0,2000,linear", "viewport": "6,6"}, headers=headers)
    picture = Image.open(io.BytesIO(answer.content))
    assert (picture.format, picture.width <= 6, picture.height <= 6) == ("PNG", True, True)
    full = np.asarray(Image.open(io.BytesIO(client.get(where, headers=headers).content)))
    hu = series[2].pixel_array.astype(float) - 1024
    assert np.abs(full - np.clip((hu + 160) / 400, 0, 1) * 255).max() <= 0.5
    assert client.get(where, params={"window": "1,0"}, headers=headers).status_code == 400
    for level in ("", "/series/" + series[0].SeriesInstanceUID):
        study = f"/dicomweb/studies/{series[0].StudyInstanceUID}{level}"
        thumbnail = client.get(study + "/thumbnail", headers=headers | {"Accept": "*/*"})
        assert Image.open(io.BytesIO(thumbnail.content)).format == "JPEG"


def test_contours_have_no_picture_but_all_attributes(
    client: TestClient, login: Login, project: Project, series: list[Dataset]
) -> None:
    contours = make_rtstruct(series, {"PTV": {1: SQUARE}})
    send(client, login("clinician"), project, [contours])
    headers = login("reader")
    assert client.get(address(contours) + "/rendered", headers=headers).status_code == 406
    (metadata,) = client.get(address(contours) + "/metadata", headers=headers).json()
    points = metadata["30060039"]["Value"][0]["30060040"]["Value"][0]["30060050"]["Value"]
    assert len(points) == 12


def test_bulk_data_is_where_the_metadata_says(
    client: TestClient, login: Login, series: list[Dataset]
) -> None:
    headers = login("reader")
    where = f"/dicomweb/studies/{series[0].StudyInstanceUID}/series/{series[0].SeriesInstanceUID}"
    metadata = client.get(where + "/metadata", headers=headers).json()
    assert len(metadata) == 4
    for slice_, found in zip(series, metadata, strict=True):
        assert (
            client.get(f"{where}/{found['7FE00010']['BulkDataURI']}", headers=headers).content
            == slice_.PixelData
        )
    assert client.get(address(series[0]) + "/bulkdata/00091001", headers=headers).status_code == 404


def test_a_projects_own_address_shows_and_takes_only_its_own(
    client: TestClient, login: Login, actor: Callable[..., Actor], project: Project, series: list[Dataset]
) -> None:
    person = actor("clinician")
    with session_scope() as session:
        other = Project(slug="other", name="Other", rules=[], template=[])
        session.add(other)
    headers = login(person)
    assert len(client.get(f"/dicomweb/projects/{project.slug}/studies", headers=headers).json()) == 1
    assert client.get("/dicomweb/projects/other/studies", headers=headers).status_code == 404
    second = login("clinician", in_=other)
    body = b"--b\r\n\r\n" + encode(series[0]) + b"\r\n--b--\r\n"
    kind = {"Content-Type": 'multipart/related; type="application/dicom"; boundary=b'}
    stored = client.post("/dicomweb/projects/other/studies", content=body, headers=second | kind)
    assert stored.status_code == 200
    assert len(client.get("/dicomweb/instances", headers=second).json()) == 1
    assert client.post("/dicomweb/studies", content=body, headers=second | kind).status_code == 404
    assert client.post("/dicomweb/studies", content=body, headers=login("reader") | kind).status_code == 403


def test_a_study_in_the_address_refuses_other_studies(
    client: TestClient, login: Login, series: list[Dataset]
) -> None:
    body = b"--b\r\n\r\n" + encode(series[0]) + b"\r\n--b--\r\n"
    kind = {"Content-Type": 'multipart/related; type="application/dicom"; boundary=b'}
    answer = client.post("/dicomweb/studies/1.2.3", content=body, headers=login("clinician") | kind)
    assert answer.status_code == 409
    assert answer.json()["00081198"]["Value"][0]["00081197"]["Value"] == [0xA901]


def test_a_body_that_is_cut_off_keeps_whole_parts(client: TestClient, login: Login, project: Project) -> None:
    first, second = (encode(d) for d in make_ct_series((2, 8, 8)))
    body = b"--b\r\n\r\n" + first + b"\r\n--b\r\n\r\n" + second[:300]
    kind = {"Content-Type": 'multipart/related; type="application/dicom"; boundary=b'}
    answer = client.post("/dicomweb/studies", content=body, headers=login("clinician") | kind)
    assert answer.status_code == 202
    assert "closing boundary" in answer.json()["00081198"]["Value"][0]["00000902"]["Value"][0]


def test_published_contours_replace_each_other(
    client: TestClient, login: Login, series: list[Dataset]
) -> None:
    with session_scope() as session:
        study = session.query(Study).one()
        reference = service.reference_of(session, session.query(Series).one())
        for name in ("first", "second"):
            published = make_rtstruct(series, {name: {1: SQUARE}}, seed=name)
            derived = service.store_derived_object("RTSTRUCT", encode(published))
            service.replace_derived_instance(session, study, "set-1", derived)
    assert isinstance(reference, SeriesReference)
    assert reference.sop_instance_uids == tuple(s.SOPInstanceUID for s in series)
    assert reference.attributes["PatientID"] == "TEST-1"
    headers = login("reader")
    where = f"/dicomweb/studies/{series[0].StudyInstanceUID}"
    found = client.get(where + "/instances", params={"Modality": "RTSTRUCT"}, headers=headers).json()
    assert [i["00080018"]["Value"][0] for i in found] == [published.SOPInstanceUID]
    (row,) = [
        s for s in client.get(f"/api/studies/{study.id}", headers=headers).json()["series"] if s["derived"]
    ]
    assert row["modality"] == "RTSTRUCT"
