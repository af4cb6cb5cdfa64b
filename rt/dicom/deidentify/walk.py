"""One pass over a data set and all items in it that leaves nothing in place which may name someone.

Every attribute meets its row of Table E.1-1, and without one the allow-list of `keep`.  Structure and
segment names are mapped to TG-263 or become `Structure_n`; published codes stay and others go; private
attributes, overlays and curves go.  Data sets are changed in place.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field

from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence

from rt.dicom.deidentify import keep, values
from rt.dicom.deidentify.codes import TISSUE, code_of, is_coded, put_code
from rt.dicom.deidentify.identifiers import code_tells
from rt.dicom.deidentify.options import Option, Profile
from rt.dicom.deidentify.pseudonyms import Pseudonyms
from rt.dicom.deidentify.table import Row, resolved, row_of, safe_private
from rt.dicom.deidentify.values import put
from rt.dicom.deidentify.words import clean_text
from rt.dicom.parse import PARSER_FAILURES
from rt.nomenclature import tg263_name

PATIENT_NAME, PATIENT_ID, PATIENT_SEX = 0x00100010, 0x00100020, 0x00100040
NAMED_BY_NUMBER = {
    0x30060026: (0x30060022, "Structure"),
    0x00620005: (0x00620004, "Structure"),
    0x300A00C2: (0x300A00C0, "Beam"),
}
"""ROI Name, Segment Label and Beam Name: the attribute with their number, and what they are called by it."""
_SEGMENT_CODES = frozenset({0x00620003, 0x0062000F})
"""Segmented Property Category and Type Code Sequence, which a segment must have."""
_CHARACTER_SET = 0x00080005


def structure_name(name: str, number: object, called: str = "Structure") -> str:
    """The TG-263 name that a name certainly means, else `Structure_n`."""
    match = tg263_name(name) if called == "Structure" else None
    return match.name if match else f"{called}_{number}"


@dataclass
class Walk:
    """The way of one object through a profile."""

    profile: Profile
    pseudonyms: Pseudonyms
    modality: str
    identity: str
    """Of the patient: what pseudonym and dates hang on."""
    forbidden: frozenset[str] = frozenset()
    """Words that free text may not keep, since the patient is called so."""
    names: set[str] = field(default_factory=set)
    """Given out so far, in lower case."""

    def data_set(self, dataset: Dataset) -> None:
        """De-identify a data set or an item, and all items below."""
        code = code_of(dataset) if is_coded(dataset) else None
        safe = self._safe_private(dataset)
        for tag in [int(tag) for tag in dataset.keys()]:  # noqa: SIM118 (a Dataset iterates over elements)
            try:
                kept = tag in safe if tag >> 16 & 1 else self._element(dataset, tag)
            except PARSER_FAILURES:
                kept = False
            if not kept and tag in dataset:
                del dataset[tag]
        if code is not None:
            put_code(dataset, code)

    def _safe_private(self, dataset: Dataset) -> set[int]:
        """Tags of private attributes that stay, and of their creators."""
        kept: set[int] = set()
        if not self.profile.has(Option.SAFE_PRIVATE):
            return kept
        for tag in [int(t) for t in dataset.keys() if int(t) >> 16 & 1 and int(t) & 0xFF00]:  # noqa: SIM118
            creator = tag & 0xFFFF0000 | (tag & 0xFFFF) >> 8
            if creator not in dataset:
                continue
            name = values.texts(dataset[creator])
            vr = safe_private().get((name[0], tag >> 16, tag & 0xFF)) if name else None
            if vr and self._is_harmless(dataset, tag, vr):
                kept |= {tag, creator}
        return kept

    def _is_harmless(self, dataset: Dataset, tag: int, vr: str) -> bool:
        """Whether a private attribute that is called safe holds numbers, or codes that name nobody."""
        element = dataset.get_item(tag)
        if element.VR not in (None, "UN", "") and not values.same_kind(element.VR, vr):
            return False
        if vr in values.DECIMAL_VRS or vr in values.BINARY_SIZES:
            return values.numbers_only(element, vr)
        texts = values.texts(dataset[tag]) if vr == "CS" else []
        return bool(texts) and all(
            keep.CODE_STRING.match(text) and not code_tells(text, self.forbidden) for text in texts
        )

    def _element(self, dataset: Dataset, tag: int) -> bool:
        """Whether an attribute stays; it is then clean."""
        vr = values.dictionary_vr(tag)
        if vr is None or tag & 0xFFFF == 0:
            return False
        if tag in (PATIENT_NAME, PATIENT_ID):
            put(dataset, tag, vr, self._patient(dataset, tag))
            return True
        if tag in NAMED_BY_NUMBER:
            put(dataset, tag, vr, self._name(dataset, tag))
            return True
        declared = dataset.get_item(tag).VR
        if declared not in (None, "UN", "") and not values.same_kind(str(declared).split(" or ")[0], vr):
            return False
        row = row_of(tag)
        if row is None:
            return self._unlisted(dataset, tag, vr)
        return self._act(row, row.action(self.profile, self.modality, vr), (dataset, tag, vr))

    def _patient(self, dataset: Dataset, tag: int) -> str:
        """The pseudonym; a nested PatientID that is another's gets its own."""
        own = normalised(" ".join(values.texts(dataset[tag]))) if tag == PATIENT_ID else ""
        return self.pseudonyms.patient(own or self.identity)

    def _name(self, dataset: Dataset, tag: int) -> str:
        number_tag, called = NAMED_BY_NUMBER[tag]
        number = dataset[number_tag].value if number_tag in dataset else len(self.names) + 1
        number = number if str(number).isdigit() else len(self.names) + 1
        base = structure_name(" ".join(values.texts(dataset[tag])), number, called)
        name, again = base, 1
        while name.lower() in self.names:
            again += 1
            name = f"{base}_{again}"
        self.names.add(name.lower())
        return name

    def _act(self, row: Row, action: str, where: tuple[Dataset, int, str]) -> bool:
        dataset, tag, vr = where
        if action == "X" or (tag >> 24) in (0x50, 0x60):
            return False
        if action == "Z":
            put(dataset, tag, vr, "")
        elif vr == "SQ":
            self._items(dataset, tag)
        elif action == "C":
            return self._clean(row, where)
        elif action == "K":
            return self._retained(where)
        elif vr == "UI":
            self._uids(dataset, tag)
        else:
            put(dataset, tag, vr, values.dummy(vr))
        return True

    def _clean(self, row: Row, where: tuple[Dataset, int, str]) -> bool:
        """Move a date, or keep the harmless words of a text; what is then empty goes by the Basic Profile."""
        dataset, tag, vr = where
        if vr in values.DATE_VRS:
            cleaned = [self._moved(vr, text) for text in values.texts(dataset[tag])]
            put(dataset, tag, vr, "\\".join(cleaned) if all(cleaned) else "")
            return True
        if vr in values.TEXT_VRS:
            cleaned = [clean_text(text, self.forbidden) for text in values.texts(dataset[tag])]
            text = " ".join(filter(None, cleaned))[: values.LONGEST.get(vr, 10240)].rstrip()
            if text:
                put(dataset, tag, vr, text)
                return True
        return self._act(row, resolved(row.basic, {}, self.modality), where)

    def _moved(self, vr: str, text: str) -> str:
        if vr == "TM":
            return text if values.TIME_FORM.match(text) else ""
        return self.pseudonyms.moved(self.identity, text)

    def _retained(self, where: tuple[Dataset, int, str]) -> bool:
        """Keep under a Retain option, where the value is of its kind."""
        dataset, tag, vr = where
        if vr in values.TEXT_VRS and vr != "AS":
            return True
        if vr == "AS":
            put(dataset, tag, vr, values.capped_age(" ".join(values.texts(dataset[tag]))))
            return True
        if tag == PATIENT_SEX:
            sex = " ".join(values.texts(dataset[tag]))
            put(dataset, tag, vr, sex if sex in ("M", "F", "O") else "")
            return True
        if vr in values.DATE_VRS:
            form = values.TIME_FORM if vr == "TM" else values.DATE_FORM
            if not all(form.match(text) for text in values.texts(dataset[tag])):
                put(dataset, tag, vr, "")
            return True
        if vr == "CS":
            return self._code_string(dataset, tag)
        return self._unlisted(dataset, tag, vr)

    def _unlisted(self, dataset: Dataset, tag: int, vr: str) -> bool:
        """What Table E.1-1 does not name: numbers stay, of the rest what is on the allow-list."""
        if vr == "SQ":
            return self._items(dataset, tag)
        if vr == "UI":
            self._uids(dataset, tag)
            return True
        if tag in keep.dummies() or tag in keep.emptied():
            put(dataset, tag, vr, values.dummy(vr) if tag in keep.dummies() else "")
            return True
        if vr in values.DECIMAL_VRS or vr in values.BINARY_SIZES:
            return values.numbers_only(_plain(dataset, tag), vr)
        if vr in values.BULK_VRS or tag in keep.kept_bulk():
            return tag in keep.kept_bulk()
        if vr == "CS":
            return tag in keep.kept_codes() and self._code_string(dataset, tag)
        if vr in values.DATE_VRS:
            return self._unlisted_date(dataset, tag, vr)
        return self._unlisted_text(dataset, tag, vr)

    def _unlisted_text(self, dataset: Dataset, tag: int, vr: str) -> bool:
        texts = values.texts(dataset[tag])
        if tag in keep.text_forms():
            if not all(keep.text_forms()[tag].match(text) for text in texts):
                put(dataset, tag, vr, "")
            return True
        if tag not in keep.equipment():
            return False
        if not self.profile.has(Option.DEVICE) or not all(map(keep.EQUIPMENT_TEXT.match, texts)):
            put(dataset, tag, vr, values.dummy(vr))
        return True

    def _unlisted_date(self, dataset: Dataset, tag: int, vr: str) -> bool:
        if self.profile.has(Option.FULL_DATES):
            return self._retained((dataset, tag, vr))
        if not self.profile.has(Option.MODIFIED_DATES):
            return False
        moved = [self._moved(vr, text) for text in values.texts(dataset[tag])]
        put(dataset, tag, vr, "\\".join(moved))
        return bool(moved) and all(moved)

    def _code_string(self, dataset: Dataset, tag: int) -> bool:
        """Whether it is one; what is no term of the standard's list, or names the patient, is emptied."""
        form = keep.CHARACTER_SET if tag == _CHARACTER_SET else keep.CODE_STRING
        texts = values.texts(dataset[tag])
        if not all(form.match(text) for text in texts):
            return False
        listed = keep.TERMS.get(tag)
        is_foreign = listed is not None and not listed.issuperset(filter(None, texts))
        if is_foreign or any(code_tells(text, self.forbidden) for text in texts):
            put(dataset, tag, "CS", "")
        return True

    def _items(self, dataset: Dataset, tag: int) -> bool:
        """De-identify a sequence's items; False when only codes were in it and all of them had to go."""
        value = dataset[tag].value
        items = list(value) if isinstance(value, DicomSequence) else []
        kept = [item for item in items if not is_coded(item) or code_of(item) is not None]
        for item in kept:
            self.data_set(item)
        if items and not kept and tag in _SEGMENT_CODES:
            kept = [Dataset()]
            put_code(kept[0], TISSUE)
        if len(kept) != len(items) or not items:
            put(dataset, tag, "SQ", DicomSequence(kept))
        return bool(kept) or not items

    def _uids(self, dataset: Dataset, tag: int) -> None:
        put(dataset, tag, "UI", [self._uid(text) for text in values.texts(dataset[tag])] or "")

    def _uid(self, text: str) -> str:
        if not text or values.is_standard_uid(text):
            return text
        if self.profile.has(Option.UIDS) and len(text) <= 64 and values.UID_FORM.match(text):
            return text
        return self.pseudonyms.uid(text)


def normalised(text: str) -> str:
    """An identity as pseudonyms hang on it: the same however its characters were composed or padded."""
    return unicodedata.normalize("NFC", text).strip()


def _plain(dataset: Dataset, tag: int) -> RawDataElement | DataElement:
    """An element as it stands in the file, but an unknown VR read by the dictionary's."""
    raw = dataset.get_item(tag)
    return dataset[tag] if raw.VR == "UN" else raw
