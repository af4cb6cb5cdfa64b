"""The one door for untrusted DICOM bytes: RELIABILITY cases 1-6, 10, 14."""

from __future__ import annotations

import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from rt.dicom.limits import MIB, Limits
from rt.dicom.parse import ParsedInstance, parse_instance
from rt.dicom.pixels import decode_frames
from rt.dicom.references import read_references
from rt.errors import DicomError, DicomTooDeep, DicomTooLarge, DicomTruncated, DicomUnsupported, RtError
from tests.factories import dicom as factory

SHARED = Path(__file__).parents[3] / "shared" / "data"
UNCOMPRESSED = (
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
)


def _slice(**changes: object) -> Dataset:
    slice_ = factory.make_ct_series((1, 64, 64))[0]
    for keyword, value in changes.items():
        setattr(slice_, keyword, value)
    return slice_


def _pixels(parsed: ParsedInstance) -> np.ndarray:
    return decode_frames(parsed.data)[0]


@pytest.mark.parametrize("syntax", [*UNCOMPRESSED, RLELossless, JPEG2000Lossless, JPEGLSLossless])
def test_every_accepted_transfer_syntax_keeps_the_pixels(syntax: str) -> None:
    slice_ = _slice()
    expected = slice_.pixel_array.copy()
    if syntax in {JPEG2000Lossless, JPEGLSLossless}:
        slice_.compress(syntax)
    parsed = parse_instance(factory.encode(slice_, syntax))
    assert np.array_equal(_pixels(parsed), expected)
    assert parsed.modality == "CT"
    assert parsed.patient_name == "Test^Patient"
    assert parsed.birth_date == "19600102"


def test_parsing_what_was_stored_changes_nothing() -> None:
    first = parse_instance(factory.encode(_slice()))
    assert parse_instance(first.data).data == first.data


@pytest.mark.parametrize("magic", [b"MZ\x90\x00", b"\x7fELF"])
def test_a_program_in_the_preamble_is_wiped(magic: bytes) -> None:
    assert parse_instance(factory.polyglot(magic)).data[:132] == bytes(128) + b"DICM"


def test_a_deflated_bomb_is_refused_without_unfolding() -> None:
    bomb = factory.deflated_bomb(96 * MIB)
    tracemalloc.start()
    with pytest.raises(DicomTooLarge, match="inflates"):
        parse_instance(bomb, Limits(inflated_bytes=32 * MIB))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * MIB


@pytest.mark.parametrize(("rows", "columns"), [(20_000, 20_000), (65_535, 1), (8_000, 8_000)])
def test_a_compressed_lie_about_size_is_refused_before_decoding(rows: int, columns: int) -> None:
    lie = factory.rle_lie(rows, columns)
    tracemalloc.start()
    with pytest.raises(DicomTooLarge):
        parse_instance(lie)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * MIB


def test_a_frame_count_beyond_the_limit_is_refused() -> None:
    with pytest.raises(DicomTooLarge, match="frames"):
        parse_instance(factory.encode(_slice(NumberOfFrames=2**31 - 1)))


def test_a_code_stream_of_another_size_than_the_header_is_refused() -> None:
    slice_ = _slice()
    slice_.compress(JPEG2000Lossless)
    slice_.Rows = 32
    with pytest.raises(DicomError, match="header says"):
        parse_instance(factory.encode(slice_, JPEG2000Lossless))


def test_pixel_data_shorter_than_its_dimensions_is_truncated() -> None:
    with pytest.raises(DicomTruncated, match="rows"):
        parse_instance(factory.encode(_slice(Rows=128)))


@pytest.mark.parametrize("depth", [33, 300, 5000])
def test_deep_nesting_is_a_typed_error(depth: int) -> None:
    with pytest.raises(DicomTooDeep):
        parse_instance(factory.nested_sequences(depth))


def test_nesting_within_the_limit_is_accepted() -> None:
    assert parse_instance(factory.nested_sequences(30)).sop_instance_uid


