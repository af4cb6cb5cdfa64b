"""The one door for untrusted DICOM bytes.

`parse_instance` lets a file in only after its structure, its sizes and its kind were checked, in this order:
length, preamble and file meta, transfer syntax, bounded inflation, a walk over every length and nesting
(rt.dicom.elements), identity (UIDs), kind (SOP class, burned-in text), pixel extents, contours.  It then
hands back the bytes to store.  Everything it raises is a DicomError that says what and where, and of
which instance once that is known.

What is stored: the data set's own bytes, element by element, with a zeroed preamble and a file meta group
of our own.  Left out are group lengths, curves (50xx), overlays (60xx), Icon Image Sequence, encapsulated
documents and trailing padding, because text can hide there and nothing here reads them.  Private elements
stay: treatment planning systems and PET scanners keep there what they need back, and nothing else may be
lost; de-identification is another step.  A deflated data set is stored inflated, Explicit VR Little Endian.
Blank study and series UIDs, as some anonymisers leave them, are replaced by UIDs derived from what else
identifies the acquisition, and a note says so.
"""

from __future__ import annotations

import io
import logging
import re
import struct
import unicodedata
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import pydicom
import pydicom.config
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.uid import UID

from rt.contours import ContourWarning
from rt.dicom.elements import EXPLICIT_LITTLE, PIXEL_DATA, Element, encode_element, scan
from rt.dicom.envelope import encoding_of, inflated, read_meta
from rt.dicom.headers import geometry_json
from rt.dicom.kinds import (
    CROSS_SECTIONS,
    DEFLATED,
    EXPLICIT_LITTLE_ENDIAN,
    MODALITIES,
    RTDOSE,
    RTSTRUCT,
    TRANSFER_SYNTAXES,
    WITH_PIXELS,
    check_kind,
)
from rt.dicom.limits import DEFAULT_LIMITS, Limits
from rt.dicom.pieces import Piece, merged, put_together
from rt.dicom.pixelcheck import check_pixels
from rt.dicom.rtstruct import check_rtstruct
from rt.dicom.uids import IMPLEMENTATION_CLASS_UID, derived_uid
from rt.errors import (
    DicomError,
    DicomTooLarge,
    DicomUnsupported,
    EmptyFile,
    StructureSetError,
)

pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
logging.getLogger("pydicom").setLevel(logging.CRITICAL)  # its warnings quote values of the file

_UID = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))+\Z", re.ASCII)
_DROPPED_TAGS = frozenset({0x00420011, 0x00880200, 0xFFFCFFFC})
_SOP_CLASS, _SOP_INSTANCE, _STUDY, _SERIES = 0x00080016, 0x00080018, 0x0020000D, 0x0020000E
_TRANSFER_SYNTAX = 0x00020010
_BLANK = DataElement(_SOP_INSTANCE, "UI", "")
_NAMES = {
    _SOP_CLASS: "SOP Class UID",
    _SOP_INSTANCE: "SOP Instance UID",
    _STUDY: "Study Instance UID",
    _SERIES: "Series Instance UID",
}
PARSER_FAILURES = (
    InvalidDicomError, BytesLengthException, ValueError, LookupError, TypeError, AttributeError,
    NotImplementedError, ArithmeticError, struct.error, EOFError, OSError, RuntimeError,
)  # fmt: skip
"""What pydicom is known to raise on hostile bytes; RecursionError is a RuntimeError."""


