"""The DICOM JSON model (PS3.18 Annex F): data sets and rows as objects keyed by tag.

Numbers are numbers, names are {"Alphabetic"}, an element without value has only its `vr`, no NaN ever leaves,
and large values, binary or of many numbers, become relative references that work behind any proxy.  The
contours of an RTSTRUCT are such numbers: short ones stand in the JSON, for each reference is a request.
"""

from __future__ import annotations

import base64
import math
import struct
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any

from pydicom.datadict import dictionary_has_tag, dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from rt.dicom.elements import PIXEL_DATA
from rt.dicom.flat import NotFlat, flat_elements
from rt.dicom.parse import PARSER_FAILURES, read_stored
from rt.errors import DicomError

Json = dict[str, Any]
INLINE_BYTES = 1024
"""Binary values up to this length stand in the JSON itself."""
REPEATED_BYTES = 128
"""Values up to this length are kept for the next slice."""
INLINE_NUMBERS = 6000
"""So many numbers stand in the JSON itself: a contour of 2000 points."""
BINARY_VRS = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_INTEGER_VRS = frozenset({"IS", "SL", "SS", "SV", "UL", "US", "UV"})
_FLOAT_VRS = frozenset({"DS", "FD", "FL"})
_PACKED = {"FD": "d", "FL": "f", "SL": "i", "SS": "h", "SV": "q", "UL": "I", "US": "H", "UV": "Q"}
"""Binary numbers by VR as `struct` packs them (PS3.5 6.2)."""
_PLAIN_TEXTS = frozenset({"AS", "CS", "DA", "DT", "TM", "UI"})
_NAMED_TEXTS = frozenset({"LO", "SH"})
_PLAIN_VRS = _PLAIN_TEXTS | _NAMED_TEXTS | {"DS", "IS", "PN", "UL", "US"}
_ESCAPE = b"\x1b"
_META_LAST = 0x00020012
"""The last element of the file meta group that the door writes."""
_NEEDED_BY_OTHERS = frozenset({0x00080005, 0x00280103})
"""Specific Character Set and Pixel Representation, by which other elements are read."""
UTF_8: Json = {"vr": "CS", "Value": ["ISO_IR 192"]}


def attributes(values: Mapping[str, Any]) -> Json:
    """An object of keywords and values; None and "" give an element without value."""
    result: Json = {}
    for keyword, value in values.items():
        tag = tag_for_keyword(keyword)
        if tag is None:
            raise ValueError(f"{keyword} is not a DICOM keyword")
        vr = dictionary_VR(tag)
        several = value if isinstance(value, list) else [value]
        present = [v for v in several if v is not None and v != ""]
        result[f"{tag:08X}"] = _element(vr, [_name(v) if vr == "PN" else v for v in present])
    return dict(sorted(result.items()))


def dataset_json(dataset: Dataset, base: str) -> Json:
    """All attributes of a data set read without its pixel data; `base` precedes references to bulk data."""
    return _completed(_sequence_item(dataset, base, ""), base)


def file_json(head: bytes, *, is_whole: bool) -> Json | None:
    """`dataset_json` of a stored file's beginning, with references relative to the instance, in less time.

    None where the file has to be read in another way, or where it goes on and its pixels are not reached.
    """
    result: Json = {}
    others = bytearray()
    try:
        for tag, vr, start, begin, end in flat_elements(head):
            if tag >> 16 == 2 or tag & 0xFFFF == 0:
                others += head[:end] if tag == _META_LAST else b""
            elif tag == PIXEL_DATA:
                is_whole = True
            else:
                read = _read_value(tag, vr, head[begin:end])
                result[f"{tag:08X}"] = read
                if read is None or tag in _NEEDED_BY_OTHERS or (tag >> 16 & 1 and tag & 0xFFFF < 0x100):
                    others += head[start:end]
    except NotFlat:
        return None
    if None in result.values() and others[128:132] == b"DICM":
        result |= _sequence_item(read_stored(bytes(others), pixels=False), "", "")
    return _completed(result, "") if is_whole and None not in result.values() else None


def _read_value(tag: int, vr: bytes | None, value: bytes) -> Json | None:
    """A value's JSON where it is plain; the standard's VR where it is implied."""
    if len(value) > REPEATED_BYTES:
        return _read_anew(tag, vr, value)
    return _read_again(tag, vr, value)


def _read_anew(tag: int, vr: bytes | None, value: bytes) -> Json | None:
    if vr is not None:
        name = vr.decode("ascii")
    elif tag >> 16 & 1 or not dictionary_has_tag(tag):
        return None
    else:
        name = dictionary_VR(tag)
    if name not in _PLAIN_VRS:
        return None
    return _read_plain(name, value, is_little=True) if value else {"vr": name}


_read_again = lru_cache(4096)(_read_anew)
"""The slices of a series have most values in common; nobody changes what it gives."""


