"""Values: what may stay of one by its VR, and what is put in its place."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from pydicom import config
from pydicom._uid_dict import UID_dictionary
from pydicom.datadict import dictionary_VM, dictionary_VR, repeater_has_tag
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence as DicomSequence

from rt.dicom.deidentify.keep import DECIMALS

TEXT_VRS = frozenset({"AE", "AS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"})
"""Value representations that hold words."""
DECIMAL_VRS = frozenset({"DS", "IS"})
BINARY_SIZES = {
    "US": 2, "SS": 2, "UL": 4, "SL": 4, "UV": 8, "SV": 8, "FL": 4, "FD": 8, "AT": 4,
}  # fmt: skip
"""Bytes of one value."""
BULK_VRS = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
DATE_VRS = frozenset({"DA", "DT", "TM"})
LONGEST = {"SH": 16, "LO": 64, "ST": 1024, "CS": 16}
UID_FORM = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))+\Z", re.ASCII)
TIME_FORM = re.compile(r"[0-9]{2,6}(\.[0-9]{1,6})?\Z", re.ASCII)
DATE_FORM = re.compile(r"[0-9]{4,8}([0-9]{0,6}(\.[0-9]{1,6})?([+-][0-9]{4})?)\Z", re.ASCII)
AGE_FORM = re.compile(r"[0-9]{3}[DWMY]\Z", re.ASCII)
MOST_PRIVATE = 16
"""Numbers of a safe private attribute: a matrix of 4 × 4 at most, no text in disguise."""
OLDEST_AGE = 89
"""Years; who is older is said to be 90, since there are few of them."""
_KINDS = (TEXT_VRS | {"CS"}, DECIMAL_VRS, frozenset(BINARY_SIZES), BULK_VRS | {"US", "SS"}, DATE_VRS)


@lru_cache(maxsize=4096)
def dictionary_vr(tag: int) -> str | None:
    """The VR that PS3.6 has for a tag: of several bulk, else the first; None for what it does not know."""
    if repeater_has_tag(tag):
        return "OW"
    try:
        several = dictionary_VR(tag).split(" or ")
    except KeyError:
        return None
    return several[-1] if several[-1] in BULK_VRS else several[0]


def same_kind(one: str, other: str) -> bool:
    """Whether two VRs hold the same kind of value: writers mix up SH and LO, US and SS, but not UI and LT."""
    return one == other or any(one in kind and other in kind for kind in _KINDS)


def is_standard_uid(uid: str) -> bool:
    """A UID of the standard itself: SOP classes, transfer syntaxes, well-known instances."""
    return uid in UID_dictionary


def texts(element: DataElement) -> list[str]:
    """The values of an element as texts."""
    value = element.value
    if value is None:
        return []
    if isinstance(value, (str, bytes)) or not hasattr(value, "__iter__") or element.VR == "PN":
        several = value if element.VR == "PN" and element.VM > 1 else [value]
        return [_text(one) for one in several]
    return [_text(one) for one in value]


def _text(value: Any) -> str:
    return (value.decode("latin-1") if isinstance(value, bytes) else str(value)).strip(" \0")


def put(dataset: Dataset, tag: int, vr: str, value: object) -> None:
    """Write a value that is known to fit."""
    if vr == "SQ" and not isinstance(value, DicomSequence):
        value = DicomSequence()
    dataset[tag] = DataElement(tag, vr, value, validation_mode=config.IGNORE)


def numbers_only(element: RawDataElement | DataElement, vr: str) -> bool:
    """Whether an element of a numeric VR holds numbers, and as many as its attribute may have."""
    value = element.value
    if vr in DECIMAL_VRS:
        if not isinstance(value, bytes):
            value = "\\".join(texts(element)).encode("utf-8") if isinstance(element, DataElement) else b""
        return DECIMALS.match(value) is not None
    if isinstance(value, bytes):
        count, odd = divmod(len(value), BINARY_SIZES[vr])
    else:
        count, odd = (len(value) if isinstance(value, (list, MultiValue)) else 1), 0
    most = _most_values(int(element.tag))
    return not odd and (most is None or count <= most)


@lru_cache(maxsize=4096)
def _most_values(tag: int) -> int | None:
    if tag >> 16 & 1:
        return MOST_PRIVATE
    last = dictionary_VM(tag).split("-")[-1]
    return int(last) if last.isdigit() else None


def dummy(vr: str) -> object:
    """A value of a VR that says nothing (action D)."""
    if vr in DECIMAL_VRS or vr in BINARY_SIZES:
        return 0
    return {
        "DA": "19000101", "DT": "19000101000000", "TM": "000000", "CS": "REMOVED", "AS": "000Y",
    }.get(vr, b"\0\0" if vr in BULK_VRS else "Removed")  # fmt: skip


def capped_age(text: str) -> str:
    """An age string with years above 89 as 090Y; "" where it is none."""
    if AGE_FORM.match(text) is None:
        return ""
    return "090Y" if text.endswith("Y") and int(text[:3]) > OLDEST_AGE else text
