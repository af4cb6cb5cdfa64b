"""STOW-RS of parts that are taken together: small ones in memory, large ones and zips from a file."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest
from sqlalchemy import func, select

from backend.dicomweb import store
from backend.dicomweb.json_model import dataset_json, file_json
from backend.dicomweb.multipart import MultipartReader
from backend.kit.db import session_scope
from backend.studies.tables import Instance, Series
from rt.dicom.parse import parse_instance, read_stored
from tests.backend.dicomweb.conftest import Stow
from tests.factories.dicom import encode, make_ct_series, make_rtdose, make_rtstruct

IMPLICIT, EXPLICIT, RLE = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.5"


def zipped(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("slice.dcm", data)
    return file.getvalue()


def stored_instances() -> int:
    with session_scope(read_only=True) as session:
        return session.execute(select(func.count()).select_from(Instance)).scalar_one()


@pytest.mark.parametrize("small_bytes", [1 << 22, 700, 1])
def test_parts_in_memory_in_files_and_in_zips_keep_their_order(
    stow: Stow, monkeypatch: pytest.MonkeyPatch, small_bytes: int
) -> None:
    monkeypatch.setattr(store, "SMALL_BYTES", small_bytes)
    files = [encode(slice_) for slice_ in make_ct_series((5, 8, 8))]
    answer = stow(files[0], b"not DICOM", zipped(files[1]), files[2], b"", files[3], files[0], files[4])
    assert answer.status_code == 202
    told = answer.json()
    uids = [str(read_stored(file).SOPInstanceUID) for file in files]
    sent = [item["00081155"]["Value"][0] for item in told["00081199"]["Value"]]
    assert sent == [uids[0], uids[1], uids[2], uids[3], uids[0], uids[4]]
    comments = [item["00000902"]["Value"][0] for item in told["00081198"]["Value"]]
    assert [comment.partition(":")[0] for comment in comments] == ["part 2", "part 5"]
    assert stored_instances() == 5


def test_one_that_is_refused_keeps_no_other_of_its_transaction_out(stow: Stow) -> None:
    series = make_ct_series((6, 8, 8))
    stranger, twin = make_ct_series((1, 8, 8))[0], make_ct_series((6, 8, 8))[2]
    stranger.SOPInstanceUID, stranger.PatientID = "1.2.3.4", "SOMEONE-ELSE"
    twin.PixelData = bytes(len(twin.PixelData))
    answer = stow(*series[:3], stranger, twin, *series[3:])
    assert answer.status_code == 202
    failed = answer.json()["00081198"]["Value"]
    assert [item["00081155"]["Value"][0] for item in failed] == ["1.2.3.4", str(twin.SOPInstanceUID)]
    assert [item["00081197"]["Value"][0] for item in failed] == [0xA900, 0x0111]
    assert stored_instances() == 6


def test_the_volume_is_there_once_the_answer_is(stow: Stow) -> None:
    assert stow(*make_ct_series((4, 8, 8))).status_code == 200
    with session_scope(read_only=True) as session:
        (series,) = session.scalars(select(Series)).all()
    assert series.volume is not None
    assert series.volume["grid"]["shape_kji"] == [4, 8, 8]


@pytest.mark.parametrize("size", [1, 7, 64, 10_000])
def test_chunks_of_any_size_give_the_same_parts(size: int) -> None:
    contents = [b"\r\n--no-boundary", b"", b"\r\n-", bytes(range(256)) * 9]
    body = b"preamble" + b"".join(b"\r\n--b\r\nContent-Type: x\r\n\r\n" + c for c in contents) + b"\r\n--b--"
    reader, parts = MultipartReader(b"b"), list[bytes]()
    for at in range(0, len(body), size):
        for event in reader.feed(body[at : at + size]):
            if isinstance(event, memoryview):
                parts[-1] += event
            elif type(event).__name__ == "PartBegins":
                parts.append(b"")
    assert reader.closed
    assert parts == contents


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, RLE])
def test_headers_told_without_pydicom_are_what_it_tells(syntax: str) -> None:
    ct = make_ct_series((2, 8, 8))
    ct[0].PatientName = "Yamada^Tarou=山田^太郎=やまだ^たろう"
    ct[0].ReferencedImageSequence = [ct[1][:0x00080020]]
    ct[0]["ReferencedImageSequence"].is_undefined_length = True
    ct[0].add_new(0x00091001, "LO", "value of a private element")
    ct[0].add_new(0x00090010, "LO", "RINKAKU TEST")
    ct[0].add_new(0x00281101, "US", [256, 0, 16])
    square = {"GTV": {0: [(1.0, 1.0), (4.0, 1.0), (4.0, 4.0)]}}
    objects = [ct[0], make_rtstruct(ct, square), make_rtdose(ct, np.ones((2, 4, 4)), (2, 2, 3))]
    told = []
    for dataset in objects if syntax != RLE else objects[:1]:
        if syntax == RLE:
            dataset.compress(RLE)
        data = parse_instance(encode(dataset, syntax)).data
        quick = file_json(data, is_whole=True)
        assert quick == dataset_json(read_stored(data, pixels=False), "")
        told.append(quick)
        assert file_json(data[:200], is_whole=False) is None
    assert None not in told
