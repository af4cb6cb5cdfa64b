"""Where each data element of a DICOM data set lies in its bytes, without interpreting any value.

The first pass over untrusted bytes: it follows lengths, items and delimiters (PS3.5 section 7) with a
stack of its own, so hostile nesting costs no recursion, and it allocates nothing but the list of the
outermost elements.  What it lets through has every declared byte present.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

from pydicom.datadict import dictionary_VR

from rt.dicom.limits import Limits
from rt.errors import DicomError, DicomTooDeep, DicomTooLarge, DicomTruncated

UNDEFINED = 0xFFFFFFFF
ITEM = 0xFFFEE000
ITEM_END = 0xFFFEE00D
SEQUENCE_END = 0xFFFEE0DD
PIXEL_DATA = 0x7FE00010
LONG_VRS = frozenset(
    {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}
)
"""Value representations with a 32-bit length (PS3.5 table 7.1-1)."""
SHORT_VRS = frozenset(
    {
        b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT",
        b"PN", b"SH", b"SL", b"SS", b"ST", b"TM", b"UI", b"UL", b"US",
    }
)  # fmt: skip
"""Value representations with a 16-bit length (PS3.5 table 7.1-2)."""
_ITEM_BYTES = b"\xfe\xff\x00\xe0"


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a data set is written: the two axes of the uncompressed transfer syntaxes."""

    explicit: bool
    little: bool

    @property
    def order(self) -> str:
        """The byte order as `struct` says it."""
        return "<" if self.little else ">"


EXPLICIT_LITTLE = Encoding(explicit=True, little=True)
IMPLICIT_LITTLE = Encoding(explicit=False, little=True)


@dataclass(frozen=True, slots=True)
class Element:
    """One outermost element: bytes start … end, its value from `value` on."""

    tag: int
    vr: bytes
    start: int
    value: int
    end: int
    encapsulated: bool = False
    """Pixel data in fragments."""
    fragments: tuple[tuple[int, int], ...] = ()
    """Begin and end of each fragment's bytes, the offset table not among them."""


@dataclass(slots=True)
class _Level:
    kind: str
    end: int | None
    limit: int
    encoding: Encoding


def scan(
    data: bytes, start: int, encoding: Encoding, limits: Limits, stop: Callable[[int], bool] | None = None
) -> list[Element]:
    """The outermost elements from `start` to the end of `data`, or to the first tag that `stop` names.

    Raises DicomTruncated, DicomTooDeep, DicomTooLarge (too many elements) or DicomError.
    """
    return _Scanner(data, start, encoding, limits).run(stop)