def _completed(result: Json, base: str) -> Json:
    """With what is said of every data set as a whole."""
    result["00080005"] = UTF_8
    if result.get("00280008", {}).get("Value") == [1]:
        del result["00280008"]
    if "00280010" in result and "00280100" in result:
        result["7FE00010"] = {"vr": "OW", "BulkDataURI": f"{base}bulkdata/7FE00010"}
    return dict(sorted(result.items()))


def _sequence_item(dataset: Dataset, base: str, path: str) -> Json:
    result: Json = {}
    for tag in sorted(dataset.keys()):
        if tag.element == 0 or tag.group == 2:
            continue
        key = f"{tag.group:04X}{tag.element:04X}"
        try:
            raw = dataset.get_item(tag)
            read = None
            if isinstance(raw, RawDataElement) and raw.VR is not None and raw.value:
                read = _read_plain(raw.VR, raw.value, is_little=raw.is_little_endian)
            result[key] = read or _read_element(dataset[tag], base, f"{path}{key}")
        except PARSER_FAILURES:
            result[key] = {
                "vr": "UN"
            }  # a value that its own writer got wrong is left out, the rest is served
    return result


def _read_plain(vr: str, value: bytes, *, is_little: bool) -> Json | None:
    """What `_read_element` makes of a short plain value, in a fifth of the time; None for other values."""
    if len(value) > INLINE_BYTES or not value.isascii() or _ESCAPE in value:
        return None
    if vr in {"US", "UL"}:
        if len(value) != struct.calcsize(_PACKED[vr]):
            return None
        return {"vr": vr, "Value": [int.from_bytes(value, "little" if is_little else "big")]}
    texts = value.decode("ascii").rstrip(" \0").split("\\")
    if vr in _PLAIN_TEXTS:
        return _element(vr, [text.strip() for text in texts] if vr == "UI" else texts)
    if vr in _NAMED_TEXTS:
        return _element(vr, [text.rstrip(" \0") for text in texts])
    if vr == "PN" and len(texts) == 1:
        return _element(vr, [_name(texts[0]) or None])
    if vr in {"DS", "IS"}:
        with suppress(ValueError):
            return _element(vr, [_plain(vr, text.strip()) for text in texts])
    return None


def _read_element(element: DataElement, base: str, path: str) -> Json:
    vr = str(element.VR)
    if vr == "SQ":
        items = [_sequence_item(item, base, f"{path}.{number}.") for number, item in enumerate(element.value)]
        return _element(vr, items)
    if vr in BINARY_VRS:
        return _binary(vr, element.value, base, path)
    value = element.value
    several = [] if value is None else list(value) if isinstance(value, (list, MultiValue)) else [value]
    if vr in _FLOAT_VRS | _INTEGER_VRS and len(several) > INLINE_NUMBERS:
        return {"vr": vr, "BulkDataURI": f"{base}bulkdata/{path}"}
    return _element(vr, [_plain(vr, v) for v in several])


def _binary(vr: str, value: bytes | None, base: str, path: str) -> Json:
    if not value:
        return {"vr": vr}
    if len(value) <= INLINE_BYTES:
        return {"vr": vr, "InlineBinary": base64.b64encode(value).decode()}
    return {"vr": vr, "BulkDataURI": f"{base}bulkdata/{path}"}


def _element(vr: str, values: list[Any]) -> Json:
    kept = [None if v is None or v == "" else v for v in values]
    return {"vr": vr} if all(v is None for v in kept) else {"vr": vr, "Value": kept}


def _plain(vr: str, value: Any) -> Any:
    if value is None or value == "":
        return None
    if vr == "PN":
        return _name(value)
    if vr == "AT":
        return f"{int(value):08X}"
    if vr in _INTEGER_VRS:
        return int(value)
    if vr in _FLOAT_VRS:
        number = float(value)
        return number if math.isfinite(number) else None
    return str(value)


def _name(value: Any) -> Json:
    groups = str(value).split("=")
    named = zip(("Alphabetic", "Ideographic", "Phonetic"), groups, strict=False)
    return {kind: text for kind, text in named if text}


def bulk_value(dataset: Dataset, path: str) -> bytes:
    """The value at a path that `dataset_json` wrote or would have written; DicomError when there is none.

    Binary values come as they are, decimal and integer strings and other text as it was written, joined by
    backslashes (so a viewer reads ContourData), binary numbers in little endian (PS3.18 8.7.3).
    """
    steps = path.split(".")
    here = dataset
    try:
        for sequence, item in zip(steps[:-1:2], steps[1::2], strict=True):
            here = here[int(sequence, 16)].value[int(item)]
        element = here[int(steps[-1], 16)]
    except (KeyError, IndexError, ValueError, TypeError, AttributeError) as error:
        raise DicomError("there is no such bulk data") from error
    value, vr = element.value, str(element.VR)
    if vr == "SQ" or value is None:
        raise DicomError("this is not bulk data")
    if isinstance(value, bytes):
        return value
    several = list(value) if isinstance(value, (list, MultiValue)) else [value]
    if vr in _PACKED:
        return struct.pack(f"<{len(several)}{_PACKED[vr]}", *several)
    return "\\".join(str(one) for one in several).encode()
