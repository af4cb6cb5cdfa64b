"""Names of structures: free text of any clinic to the name of AAPM TG-263, with a check of the side.

A name is found or it is not; nothing is guessed.  A paired organ without a side, a side on an organ that
has none, and two sides in one name are not found, because a wrong side is worse than no name.
"""

from __future__ import annotations

import colorsys
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Literal

from rt.nomenclature_table import ROWS

Side = Literal["L", "R"]

LEFT_WORDS = frozenset({"l", "lt", "left", "li", "lks", "links", "linke", "linker", "linkes", "左", "左側"})
"""Words for the patient's left."""
RIGHT_WORDS = frozenset({"r", "rt", "right", "re", "rechts", "rechte", "rechter", "rechtes", "右", "右側"})
"""Words for the patient's right."""
FALLBACK_COLOUR = "#c0c0c0"
"""Colour of a structure that is not in the table."""
TARGETS = ("GTV", "CTV", "ITV", "PTV")
"""Beginnings of target names (ICRU 83)."""
PRV = re.compile(r"^(?P<organ>.+?)[\s_\-]*PRV[\s_\-]*(?P<mm>\d{1,2})?(?:\s*mm)?$", re.IGNORECASE)
"""A planning organ at risk volume with its margin in mm (TG-263 section on PRV)."""
DOSED = re.compile(
    r"^(?P<target>[GCIP]TV[pn]?)[\s_\-]*(?P<dose>\d{2,4}(?:\.\d+)?)\s*(?P<unit>c?gy)?$", re.IGNORECASE
)
"""A target with its dose in Gy (up to 100) or cGy."""

LEVELS = re.compile(r"^(?P<target>[GCIP]TV[pn]?)[\s_\-]*(?P<level>high|mid|low)\d*$", re.IGNORECASE)
"""A target with a relative dose level (TG-263, section on targets)."""
LEVEL_GY = {"high": 70.0, "mid": 63.0, "low": 56.0}
"""Doses whose colours the relative levels take."""
DOSE_COLOURS = (
    (68.0, "#ff2020"), (64.5, "#ff1f7a"), (61.5, "#ff8c1a"), (57.0, "#ff4dff"),
    (55.0, "#ff7ac8"), (52.0, "#ffa64d"), (47.0, "#ff6f61"), (0.0, "#c71585"),
)  # fmt: skip
"""Lowest dose in Gy and #rrggbb of a PTV: reds, magentas, oranges, unlike for levels used together."""
BLENDS = {"P": ("#ffffff", 0.0), "C": ("#000000", 0.28), "I": ("#000000", 0.14), "G": ("#ffffff", 0.45)}
"""What the PTV's colour is blended with, and how much, for the other targets of a dose."""
RIGHT_TURN = 0.17
"""How far the hue of a right organ is turned from its left one's, in parts of the circle."""
PALE = 0.7
"""Lightness (HLS) above which a right organ is darker than its left one, below which it is lighter."""


@dataclass(frozen=True)
class Structure:
    """A structure that TG-263 names."""

    base: str
    """Name without the side."""
    paired: bool
    kind: str
    """RT ROI Interpreted Type."""
    colour: str
    """#rrggbb."""
    synonyms: tuple[str, ...]


@dataclass(frozen=True)
class Match:
    """The TG-263 name that a free text means."""

    name: str
    kind: str
    colour: str
    side: Side | None


def tg263_name(free_text: str) -> Match | None:
    """The TG-263 name of a free text in English, German or Japanese, or None when it is not certain."""
    text = free_text.strip()
    if dosed := DOSED.match(text):
        return _dosed_target(dosed)
    if (prv := PRV.match(text)) and (organ := tg263_name(prv["organ"])):
        margin = f"{int(prv['mm']):02d}" if prv["mm"] else ""
        return Match(f"{organ.name}_PRV{margin}", "AVOIDANCE", organ.colour, organ.side)
    return _exact_match(text) or _sided_match(text)


@cache
def structures() -> tuple[Structure, ...]:
    """All structures of the table."""
    found: list[Structure] = []
    for line in ROWS.strip().splitlines():
        base, sides, kind, colour, synonyms = (part.strip() for part in line.split("|"))
        words = tuple(word.strip() for word in synonyms.split(","))
        found.append(Structure(base, sides == "LR", kind, colour, words))
    return tuple(found)