class _Scanner:
    def __init__(self, data: bytes, start: int, encoding: Encoding, limits: Limits) -> None:
        self.data, self.pos, self.limits = data, start, limits
        self.levels = [_Level("set", len(data), len(data), encoding)]
        self.found: list[Element] = []
        self.open: tuple[int, bytes, int, int] | None = None
        self.fragments: list[tuple[int, int]] = []
        self.count = 0

    def run(self, stop: Callable[[int], bool] | None) -> list[Element]:
        while True:
            level = self.levels[-1]
            if level.end is not None and self.pos >= level.end:
                if self.pos > level.end:
                    raise DicomError("an item is longer than the sequence around it", where=self.where())
                if len(self.levels) == 1:
                    return self.found
                self.close()
            elif len(self.levels) == 1 and self.only_padding_left():
                return self.found
            else:
                self.need(8, level.limit)
                order = level.encoding.order
                group, number = struct.unpack_from(order + "HH", self.data, self.pos)
                tag = group << 16 | number
                if stop is not None and len(self.levels) == 1 and stop(tag):
                    return self.found
                (self.element if level.kind == "set" else self.item)(level, tag)

    def only_padding_left(self) -> bool:
        """Some writers pad a file with zeros to a block of a tape."""
        return (
            not self.data[self.pos]
            and not any(self.data[self.pos : self.pos + 8])
            and not self.data[self.pos :].strip(b"\0")
        )

    def element(self, level: _Level, tag: int) -> None:
        self.count += 1
        if self.count > self.limits.elements:
            raise DicomTooLarge(f"more than {self.limits.elements} data elements")
        if tag == ITEM_END and level.end is None and len(self.levels) > 1:
            self.pos += 8
            self.levels.pop()
            return
        start = self.pos
        vr, length = self.header(level, tag)
        if len(self.levels) == 1:
            self.open = (tag, vr, start, self.pos)
        if vr == b"SQ" or (length == UNDEFINED and not (tag == PIXEL_DATA and vr in {b"OB", b"OW"})):
            inner = IMPLICIT_LITTLE if vr == b"UN" else level.encoding
            self.push("items", length, inner, level)
        elif length == UNDEFINED:
            self.fragments = []
            self.push("fragments", length, level.encoding, level)
        else:
            self.need(length, level.limit, tag)
            if vr == b"UN" and self.hides_sequences(length):
                self.push("items", length, IMPLICIT_LITTLE, level)
                return
            self.pos += length
            self.finish()

    def header(self, level: _Level, tag: int) -> tuple[bytes, int]:
        """VR and length of the element at `pos`, which moves to its value."""
        order = level.encoding.order
        if not level.encoding.explicit:
            (length,) = struct.unpack_from(order + "I", self.data, self.pos + 4)
            self.pos += 8
            return _implied_vr(tag), length
        vr = self.data[self.pos + 4 : self.pos + 6]
        if vr in SHORT_VRS:
            (length,) = struct.unpack_from(order + "H", self.data, self.pos + 6)
            self.pos += 8
        elif vr in LONG_VRS:
            self.need(12, level.limit)
            (length,) = struct.unpack_from(order + "I", self.data, self.pos + 8)
            self.pos += 12
        else:
            raise DicomError(f"no value representation {vr!r}", where=self.where(tag))
        return vr, length

    def item(self, level: _Level, tag: int) -> None:
        (length,) = struct.unpack_from(level.encoding.order + "I", self.data, self.pos + 4)
        self.pos += 8
        if tag == SEQUENCE_END and level.end is None:
            self.close()
        elif tag != ITEM:
            raise DicomError(
                f"expected an item, found ({tag >> 16:04X},{tag & 0xFFFF:04X})", where=self.where()
            )
        elif level.kind == "fragments":
            if length == UNDEFINED:
                raise DicomError("a pixel fragment without length", where=self.where())
            self.need(length, level.limit)
            self.fragments.append((self.pos, self.pos + length))
            self.pos += length
        else:
            self.push("set", length, level.encoding, level)

    def push(self, kind: str, length: int, encoding: Encoding, level: _Level) -> None:
        end = None if length == UNDEFINED else self.pos + length
        if end is not None:
            self.need(length, level.limit)
        if len(self.levels) > 2 * self.limits.depth:
            raise DicomTooDeep(f"sequences nested deeper than {self.limits.depth}", where=self.where())
        self.levels.append(_Level(kind, end, level.limit if end is None else end, encoding))

    def close(self) -> None:
        self.levels.pop()
        self.finish()

    def finish(self) -> None:
        if len(self.levels) == 1 and self.open is not None:
            tag, vr, start, value = self.open
            encapsulated = tag == PIXEL_DATA and bool(self.fragments)
            fragments = tuple(self.fragments[1:]) if encapsulated else ()
            self.found.append(Element(tag, vr, start, value, self.pos, encapsulated, fragments))
            self.open, self.fragments = None, []

    def hides_sequences(self, length: int) -> bool:
        """An unknown value could hold, at most, as many levels as it has item tags."""
        begin, end = self.pos, self.pos + length
        return (
            self.data.startswith(_ITEM_BYTES, begin, end)
            and self.data.count(_ITEM_BYTES, begin, end) > self.limits.depth
        )

    def need(self, length: int, limit: int, tag: int | None = None) -> None:
        if self.pos + length <= limit:
            return
        missing = self.pos + length - limit
        if limit == len(self.data):
            raise DicomTruncated(f"{missing} bytes are missing at the end of the file", where=self.where(tag))
        raise DicomError(f"a value is {missing} bytes longer than the item around it", where=self.where(tag))

    def where(self, tag: int | None = None) -> str:
        if tag is None and self.open is not None:
            tag = self.open[0]
        place = f"byte {self.pos}"
        return place if tag is None else f"({tag >> 16:04X},{tag & 0xFFFF:04X}) at {place}"


def _implied_vr(tag: int) -> bytes:
    """The dictionary's VR (PS3.6) where implicit VR leaves it out; UN where the dictionary has none."""
    if tag == PIXEL_DATA:
        return b"OW"
    if tag >> 16 & 1:
        return b"UN"
    try:
        return dictionary_VR(tag)[:2].encode("ascii")
    except KeyError:
        return b"UN"


def encode_element(tag: int, vr: str, value: bytes, encoding: Encoding) -> bytes:
    """One element with a short value in the given encoding; padded to even length as its VR pads."""
    if len(value) % 2:
        value += b"\0" if vr in {"UI", "OB"} else b" "
    head = struct.pack(encoding.order + "HH", tag >> 16, tag & 0xFFFF)
    if not encoding.explicit:
        return head + struct.pack(encoding.order + "I", len(value)) + value
    if vr.encode("ascii") in LONG_VRS:
        return head + vr.encode("ascii") + struct.pack(encoding.order + "HI", 0, len(value)) + value
    return head + vr.encode("ascii") + struct.pack(encoding.order + "H", len(value)) + value