def test_a_file_cut_anywhere_never_becomes_an_instance() -> None:
    whole = factory.encode(_slice())
    for length in range(0, len(whole) - 1, 97):
        with pytest.raises(DicomError):
            parse_instance(whole[:length])


def test_a_cut_in_the_pixels_says_how_much_is_missing() -> None:
    with pytest.raises(DicomTruncated, match="100 bytes are missing"):
        parse_instance(factory.truncated())


HOSTILE_UIDS = ["../../etc/x", "1." + "2" * 63, "1.2\x003", "1.２.3", "1..2", "1.2.", "1.02", "one"]


@pytest.mark.parametrize("uid", HOSTILE_UIDS)
@pytest.mark.parametrize("tag", [0x00080018, 0x0020000D, 0x0020000E, 0x00200052])
def test_a_hostile_uid_is_refused(uid: str, tag: int) -> None:
    data = factory.encode(_slice())
    head = struct.pack("<HH2s", tag >> 16, tag & 0xFFFF, b"UI")
    at = data.index(head)
    length = struct.unpack_from("<H", data, at + 6)[0]
    raw = uid.encode()
    raw += b"\0" * (len(raw) % 2)
    forged = data[: at + 6] + struct.pack("<H", len(raw)) + raw + data[at + 8 + length :]
    with pytest.raises(DicomError):
        parse_instance(forged)


def test_an_instance_without_any_uid_is_refused() -> None:
    slice_ = _slice(SOPInstanceUID="")
    slice_.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    data = factory.encode(slice_).replace(b"1.2.3\0", b"\0" * 6)
    with pytest.raises(DicomError, match="SOP Instance UID"):
        parse_instance(data)


def test_blank_study_and_series_uids_are_derived_the_same_for_all_slices() -> None:
    parsed = []
    for slice_ in factory.make_ct_series((2, 8, 8)):
        slice_.StudyInstanceUID, slice_.SeriesInstanceUID = "", ""
        parsed.append(parse_instance(factory.encode(slice_)))
    assert parsed[0].study_instance_uid == parsed[1].study_instance_uid != parsed[0].series_instance_uid
    assert parsed[0].dataset.StudyInstanceUID == parsed[0].study_instance_uid
    assert any("derived" in note for note in parsed[0].notes)


