"""The table of structures, found by the words of a text: in any order, case, width and usual spelling."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from rt.nomenclature_table import ROWS

Side = Literal["L", "R"]

LEFT_WORDS = frozenset(
    {
        "l", "lt", "left", "li", "lks", "links", "linke", "linker", "linkes",
        "sin", "sinistra", "sinister", "sinistrum", "左", "左側",
    }
)  # fmt: skip
"""Words for the patient's left."""
RIGHT_WORDS = frozenset(
    {
        "r", "rt", "right", "re", "rechts", "rechte", "rechter", "rechtes",
        "dex", "dextra", "dexter", "dextrum", "右", "右側",
    }
)  # fmt: skip
"""Words for the patient's right."""
GLUED = ("l", "r", "lt", "rt")
"""Sides that are written onto their organ: `ltparotid`, `lungr`."""


@dataclass(frozen=True)
class Structure:
    """A structure that TG-263 names."""

    base: str
    """Name without the side."""
    paired: bool
    """There is a left and a right one."""
    whole: bool
    """The name also stands without a side."""
    kind: str
    """RT ROI Interpreted Type."""
    colour: str
    """#rrggbb."""
    synonyms: tuple[str, ...]


@dataclass(frozen=True)
class Found:
    """A structure in a text, with the side that the text gives it."""

    structure: Structure
    sides: frozenset[Side]
    in_order: bool
    """The words stand as in the table, the side before or after them."""

    @property
    def is_certain(self) -> bool:
        """One side where there must be one, none where there is none."""
        if self.sides:
            return self.structure.paired and len(self.sides) == 1
        return self.structure.whole


@cache
def structures() -> tuple[Structure, ...]:
    """All structures of the table."""
    found: list[Structure] = []
    for line in ROWS.strip().replace(",\n", ", ").splitlines():
        base, sides, kind, colour, synonyms = (part.strip() for part in line.split("|"))
        words = tuple(word.strip() for word in synonyms.split(","))
        found.append(Structure(base, "LR" in sides, "-" in sides, kind, colour, words))
    return tuple(found)


def find_structure(words: Sequence[str]) -> Found | None:
    """The structure that all of these words together name."""
    if whole := _look_up(words, frozenset()):
        return whole
    sides = _sides_of(words)
    rest = [word for word in words if word not in LEFT_WORDS | RIGHT_WORDS]
    if sides and rest:
        ends = words[0] not in rest or words[-1] not in rest
        found = _look_up(rest, sides)
        return Found(found.structure, sides, found.in_order and ends) if found else None
    return _glued(words[0]) if len(words) == 1 else None


def _look_up(words: Sequence[str], sides: frozenset[Side]) -> Found | None:
    key = "".join(words)
    if key in _index():
        return Found(_index()[key], sides, in_order=True)
    key = "".join(sorted(words))
    return Found(_reordered()[key], sides, in_order=False) if key in _reordered() else None


def _sides_of(words: Collection[str]) -> frozenset[Side]:
    found: set[Side] = set()
    if LEFT_WORDS.intersection(words):
        found.add("L")
    if RIGHT_WORDS.intersection(words):
        found.add("R")
    return frozenset(found)


def _glued(word: str) -> Found | None:
    """A paired structure with one letter or two for its side before or after it, without a space."""
    for letters in GLUED:
        for rest in {word.removeprefix(letters), word.removesuffix(letters)} - {word}:
            found = _look_up([rest], frozenset())
            long = len(rest) > 2 or not rest.isascii()  # one Japanese character is an organ
            if found and found.structure.paired and not found.structure.whole and long:
                return Found(found.structure, _sides_of([letters]), in_order=False)
    return None


def names_like(words: Sequence[str], most: int) -> list[Structure]:
    """Structures that have a name which begins with these words, those with the shortest name first."""
    key = "".join(words)
    if len(key) < 2 and key.isascii():
        return []
    near = sorted((len(one), one) for one in _index() if one.startswith(key))
    return list(dict.fromkeys(_index()[one] for _, one in near))[:most]


@cache
def _index() -> dict[str, Structure]:
    """Structures by the words of their names as they are written, joined."""
    return _keyed(lambda words: words)


@cache
def _reordered() -> dict[str, Structure]:
    """Structures by the words of their names in alphabetical order, joined."""
    return _keyed(sorted)


def _keyed(ordered: Callable[[list[str]], list[str]]) -> dict[str, Structure]:
    index: dict[str, Structure] = {}
    for structure in structures():
        for name in (structure.base, *structure.synonyms):
            if index.setdefault("".join(ordered(words_of(name))), structure) is not structure:
                raise ValueError(f"{name!r} is a name of two structures")
    return index


def words_of(text: str) -> list[str]:
    """Lower-case words: split at capitals, digits kept, umlauts spelt out, Japanese sides set apart."""
    text = unicodedata.normalize("NFKC", text).replace("囊", "嚢")
    text = re.sub(r"(?<=[a-zäöüß])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-zäöü]{2})", " ", text)
    text = text.casefold().replace("ä", "ae").replace("ö", "oe").replace("ü", "ue")
    text = re.sub(r"([左右](?:側(?!頭))?)", r" \1 ", text)
    return re.findall(r"[^\W_]+", text)