@dataclass(frozen=True)
class ParsedInstance:
    """One checked instance: what a worklist needs, and the bytes to store.

    Texts are in NFC, without control characters.
    """

    sop_class_uid: str
    sop_instance_uid: str
    study_instance_uid: str
    series_instance_uid: str
    transfer_syntax_uid: str
    """Of `data`."""
    modality: str
    patient_id: str
    patient_name: str
    birth_date: str
    """DICOM DA, or empty."""
    sex: str
    study_date: str
    study_time: str
    study_description: str
    study_id: str
    accession_number: str
    series_description: str
    series_number: int | None
    instance_number: int | None
    body_part: str
    frame_of_reference_uid: str
    notes: tuple[str, ...]
    """What was repaired or left out, for the person who sent the file."""
    findings: tuple[ContourWarning, ...]
    """What of an RTSTRUCT cannot be used."""
    referring_physician: str
    series_date: str
    series_time: str
    rows: int | None
    columns: int | None
    frames: int
    geometry: dict[str, Any] | None
    """{"slices": [SliceHeader as JSON]} of an image, {"problem": words} where the header places none."""
    data: bytes
    """The file to store."""

    @property
    def dataset(self) -> Dataset:
        """The data set, read anew from `data`."""
        return read_stored(self.data)


def read_stored(data: bytes, *, pixels: bool = True) -> Dataset:
    """The data set of bytes that have passed `parse_instance`, with or without its pixel data."""
    return _read(io.BytesIO(data), pixels=pixels)


def read_stored_header(source: Path | BinaryIO) -> Dataset:
    """The data set of a file that has passed `parse_instance`, read only as far as its pixel data.

    A stream stands at the pixel data element afterwards, if there is one.
    """
    return _read(source, pixels=False)


def _read(source: Path | BinaryIO, *, pixels: bool) -> Dataset:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return pydicom.dcmread(source, stop_before_pixels=not pixels)
    except PARSER_FAILURES as error:
        raise DicomError(f"cannot be read ({type(error).__name__})") from error


def parse_instance(data: bytes, limits: Limits = DEFAULT_LIMITS) -> ParsedInstance:
    """The checked instance of the bytes of one DICOM file (PS3.10); a DicomError says what is wrong."""
    parsed, pieces = examine(data, limits)
    return replace(parsed, data=put_together(pieces, data))


def examine(data: bytes, limits: Limits = DEFAULT_LIMITS) -> tuple[ParsedInstance, list[Piece]]:
    """What `parse_instance` finds but for its bytes, and the pieces of `data` that they are made of."""
    if not data:
        raise EmptyFile("the file is empty: 0 bytes")
    if len(data) > limits.file_bytes:
        raise DicomTooLarge(f"{len(data)} bytes; at most {limits.file_bytes} are taken")
    meta, begin = read_meta(data, limits)
    syntax = meta.get(_TRANSFER_SYNTAX, "")
    if syntax not in TRANSFER_SYNTAXES:
        raise DicomUnsupported(f"transfer syntax {_syntax_name(syntax)} is not taken in", where="(0002,0010)")
    body = data
    if syntax == DEFLATED:
        body, begin, syntax = inflated(data[begin:], limits), 0, EXPLICIT_LITTLE_ENDIAN
    elements = scan(body, begin, encoding_of(syntax), limits)
    _check_unique(elements)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parsed, pieces = _judged(_Source(body, elements, syntax, meta), limits)
    except PARSER_FAILURES as error:
        raise DicomError(f"a value cannot be read ({type(error).__name__})") from error
    return parsed, pieces if body is data else [put_together(pieces, body)]


@dataclass(frozen=True)
class _Source:
    """A data set whose structure was found sound, but not yet its values."""

    body: bytes
    elements: list[Element]
    syntax: str
    meta: dict[int, str]


def _judged(source: _Source, limits: Limits) -> tuple[ParsedInstance, list[Piece]]:
    kept = [e for e in source.elements if not _is_dropped(e.tag)]
    front = _rebuilt(source, [e for e in kept if e.tag < PIXEL_DATA], {})
    opening = put_together((_preface("", "", source.syntax), *front), source.body)
    header = pydicom.dcmread(io.BytesIO(opening))
    uids, notes = _identity(header, source.meta)
    try:
        findings = _checked_content(source, kept, header, uids[_SOP_CLASS], limits)
    except DicomError as error:
        error.instance = (uids[_SOP_CLASS], uids[_SOP_INSTANCE])
        raise
    changed = {tag: uid for tag, uid in uids.items() if str(header.get(tag, _BLANK).value or "") != uid}
    preface = _preface(uids[_SOP_CLASS], uids[_SOP_INSTANCE], source.syntax)
    for tag, uid in changed.items():
        header[tag] = DataElement(tag, "UI", uid)
    if hidden := sum(1 for e in source.elements if _hides_content(e.tag)):
        notes.append(f"{hidden} overlay, curve or thumbnail elements were left out")
    parsed = replace(_summary(header, uids, source.syntax), notes=tuple(notes), findings=findings)
    return parsed, [preface, *_rebuilt(source, kept, changed)]