def default_colour(name: str) -> str:
    """#rrggbb for a structure's name, targets by their dose; grey when it is not known."""
    if level := LEVELS.match(name.strip()):
        return _dose_colour(level["target"], LEVEL_GY[level["level"].lower()])
    match = tg263_name(name)
    return match.colour if match else FALLBACK_COLOUR


def structure_kind(name: str) -> str:
    """RT ROI Interpreted Type for a structure's name; targets by their beginning, else ORGAN."""
    if match := tg263_name(name):
        return match.kind
    beginning = name.strip()[:3].upper()
    return {"ITV": "CTV"}.get(beginning, beginning) if beginning in TARGETS else "ORGAN"


def _dosed_target(found: re.Match[str]) -> Match | None:
    """PTV70 and PTV_7000cGy are both PTV_7000: TG-263 gives the dose in cGy."""
    dose, unit = float(found["dose"]), (found["unit"] or "").casefold()
    centigray = dose if unit == "cgy" or (not unit and dose > 100) else dose * 100
    name = found["target"][:3].upper() + found["target"][3:].lower()
    target = _exact_match(name)
    if target is None or not 100 <= centigray <= 10000:
        return None
    return Match(f"{name}_{round(centigray)}", target.kind, _dose_colour(name, centigray / 100), None)


def _dose_colour(target: str, gray: float) -> str:
    """#rrggbb of a target that is given this dose."""
    colour = next(colour for lowest, colour in DOSE_COLOURS if gray >= lowest)
    towards, part = BLENDS[target[0].upper()]
    mixed = [
        round((1 - part) * int(colour[at : at + 2], 16) + part * int(towards[at : at + 2], 16))
        for at in (1, 3, 5)
    ]
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def _exact_match(text: str) -> Match | None:
    """A match of the whole text with a structure that has no sides."""
    structure = next((_index()[key] for key in _keys(_words(text)) if key in _index()), None)
    if structure is None or structure.paired:
        return None
    return Match(structure.base, structure.kind, structure.colour, None)


def _sided_match(text: str) -> Match | None:
    words = _words(text)
    left, right = LEFT_WORDS.intersection(words), RIGHT_WORDS.intersection(words)
    if bool(left) == bool(right):
        return None
    side: Side = "L" if left else "R"
    rest = [word for word in words if word not in LEFT_WORDS | RIGHT_WORDS]
    structure = next((_index()[key] for key in _keys(rest) if key in _index()), None)
    if structure is None or not structure.paired:
        return None
    colour = structure.colour if side == "L" else _right_colour(structure.colour)
    return Match(f"{structure.base}_{side}", structure.kind, colour, side)


def _right_colour(left: str) -> str:
    """#rrggbb of a right organ: another hue and lightness, so that the sides are told apart on the image."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*(int(left[at : at + 2], 16) / 255 for at in (1, 3, 5)))
    other = 0.8 * lightness if lightness > PALE else lightness + 0.4 * (1 - lightness)
    channels = colorsys.hls_to_rgb((hue + RIGHT_TURN) % 1, other, max(saturation, 0.35))
    return "#" + "".join(f"{round(255 * channel):02x}" for channel in channels)


@cache
def _index() -> dict[str, Structure]:
    """Structures by every key of their names; a key of two structures is an error of the table."""
    index: dict[str, Structure] = {}
    for structure in structures():
        for name in (structure.base, *structure.synonyms):
            for key in _keys(_words(name)):
                if index.setdefault(key, structure) is not structure:
                    raise ValueError(f"{name!r} is a name of two structures")
    return index


def _keys(words: list[str]) -> tuple[str, ...]:
    """The words joined as they stand, and in alphabetical order."""
    return ("".join(words), "".join(sorted(words))) if words else ()


def _words(text: str) -> list[str]:
    """Lower-case words: split at capitals, digits kept, umlauts spelt out, Japanese sides set apart."""
    text = unicodedata.normalize("NFKC", text)
    text = re.sub(r"(?<=[a-zäöüß])(?=[A-Z])", " ", text)
    text = text.casefold().replace("ä", "ae").replace("ö", "oe").replace("ü", "ue")
    text = re.sub(r"([左右]側?)", r" \1 ", text)
    return re.findall(r"[^\W_]+", text)
