"""The gate: what in an object names its patient, and whether any of it is still in what was written.

Names are taken apart, and each part is looked for in every value of the written object, at any depth, in
upper or lower case, in its bytes as they are, as UTF-16 and as base64; in code strings as whole words.
Values that cannot come from the patient are passed over: names, meanings and pseudonyms that were put in
here, and what has a form that no name has.  Where something is found is
told by tag; the value itself is in no message.
"""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence

from rt.dicom.deidentify import keep, values
from rt.dicom.deidentify.options import Option, Profile
from rt.dicom.parse import PARSER_FAILURES

_ALWAYS = """
PatientID OtherPatientIDs PatientBirthDate PatientAddress PatientTelephoneNumbers MedicalRecordLocator
AccessionNumber AdmissionID StudyID InsurancePlanIdentification CountryOfResidence PatientReligiousPreference
RequestedProcedureID ScheduledProcedureStepID PerformedProcedureStepID FillerOrderNumberImagingServiceRequest
PlacerOrderNumberImagingServiceRequest IssuerOfPatientID ServiceEpisodeID
"""
_INSTITUTION = "InstitutionName InstitutionAddress InstitutionalDepartmentName"
_DEVICE = "StationName DeviceSerialNumber"
LEAST_LETTERS, LEAST_IN_BYTES, LEAST_IN_PIXELS = 2, 4, 8
"""Characters of a token that is looked for as a whole word, anywhere in a value, anywhere in pixels."""
LEAST_DIGITS = 5
"""Fewer digits than these are a number among numbers."""
_WORD = re.compile(r"[^\W_]+")
_TITLES = "mr mrs ms miss dr prof md phd herr frau med jr sr ii iii iv von van de der da di la le"
"""Words beside names that name no one, and are a modality or a unit elsewhere."""
_FROM_LISTS = frozenset({0x00080102, 0x00080104})
"""Coding Scheme Designator and Code Meaning, which were written from the dictionary."""


@dataclass(frozen=True)
class Identifiers:
    """What names a patient: words in lower case, and UIDs."""

    words: frozenset[str]
    uids: frozenset[str]


def identifiers_of(dataset: Dataset, profile: Profile) -> Identifiers:
    """What in an object names its patient and must be gone under a profile."""
    keywords = _ALWAYS.split()
    keywords += [] if profile.has(Option.INSTITUTION) else _INSTITUTION.split()
    keywords += [] if profile.has(Option.DEVICE) else _DEVICE.split()
    wanted = {tag_for_keyword(keyword) for keyword in keywords}
    words: set[str] = set()
    uids: set[str] = set()
    for tag, vr, found in _elements(dataset):
        if vr == "PN":
            words.update(word for text in found for word in _WORD.findall(_folded(text)))
        elif tag in wanted:
            words.update(folded for folded in map(_folded, found) if len(folded) >= LEAST_IN_BYTES)
        elif vr == "UI" and not profile.has(Option.UIDS):
            uids.update(text for text in found if not values.is_standard_uid(text))
    return Identifiers(frozenset(filter(_is_telling, words)), frozenset(filter(None, uids)))


def survivors(dataset: Dataset, wanted: Identifiers, made_here: frozenset[str]) -> list[str]:
    """Tags of a written object where something that names its patient still stands.

    `made_here` are values that de-identification put in by itself.
    """
    in_bytes = {form for word in wanted.words if len(word) >= LEAST_IN_BYTES for form in _forms(word)}
    numbers = [word for word in wanted.words if len(word) > LEAST_DIGITS and word.isdigit()]
    in_pixels = {form for form in in_bytes if len(form) >= LEAST_IN_PIXELS}
    found = []
    for tag, vr, texts in _elements(dataset):
        if vr == "UI":
            survived = bool(wanted.uids.intersection(texts))
        elif vr == "CS":
            survived = any(code_tells(text, wanted.words) for text in texts)
        elif tag in _FROM_LISTS or tag in keep.text_forms():
            survived = False
        elif vr in values.BULK_VRS:
            raw = texts[0].encode("latin-1").lower() if texts else b""
            survived = any(form in raw for form in in_pixels)
        elif vr in values.DECIMAL_VRS or vr in values.DATE_VRS or vr in values.BINARY_SIZES:
            survived = any(_holds(text, word) for text in texts for word in numbers)
        else:
            survived = any(_tells(text, wanted, in_bytes) for text in texts if text not in made_here)
        if survived:
            found.append(f"({tag >> 16:04X},{tag & 0xFFFF:04X})")
    return found