@pytest.mark.parametrize(
    "changes",
    [
        {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"},
        {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.6.1"},
        {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.104.1"},
        {"SOPClassUID": "1.2.3.4"},
        {"BurnedInAnnotation": "YES"},
        {"ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]},
        {"ImagePositionPatient": None},
    ],
)
def test_kinds_that_may_show_names_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(DicomUnsupported):
        parse_instance(factory.encode(_slice(**changes)))


def test_a_colour_image_is_refused() -> None:
    slice_ = _slice(SamplesPerPixel=3, PhotometricInterpretation="RGB", PlanarConfiguration=0)
    slice_.PixelData = slice_.PixelData * 3
    with pytest.raises(DicomUnsupported, match="colour"):
        parse_instance(factory.encode(slice_))


def test_an_unknown_transfer_syntax_is_refused() -> None:
    data = factory.encode(_slice()).replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.9.9.9\0")
    with pytest.raises(DicomUnsupported, match="transfer syntax"):
        parse_instance(data)


def test_overlays_curves_and_thumbnails_are_left_out_and_private_elements_stay() -> None:
    slice_ = _slice()
    slice_.add_new(0x60003000, "OW", b"SECRET  ")
    slice_.add_new(0x60000022, "LO", "SECRET")
    slice_.add_new(0x50003000, "OW", b"SECRET  ")
    icon = Dataset()
    icon.ImageComments = "SECRET"
    slice_.IconImageSequence = [icon]
    slice_.add_new(0x00091010, "LO", "KEPT")
    parsed = parse_instance(factory.encode(slice_))
    assert b"SECRET" not in parsed.data
    assert b"KEPT" in parsed.data
    assert any("left out" in note for note in parsed.notes)


def test_control_characters_never_reach_the_worklist() -> None:
    parsed = parse_instance(factory.encode(_slice(StudyDescription="a\x1b[31m\u202eb\u0301")))
    assert parsed.study_description == "a[31mb́"


def test_the_same_element_twice_is_refused() -> None:
    data = factory.encode(_slice())
    at = data.index(struct.pack("<HH", 0x0010, 0x0020))
    end = at + 8 + struct.unpack_from("<H", data, at + 6)[0]
    with pytest.raises(DicomError, match="twice"):
        parse_instance(data[:end] + data[at:end] + data[end:])


@pytest.mark.parametrize(
    "data", [b"", b"PK\x03\x04", bytes(1000), b"\0" * 128 + b"DICM", b"\0" * 128 + b"DICM\x02\x00"]
)
def test_what_is_not_dicom_is_refused(data: bytes) -> None:
    with pytest.raises(DicomError):
        parse_instance(data)


def test_a_structure_set_passes_with_its_bytes_unchanged() -> None:
    ct = factory.make_ct_series((2, 8, 8))
    structure_set = factory.make_rtstruct(ct, {"Parotid_L": {0: [(1, 1), (5, 1), (5, 5)]}})
    data = factory.encode(structure_set, ImplicitVRLittleEndian)
    parsed = parse_instance(data)
    begin = data.index(struct.pack("<HH", 0x3006, 0x0039))
    assert data[begin:] in parsed.data


def _specimens() -> list[bytes]:
    ct = factory.make_ct_series((1, 8, 8))
    whole = [factory.encode(factory.make_ct_series((1, 8, 8))[0], s) for s in (*UNCOMPRESSED, RLELossless)]
    whole.append(factory.encode(factory.make_rtstruct(ct, {"GTV": {0: [(1, 1), (5, 1), (5, 5)]}})))
    whole.append(factory.encode(factory.make_rtdose(ct, np.ones((3, 4, 5)), (4.0, 4.0, 4.0))))
    return whole


def _mutated(data: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    begin, end = sorted(int(v) for v in rng.integers(0, len(data) + 1, 2))
    kind = rng.integers(4)
    if kind == 0:
        broken = bytearray(data)
        for at in rng.integers(128, len(data), int(rng.integers(1, 8))):
            broken[at] = int(rng.integers(256))
        return bytes(broken)
    if kind == 1:
        return data[:end]
    if kind == 2:
        return data[:begin] + data[end:]
    return data[:end] + other[int(rng.integers(len(other))) :]


def test_mutations_are_accepted_or_refused_but_never_crash() -> None:
    specimens = _specimens()
    outcomes = {"in": 0, "refused": 0}
    for seed in range(800):
        rng = np.random.default_rng(seed)
        data = _mutated(specimens[seed % len(specimens)], specimens[int(rng.integers(len(specimens)))], rng)
        try:
            parsed = parse_instance(data, Limits(inflated_bytes=MIB))
            outcomes["in"] += 1
            if parsed.modality == "CT":
                decode_frames(parsed.data)
        except RtError as error:
            assert str(error)
            outcomes["refused"] += 1
    assert min(outcomes.values()) > 20


@pytest.mark.shared_data
@pytest.mark.parametrize("folder", ["ct_dicom", "sarcoma/STS_001", "sarcoma/STS_007"])
def test_real_files_pass(folder: str) -> None:
    if not (SHARED / folder).is_dir():
        pytest.skip(f"no {folder} in ../shared/data")
    files = sorted((SHARED / folder).rglob("*.dcm"))
    parsed = [parse_instance(path.read_bytes()) for path in files]
    assert len({p.sop_instance_uid for p in parsed}) == len(files)


def test_what_an_object_says_of_its_patient_is_read_as_it_is_stored() -> None:
    ids = factory.Ids("1.2.3", "1.2.4", "1.2.5", "Zoe\u0301\u200b", "Mu\u0308ller^Zoe")
    plan = factory.make_instance(factory.RTPLAN, "RTPLAN", ids, "plan")
    parsed, said = parse_instance(factory.encode(plan)), read_references(plan)
    assert said is not None
    assert (said.patient_id, said.patient_name) == (parsed.patient_id, parsed.patient_name)
    assert said.patient_id == "Zo\u00e9"
