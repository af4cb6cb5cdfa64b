"""Where DICOMweb servers fail real viewers: one test for each of the fifteen pitfalls of the guide
(DICOM_CASES, "DICOMweb"); the number is the guide's."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import numpy as np
import pytest
from dicomweb_client import DICOMwebClient
from dicomweb_client.session_utils import create_session
from fastapi.testclient import TestClient
from pydicom import Dataset, dcmread
from pydicom.dataelem import DataElement

from backend.accounts.actor import Actor
from backend.kit.db import session_scope
from backend.studies import service as studies
from backend.studies.tables import Series
from rt.dicom.kinds import COMPRESSED_SYNTAXES, EXPLICIT_BIG_ENDIAN, NATIVE_SYNTAXES
from rt.dicom.outgoing import ObjectHeader, SeriesReference, StructureOut, write_bytes
from rt.dicom.rtstruct_writer import write_rtstruct
from rt.dicom.transcode import transcode
from rt.dicom.uids import new_uid
from tests.backend.dicomweb.conftest import Login, Sent, Stow, address, parts_of
from tests.conftest import forget_caches
from tests.factories.dicom import encode, make_ct_series
from tests.factories.lossless_jpeg import compress_lossless

EXPLICIT, IMPLICIT, RLE = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.5"
JPEG_2000, LOSSLESS_JPEG = "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.70"
VIEWER = "https://viewer.example"


def test_pitfall_01_no_spelling_of_accept_is_refused(client: TestClient, sent: Sent) -> None:
    anything = ("*/*", "text/html,application/xhtml+xml,*/*;q=0.8")
    octets = (
        'multipart/related; type="application/octet-stream"; transfer-syntax="*"',
        "multipart/related; type=application/octet-stream; transfer-syntax=*",
        "multipart/related;type=application/octet-stream;transfer-syntax=*",
        "Multipart/Related; Type=Application/Octet-Stream; Transfer-Syntax=*",
    )
    dicom = (
        'multipart/related; type="application/dicom"; transfer-syntax=*', "application/dicom",
        "multipart/related; type=application/dicom", "multipart/related",
    )  # fmt: skip
    texts = (
        "application/dicom+json, multipart/related; type=application/octet-stream; transfer-syntax=*",
        "application/dicom+json, application/json", "application/json", *octets,
    )  # fmt: skip
    where = address(sent.ct[0])
    asked = {
        where + "/frames/1": octets + anything, where: dicom + octets + anything,
        where + "/metadata": texts + anything, "/dicomweb/studies": texts + anything,
        where + "/bulkdata/7FE00010": octets + anything,
        where + "/rendered": ("image/*", "image/png, x", *anything),
    }  # fmt: skip
    seen = {
        (path, accept): client.get(path, headers=sent.headers | {"Accept": accept}).status_code
        for path, spellings in asked.items()
        for accept in spellings
    }
    assert {one: status for one, status in seen.items() if status != 200} == {}


def test_pitfall_02_a_frames_header_names_its_transfer_syntax(
    client: TestClient, stow: Stow, login: Login
) -> None:
    (slice_,) = make_ct_series((1, 16, 12))
    compress_lossless(slice_)
    stow(encode(slice_, LOSSLESS_JPEG))
    for accept, expected in (
        ("application/octet-stream; transfer-syntax=*", f"image/jpeg; transfer-syntax={LOSSLESS_JPEG}"),
        ("image/jpeg", f"image/jpeg; transfer-syntax={LOSSLESS_JPEG}"),
        ("application/octet-stream", f"application/octet-stream; transfer-syntax={EXPLICIT}"),
    ):
        headers = login("reader") | {"Accept": f"multipart/related; type={accept}"}
        answer = client.get(address(slice_) + "/frames/1", headers=headers)
        assert f"\r\nContent-Type: {expected}\r\n\r\n".encode() in answer.content


def test_pitfall_03_boundaries_and_line_ends_are_to_the_letter(client: TestClient, sent: Sent) -> None:
    for path in (address(sent.ct[0], "series"), address(sent.dose) + "/frames/1,2"):
        answer = client.get(path, headers=sent.headers)
        boundary = answer.headers["content-type"].split("boundary=")[1].encode()
        assert answer.content.startswith(b"--" + boundary + b"\r\n")
        assert answer.content.endswith(b"\r\n--" + boundary + b"--\r\n")
        assert answer.content.index(b"\r\n\r\n") < 1000
        assert len(parts_of(answer.content)) == answer.content.count(b"\r\n--" + boundary + b"\r\n") + 1


def test_pitfall_04_what_is_stored_is_what_viewers_decode_or_is_decoded_here(
    client: TestClient, stow: Stow, login: Login
) -> None:
    by_cornerstone = {
        "1.2.840.10008.1.2",
        "1.2.840.10008.1.2.1",
        "1.2.840.10008.1.2.1.99",
        "1.2.840.10008.1.2.2",
        RLE,
    }
    by_cornerstone |= {f"1.2.840.10008.1.2.4.{n}" for n in (50, 51, 57, 70, 80, 81, 90, 91, 201, 202, 203)}
    assert by_cornerstone >= COMPRESSED_SYNTAXES | NATIVE_SYNTAXES
    accept = login("reader") | {"Accept": "application/octet-stream; transfer-syntax=*"}
    (slice_,) = make_ct_series((1, 16, 12))
    pixels = slice_.PixelData
    stow(encode(slice_, EXPLICIT_BIG_ENDIAN))
    answer = client.get(address(slice_) + "/frames/1", headers=accept)
    assert (answer.content, answer.headers["content-type"].split("=")[1]) == (pixels, EXPLICIT)


def test_pitfall_05_part_of_a_batch_is_202_and_all_of_it_200(stow: Stow) -> None:
    good, other = make_ct_series((2, 8, 8))
    all_stored = stow(good)
    assert all_stored.status_code == 200
    part = stow(other, b"no DICOM")
    assert part.status_code == 202
    assert [s["00081155"]["Value"] for s in part.json()["00081199"]["Value"]] == [[other.SOPInstanceUID]]
    assert len(part.json()["00081198"]["Value"]) == 1
    assert stow(b"no DICOM").status_code == 409
    again = stow(good, other)
    assert (again.status_code, "00081198" in again.json()) == (200, False)


def test_pitfall_06_bodies_come_chunked_with_quoted_boundaries(
    live_server: str, client: TestClient, login: Login
) -> None:
    session = create_session()
    web = DICOMwebClient(f"{live_server}/dicomweb", session=session, headers=login("clinician"))
    large = make_ct_series((3, 512, 512))
    answer = web.store_instances(large)  # above 1 MB: Transfer-Encoding: chunked, no Content-Length
    assert len(answer.ReferencedSOPSequence) == 3
    assert web.retrieve_instance(*uids(large[1])).PixelData == large[1].PixelData
    session.close()

    def chunks() -> Iterator[bytes]:
        yield b"\r\n--a b"
        yield b"\r\nContent-Type: application/dicom\r\n\r"
        yield b"\n" + encode(make_ct_series((1, 8, 8), seed="other")[0]) + b"\r\n--a b--"

    kind = {"Content-Type": 'multipart/related; boundary="a b"; type="application/dicom"'}
    assert (
        client.post("/dicomweb/studies", content=chunks(), headers=login("clinician") | kind).status_code
        == 200
    )


def uids(dataset: Dataset) -> tuple[str, str, str]:
    return dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.SOPInstanceUID


def test_pitfall_07_json_has_exactly_its_media_type(client: TestClient, sent: Sent, stow: Stow) -> None:
    where = address(sent.ct[0])
    for path in ("/dicomweb/studies", where + "/metadata", address(sent.ct[0], "study") + "/series"):
        for accept in ("*/*", "application/json", "application/dicom+json"):
            answer = client.get(path, headers=sent.headers | {"Accept": accept})
            assert answer.headers["content-type"] == "application/dicom+json"
    assert stow(sent.ct[0]).headers["content-type"] == "application/dicom+json"


def test_pitfall_08_parts_are_related_and_their_boundary_is_named(client: TestClient, sent: Sent) -> None:
    where = address(sent.ct[0])
    for path in (where, where + "/frames/1", address(sent.ct[0], "study")):
        kind = client.get(path, headers=sent.headers).headers["content-type"]
        assert kind.startswith("multipart/related; type=") and "; boundary=" in kind


def test_pitfall_09_paging_ends_and_says_that_it_goes_on(client: TestClient, sent: Sent) -> None:
    where, seen = address(sent.ct[0], "study") + "/instances", []
    for offset in range(0, 8, 2):
        page = client.get(where, params={"limit": "2", "offset": str(offset)}, headers=sent.headers)
        assert page.status_code == 200
        assert ("there are more matches" in page.headers.get("warning", "")) == (offset < 4)
        seen += [one["00080018"]["Value"][0] for one in page.json()]
    assert page.json() == []
    assert len(seen) == len(set(seen)) == 6


def test_pitfall_10_bulk_data_are_named_relative_to_what_named_them(client: TestClient, sent: Sent) -> None:
    for level in ("study", "series", "instance"):
        where = address(sent.ct[0], level) + "/metadata"
        proxied = sent.headers | {"Host": "internal:8000", "X-Forwarded-Host": "pacs.example"}
        for found in client.get(where, headers=proxied).json():
            if "7FE00010" in found:
                uri = found["7FE00010"]["BulkDataURI"]
                assert "internal" not in uri and not uri.startswith("/")
                resolved = where.rsplit("/", 1)[0] + "/" + uri  # RFC 3986, and OHIF's relativeResolution
                assert client.get(resolved, headers=sent.headers).status_code == 200


def test_pitfall_11_the_json_model_is_what_parsers_take(client: TestClient, stow: Stow, login: Login) -> None:
    (slice_,) = make_ct_series((1, 8, 8))
    slice_.PatientName = "Müller^Jürgen=山田^太郎"
    slice_.AccessionNumber, slice_.NumberOfFrames = "", 1
    slice_.RescaleSlope, slice_.InstanceNumber = "1.50", "007"
    slice_.add(DataElement(0x00189087, "FD", [float("nan"), 2.0]))
    slice_.add(DataElement(0x00280106, "US", 3))
    slice_.ReferencedImageSequence = []
    assert stow(encode(slice_, IMPLICIT)).status_code == 200
    text = client.get(address(slice_) + "/metadata", headers=login("reader")).content
    (found,) = json.loads(text.decode("utf-8"), parse_constant=pytest.fail)
    assert found["00100010"]["Value"] == [{"Alphabetic": "Müller^Jürgen", "Ideographic": "山田^太郎"}]
    assert found["00080005"]["Value"] == ["ISO_IR 192"]
    assert (found["00281053"]["Value"], found["00200013"]["Value"]) == ([1.5], [7])
    assert (found["00080050"], found["00081140"]) == ({"vr": "SH"}, {"vr": "SQ"})
    assert found["00189087"] == {"vr": "FD", "Value": [None, 2.0]}
    assert found["00280106"] == {"vr": "US", "Value": [3]}
    assert "00280008" not in found
    (study,) = client.get("/dicomweb/studies", headers=login("reader")).json()
    assert study["00100010"]["Value"] == found["00100010"]["Value"]


def test_pitfall_12_contours_that_leave_are_what_ohif_can_load(
    client: TestClient, stow: Stow, login: Login, sent: Sent
) -> None:
    with session_scope(read_only=True) as session:
        reference = studies.reference_of(session, session.query(Series).filter_by(modality="CT").one())
    stored = write_rtstruct(reference, structures(reference), published())
    assert "00081198" not in stow(write_bytes(stored)).json()
    (found,) = client.get(address(stored, "series") + "/metadata", headers=sent.headers).json()
    (frame,) = found["30060010"]["Value"]
    images = frame["30060012"]["Value"][0]["30060014"]["Value"][0]["30060016"]["Value"]
    assert [image["00081155"]["Value"][0] for image in images] == [s.SOPInstanceUID for s in sent.ct]
    numbers = {roi["30060022"]["Value"][0] for roi in found["30060020"]["Value"]}
    assert numbers == {1, 2}
    for roi in found["30060039"]["Value"]:
        assert roi["30060084"]["Value"][0] in numbers
        for contour in roi.get("30060040", {}).get("Value", []):
            assert {"Value", "BulkDataURI"} & contour["30060050"].keys()
            assert contour["30060042"]["Value"] == ["CLOSED_PLANAR"]


def structures(reference: SeriesReference) -> list[StructureOut]:
    """One that is drawn and one that is empty."""
    mask = np.zeros(reference.grid.shape_kji, dtype=bool)
    drawn = mask.copy()
    drawn[1:3, 4:9, 4:9] = True
    return [
        StructureOut(1, "PTV", "#ff0000", "PTV", drawn),
        StructureOut(2, "Lens_L", "#00ff00", "ORGAN", mask),
    ]


def published() -> ObjectHeader:
    return ObjectHeader("Rinkaku", new_uid(), new_uid(), datetime(2026, 1, 2, tzinfo=UTC))


@pytest.fixture
def open_client(
    database: str, monkeypatch: pytest.MonkeyPatch, actor: Callable[..., Actor]
) -> Iterator[TestClient]:
    """The app of an installation that lets pages of another site in."""
    from backend.app import create_app

    monkeypatch.setenv("RINKAKU_ORIGINS", f"{VIEWER}, http://localhost:3000")
    forget_caches()
    with TestClient(create_app(), raise_server_exceptions=False) as made:
        yield made


def test_pitfall_13_pages_of_named_origins_are_let_in_without_cookies(
    open_client: TestClient, login: Login
) -> None:
    asks = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    for path in ("/dicomweb/studies", "/dicomweb/projects/x/studies/1.2/series"):
        preflight = open_client.options(path, headers=asks | {"Origin": VIEWER})
        assert preflight.status_code == 204
        assert preflight.headers["access-control-allow-origin"] == VIEWER
        assert "Authorization" in preflight.headers["access-control-allow-headers"]
        assert "POST" in preflight.headers["access-control-allow-methods"]
    answer = open_client.get("/dicomweb/studies", headers=login("reader") | {"Origin": VIEWER})
    assert answer.headers["access-control-allow-origin"] == VIEWER
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "access-control-allow-credentials" not in answer.headers
    nobody = open_client.get("/dicomweb/studies", headers={"Origin": VIEWER})
    assert (nobody.status_code, nobody.headers["access-control-allow-origin"]) == (401, VIEWER)


def test_pitfall_14_without_a_transfer_syntax_it_is_explicit_little_endian(
    client: TestClient, stow: Stow, login: Login
) -> None:
    (slice_,) = make_ct_series((1, 40, 32))
    pixels = slice_.PixelData
    stow(transcode(encode(slice_, IMPLICIT), JPEG_2000))
    for accept, syntax in (
        ("application/dicom", EXPLICIT),
        ("application/dicom; transfer-syntax=*", JPEG_2000),
        (f"application/dicom; transfer-syntax={JPEG_2000}", JPEG_2000),
        (f"application/dicom; transfer-syntax={RLE}", RLE),
    ):
        answer = client.get(address(slice_), headers=login("reader") | {"Accept": accept})
        assert answer.headers["content-type"] == f"application/dicom; transfer-syntax={syntax}"
        back = dcmread(io.BytesIO(answer.content))
        assert back.file_meta.TransferSyntaxUID == syntax
        assert back.pixel_array.tobytes() == pixels


def test_pitfall_15_wildcards_match_names_of_any_letters(
    client: TestClient, stow: Stow, login: Login
) -> None:
    (slice_,) = make_ct_series((1, 8, 8))
    slice_.PatientName = "MÜLLER^Jürgen"
    stow(slice_)
    headers = login("reader")
    for text, count in (("*ÜLL*", 1), ("*üll*", 1), ("M?LLER*", 1), ("*ull*", 0), ("*%*", 0), ("*", 1)):
        found = client.get("/dicomweb/studies", params={"PatientName": text}, headers=headers)
        assert len(found.json()) == count, text


@pytest.mark.parametrize(
    ("query", "where", "what"),
    [
        ({"StudyDate": "20260230"}, "StudyDate", "20260230 is no day of the calendar"),
        ({"00100030": "19601301-"}, "PatientBirthDate", "19601301 is no day of the calendar"),
        ({"StudyDate": "20260201-20260101"}, "StudyDate", "ends before it begins"),
        ({"StudyTime": "1075"}, "StudyTime", "1075 is no time of the day"),
    ],
    ids=str,
)
def test_an_impossible_date_is_refused_with_what_and_where(
    client: TestClient, login: Login, query: dict[str, str], where: str, what: str
) -> None:
    answer = client.get("/dicomweb/studies", params=query, headers=login("reader"))
    assert (answer.status_code, answer.json()["field"]) == (400, where)
    assert what in answer.json()["detail"] and where in answer.json()["detail"]