def _checked_content(
    source: _Source, kept: list[Element], header: Dataset, sop_class: str, limits: Limits
) -> tuple[ContourWarning, ...]:
    """What a person should know of contents that are taken; DicomError for those that are not."""
    check_kind(sop_class, header)
    if sop_class in WITH_PIXELS and (PIXEL_DATA in {e.tag for e in kept} or sop_class != RTDOSE):
        check_pixels(source.body, kept, header, source.syntax, limits)
    if frame_of_reference := str(header.get("FrameOfReferenceUID") or ""):
        _check_uid("Frame of Reference UID", frame_of_reference)
    if sop_class != RTSTRUCT:
        return ()
    try:
        return check_rtstruct(header)
    except PARSER_FAILURES as error:
        raise StructureSetError(f"a value cannot be read ({type(error).__name__})") from error


def _summary(header: Dataset, uids: dict[int, str], syntax: str) -> ParsedInstance:
    return ParsedInstance(
        sop_class_uid=uids[_SOP_CLASS],
        sop_instance_uid=uids[_SOP_INSTANCE],
        study_instance_uid=uids[_STUDY],
        series_instance_uid=uids[_SERIES],
        transfer_syntax_uid=syntax,
        modality=MODALITIES[uids[_SOP_CLASS]],
        patient_id=text(header, "PatientID"),
        patient_name=text(header, "PatientName"),
        birth_date=_digits(header, "PatientBirthDate", 8),
        sex=text(header, "PatientSex")[:1].upper(),
        study_date=_digits(header, "StudyDate", 8),
        study_time=_digits(header, "StudyTime", 6),
        study_description=text(header, "StudyDescription"),
        study_id=text(header, "StudyID"),
        accession_number=text(header, "AccessionNumber"),
        series_description=text(header, "SeriesDescription"),
        series_number=_integer(header, "SeriesNumber"),
        instance_number=_integer(header, "InstanceNumber"),
        body_part=text(header, "BodyPartExamined"),
        frame_of_reference_uid=str(header.get("FrameOfReferenceUID") or ""),
        notes=(),
        findings=(),
        referring_physician=str(header.get("ReferringPhysicianName") or "")[:324],
        series_date=str(header.get("SeriesDate") or "")[:8],
        series_time=str(header.get("SeriesTime") or "")[:16],
        rows=_integer(header, "Rows"),
        columns=_integer(header, "Columns"),
        frames=_integer(header, "NumberOfFrames") or 1,
        geometry=geometry_json(header) if uids[_SOP_CLASS] in CROSS_SECTIONS else None,
        data=b"",
    )


def _syntax_name(uid: str) -> str:
    """The standard's name of a known transfer syntax, else the UID as far as it can be shown."""
    return UID(uid).name if _UID.match(uid) else repr(uid[:64])


def _check_unique(elements: list[Element]) -> None:
    seen: set[int] = set()
    for element in elements:
        if element.tag in seen or element.tag < 0x00080000:
            raise DicomError(
                "stands twice or where it must not",
                where=f"({element.tag >> 16:04X},{element.tag & 0xFFFF:04X})",
            )
        seen.add(element.tag)


def _hides_content(tag: int) -> bool:
    group = tag >> 16
    return tag in _DROPPED_TAGS or (
        group % 2 == 0 and (0x5000 <= group <= 0x50FF or 0x6000 <= group <= 0x60FF)
    )


