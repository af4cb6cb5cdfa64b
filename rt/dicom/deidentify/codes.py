"""Coded items (PS3.3 section 8): a published code stays, with the meaning that the dictionary gives."""

from __future__ import annotations

import re
from functools import lru_cache

from pydicom.dataset import Dataset

from rt.dicom.deidentify.keep import CODE_VALUE, CODED_ITEM, STANDARD_SCHEMES
from rt.dicom.deidentify.values import put

_CODE_VALUE, _SCHEME, _MEANING, _LONG_CODE_VALUE = 0x00080100, 0x00080102, 0x00080104, 0x00080119
_SNOMED_RT = re.compile(r"[A-Z]-[0-9A-F]{4,6}\Z", re.ASCII)
_FORMS = {
    "SCT": re.compile(r"[1-9][0-9]{5,17}\Z", re.ASCII),
    "SRT": _SNOMED_RT,
    "SNM3": _SNOMED_RT,
    "99SDM": _SNOMED_RT,
    "FMA": re.compile(r"[0-9]{4,6}\Z", re.ASCII),
}
"""How codes look of schemes of which the dictionary has only a part."""
TISSUE = ("85756007", "SCT")
"""What stands where a segment must have a property and its own code had to go."""


@lru_cache
def _meanings() -> dict[tuple[str, str], str]:
    """Meaning by scheme and value, of what PS3.16 uses."""
    from pydicom.sr._concepts_dict import concepts

    by_scheme: dict[str, dict[str, dict[str, tuple[str, list[int]]]]] = concepts  # type: ignore[assignment]
    return {
        (scheme, value): meaning
        for scheme, names in by_scheme.items()
        for values in names.values()
        for value, (meaning, _) in values.items()
    }


def is_coded(item: Dataset) -> bool:
    """Whether an item is a code."""
    return any(tag in item for tag in CODED_ITEM)


def code_of(item: Dataset) -> tuple[str, str] | None:
    """Value and scheme of an item's published code; None for any other."""
    value = str(item.get(_CODE_VALUE, item.get(_LONG_CODE_VALUE)).value or "").strip()
    scheme = str(item[_SCHEME].value or "").strip() if _SCHEME in item else ""
    if scheme not in STANDARD_SCHEMES or not CODE_VALUE.match(value):
        return None
    form = _FORMS.get(scheme)
    return (value, scheme) if (scheme, value) in _meanings() or (form and form.match(value)) else None


def put_code(item: Dataset, code: tuple[str, str]) -> None:
    """Write a code with its meaning from the dictionary, or its value where the dictionary has none."""
    value, scheme = code
    put(
        item, _CODE_VALUE if len(value) <= 16 else _LONG_CODE_VALUE, "SH" if len(value) <= 16 else "UC", value
    )
    put(item, _SCHEME, "SH", scheme)
    put(item, _MEANING, "LO", _meanings().get((scheme, value), value)[:64])