def _tells(text: str, wanted: Identifiers, forms: set[bytes]) -> bool:
    folded = _folded(text)
    if wanted.words.intersection(_WORD.findall(folded)) or folded in wanted.words:
        return True
    raw = folded.encode("utf-8", "surrogatepass")
    return any(form in raw for form in forms) or any(uid in text for uid in wanted.uids)


def _holds(text: str, number: str) -> bool:
    """Whether one of the values that backslashes part is a number; most texts have no such digits at all."""
    return number in text and number in (value.strip() for value in text.split("\\"))


def code_tells(text: str, words: frozenset[str]) -> bool:
    """Whether a code string holds a word that names the patient, and is no term of the standard.

    Short names are abbreviations in code strings (SE, FS), so only longer ones are looked for.
    """
    folded = _folded(text)
    if folded in keep.defined_terms():
        return False
    long = {word for word in words if len(word) >= LEAST_IN_BYTES}
    inside = any(word in folded for word in long if len(word) > LEAST_DIGITS)
    return inside or bool(long.intersection(_WORD.findall(folded)))


def _is_telling(word: str) -> bool:
    least = LEAST_LETTERS if word.isascii() else 1
    return len(word) >= (LEAST_DIGITS if word.isdigit() else least) and word not in _TITLES.split()


def _forms(word: str) -> Iterator[bytes]:
    """A word's bytes in the encodings in which it may hide, in lower case as they are compared.

    Base64 in its three alignments, without the characters that its neighbours share.
    """
    for encoding in ("utf-8", "latin-1", "utf-16-le", "utf-16-be", "shift_jis", "euc_jp"):
        try:
            yield word.encode(encoding)
        except UnicodeEncodeError:
            continue
    for spelled in {word, word.upper(), word.title()}:
        for shift in range(3):
            code = base64.b64encode(b"\0" * shift + spelled.encode()).rstrip(b"=")
            inner = code[-(-8 * shift // 6) : len(code) - (1 if (shift + len(spelled.encode())) % 3 else 0)]
            if len(inner) >= LEAST_IN_PIXELS:
                yield inner.lower()


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().lower()


def _elements(dataset: Dataset) -> Iterator[tuple[int, str, list[str]]]:
    """Tag, VR and values of every element at any depth; bulk as one text of Latin-1."""
    for tag in [int(tag) for tag in dataset.keys()]:  # noqa: SIM118 (a Dataset iterates over elements)
        raw = dataset.get_item(tag)
        if isinstance(raw.value, bytes) and _is_numeric(tag, raw.VR):
            yield tag, "DS", [raw.value.decode("latin-1").strip(" \0")]
            continue
        try:
            element = dataset[tag]
        except PARSER_FAILURES:
            yield tag, "UN", [raw.value.decode("latin-1")] if isinstance(raw.value, bytes) else []
            continue
        if isinstance(element.value, DicomSequence):
            for item in element.value:
                yield from _elements(item)
        elif isinstance(element.value, bytes):
            yield tag, "UN", [element.value.decode("latin-1")]
        else:
            yield tag, element.VR, values.texts(element)


def _is_numeric(tag: int, vr: str | None) -> bool:
    """Decimal strings are compared as they stand: a contour has a million of them."""
    return (vr or values.dictionary_vr(tag)) in values.DECIMAL_VRS