def _is_dropped(tag: int) -> bool:
    return _hides_content(tag) or tag & 0xFFFF == 0


def _identity(header: Dataset, meta: dict[int, str]) -> tuple[dict[int, str], list[str]]:
    """The four UIDs of an instance by tag, and notes on those that had to be found elsewhere."""
    notes: list[str] = []
    uids = {tag: str(header.get(tag, _BLANK).value or "").strip() for tag in _NAMES}
    for tag, in_meta in ((_SOP_CLASS, 0x00020002), (_SOP_INSTANCE, 0x00020003)):
        if not uids[tag] and meta.get(in_meta):
            uids[tag] = meta[in_meta]
            notes.append(f"{_NAMES[tag]} is blank; the file meta group's was taken")
    frame_of_reference = str(header.get("FrameOfReferenceUID") or "")
    acquisition = [
        frame_of_reference,
        *(str(header.get(k) or "") for k in ("StudyDate", "PatientID", "AccessionNumber")),
    ]
    series = [
        str(header.get(k) or "")
        for k in ("Modality", "SeriesDate", "SeriesTime", "SeriesNumber", "SeriesDescription")
    ]
    for tag, parts in ((_STUDY, ["study", *acquisition]), (_SERIES, ["series", *acquisition, *series])):
        if not uids[tag] and frame_of_reference:
            uids[tag] = derived_uid(*parts)
            notes.append(f"{_NAMES[tag]} is blank; one was derived from the frame of reference and the dates")
    for tag, name in _NAMES.items():
        _check_uid(name, uids[tag])
    return uids, notes


def _check_uid(name: str, uid: str) -> None:
    if not uid:
        raise DicomError("missing", where=name)
    if len(uid) > 64 or not _UID.match(uid):
        raise DicomError("not a UID: digits and dots, at most 64", where=name)


def _rebuilt(source: _Source, kept: list[Element], changed: dict[int, str]) -> list[Piece]:
    """The kept elements' own bytes in ascending order, with the changed UIDs in place."""
    encoding = encoding_of(source.syntax)
    pieces: dict[int, Piece] = {e.tag: (e.start, e.end) for e in kept}
    for tag, uid in changed.items():
        pieces[tag] = encode_element(tag, "UI", uid.encode("ascii"), encoding)
    return list(merged(pieces[tag] for tag in sorted(pieces)))


def _preface(sop_class_uid: str, sop_instance_uid: str, syntax: str) -> bytes:
    """A zeroed preamble and a file meta group of our own (PS3.10 7.1)."""
    meta = encode_element(0x00020001, "OB", b"\0\1", EXPLICIT_LITTLE)
    texts = {
        0x00020002: sop_class_uid,
        0x00020003: sop_instance_uid,
        _TRANSFER_SYNTAX: syntax,
        0x00020012: IMPLEMENTATION_CLASS_UID,
    }
    for tag, value in texts.items():
        meta += encode_element(tag, "UI", value.encode("ascii"), EXPLICIT_LITTLE)
    length = encode_element(0x00020000, "UL", struct.pack("<I", len(meta)), EXPLICIT_LITTLE)
    return b"\0" * 128 + b"DICM" + length + meta


def text(header: Dataset, keyword: str) -> str:
    """A text in NFC, without control characters, cut at 256."""
    value = str(header.get(keyword) or "")
    if not (value.isascii() and value.isprintable()):
        value = unicodedata.normalize("NFC", value)
        value = "".join(c for c in value if unicodedata.category(c) not in {"Cc", "Cf", "Cs"})
    return value.strip()[:256]


def _digits(header: Dataset, keyword: str, count: int) -> str:
    value = re.sub(r"[^0-9]", "", str(header.get(keyword) or ""), flags=re.ASCII)
    return value[:count] if len(value) >= count else ""


def _integer(header: Dataset, keyword: str) -> int | None:
    try:
        return int(str(header.get(keyword)))
    except ValueError:
        return None
