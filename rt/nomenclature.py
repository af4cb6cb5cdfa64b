"""Names of structures: free text of any clinic to the name of AAPM TG-263, with how certain that is.

A name is found or it is not; nothing is guessed.  A paired organ without a side, a side on an organ that
has none, two sides in one name, and whatever is cut out of, added to or kept away from an organ are not
found, because a wrong organ or side is worse than no name.  They carry a finding that says why.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from rt.nomenclature_colours import LEVEL_GY, distinct_colour, dose_colour, right_colour
from rt.nomenclature_index import Found, Side, Structure, find_structure, names_like, words_of

Confidence = Literal["exact", "normalised", "derived", "unknown"]
"""A name or synonym as it stands; the same in other order or with a vendor's words; a margin, dose, level or
number around one; none."""
Finding = Literal["side-missing", "side-unexpected", "both-sides", "helper", "combined", "not-listed"]
"""Why a text has no name."""

TARGETS = ("GTV", "CTV", "ITV", "PTV")
"""Beginnings of target names (ICRU 83)."""
MOST_CANDIDATES = 8
SEPARATOR = r"[\s_\-]*"
_TARGET = rf"^(?P<kind>[GCIP]TV){SEPARATOR}(?P<part>[pnt](?![a-z]))?"
DOSED = re.compile(
    rf"{_TARGET}{SEPARATOR}(?P<dose>[1-9]\d{{0,3}}(?:[.,]\d{{1,2}})?)\s*(?P<unit>c?gy)?$", re.IGNORECASE
)
"""A target with its dose in Gy (up to 100) or cGy."""
DOSE_FIRST = re.compile(rf"^(?P<dose>[1-9][\d.,]*\s*c?gy){SEPARATOR}(?P<target>[GCIP]TV.*)$", re.IGNORECASE)
LEVELS = re.compile(rf"{_TARGET}{SEPARATOR}(?P<level>high|mid|low)(?P<number>\d{{0,2}})$", re.IGNORECASE)
"""A target with a relative dose level (TG-263, section on targets)."""
NUMBERED = re.compile(rf"{_TARGET}{SEPARATOR}(?P<number>[1-9])$", re.IGNORECASE)
"""One of several targets."""
LEAST_BARE_GY = 20.0
"""A number without a unit below it may as well count targets."""
_MM = r"(?P<margin>\d{1,2}(?:[.,]\d)?)\s*(?P<unit>mm|cm)?"
PRV = re.compile(rf"(?:(?<![A-Z])PRV|(?<![A-Za-z])[Pp]rv)(?![A-Za-z])(?:[\s_\-+]*{_MM}(?![\w.,]*\d))?")
"""A planning organ at risk volume with its margin (TG-263, section on PRV)."""
PLUS = re.compile(rf"\s*_?\+\s*{_MM}$")
TRAILING_MM = re.compile(r"[\s_\-+]*(?P<margin>\d{1,2}(?:[.,]\d)?)\s*(?P<unit>mm|cm)\s*$")
LONGEST = 16
"""Characters of a name (TG-263)."""
OPERATORS = re.compile(r"[+&∩∪*?~^=<>|×÷/\\%−]|\band\b|\bund\b|\bor\b", re.IGNORECASE)
"""What joins, cuts or doubts names; `~` is a part of an organ (TG-263)."""
HELPERS = frozenset(
    {
        "z", "zz", "zopt", "x", "ring", "rings", "opt", "opti", "optim", "avoid", "avoidance", "helper",
        "help", "hilf", "hilfs", "hilfsstruktur", "dummy", "tmp", "temp", "test", "old", "alt", "copy",
        "kopie", "not", "no", "non", "ohne", "nicht", "kein", "without", "minus", "sub", "crop",
        "cropped", "cut", "eval", "dose", "isodose", "block", "shell", "ex", "excl", "exclude",
    }
)  # fmt: skip
"""Words of structures made for planning, or that say what a structure is not."""
JAPANESE_HELPERS = ("リング", "最適化", "ダミー", "除く", "以外", "なし", "旧")
VENDOR_WORDS = frozenset(
    {
        "ai", "auto", "autoseg", "autocontour", "dl", "dlc", "mbs", "limbus", "mvision", "mirada",
        "mim", "raystation", "eclipse", "oar", "organ", "final", "自動",
    }
)  # fmt: skip
"""Words that software and people add without another meaning."""


@dataclass(frozen=True)
class Match:
    """The TG-263 name that a free text means."""

    name: str
    kind: str
    colour: str
    side: Side | None


@dataclass(frozen=True)
class Mapping:
    """What a free text means; `match` is None exactly when the confidence is `unknown`, with a finding."""

    match: Match | None
    confidence: Confidence
    finding: Finding | None = None
    candidates: tuple[str, ...] = ()
    """TG-263 names to choose from where none is certain."""


def map_name(free_text: str) -> Mapping:
    """What a free text in English, German or Japanese means by TG-263."""
    text = re.sub(r"[()\[\]{}「」【】〔〕]", " ", unicodedata.normalize("NFKC", free_text)).strip()
    derived = _target(text) or _prv(text)
    return Mapping(derived, "derived") if derived else _organ(text)


def tg263_name(free_text: str) -> Match | None:
    """The TG-263 name of a free text, or None when it is not certain."""
    return map_name(free_text).match


def standard_name(name: str, original: str) -> str | None:
    """The TG-263 name that a structure's name means for certain, or None.

    Of two structures of one meaning that came in together the second is called `SpinalCord_2`: it still is
    what its first name (`original`) means.
    """
    match = tg263_name(name) or (tg263_name(original) if is_name_from(name, original) else None)
    return match.name if match else None


def is_name_from(name: str, original: str) -> bool:
    """Whether a structure is still called what its original name means, perhaps with a number behind it."""
    match = tg263_name(original)
    return re.fullmatch(rf"{re.escape(match.name if match else original.strip())}(_\d+)?", name) is not None


def default_colour(name: str, beside: Collection[str] = ()) -> str:
    """#rrggbb for a structure's name, targets by their dose; of others unlike those `beside`."""
    match = tg263_name(name)
    return match.colour if match else distinct_colour(beside)


def structure_kind(name: str) -> str:
    """RT ROI Interpreted Type for a structure's name; targets by their beginning, else ORGAN."""
    if match := tg263_name(name):
        return match.kind
    beginning = name.strip()[:3].upper()
    return {"ITV": "CTV"}.get(beginning, beginning) if beginning in TARGETS else "ORGAN"


def _target(text: str) -> Match | None:
    """PTV70 and PTV_7000cGy are both PTV_7000: TG-263 gives the dose in cGy."""
    if first := DOSE_FIRST.match(text):
        text = f"{first['target']} {first['dose']}"
    if found := DOSED.match(text):
        gray = _gray(float(found["dose"].replace(",", ".")), (found["unit"] or "").casefold())
        if gray is not None:
            name = _target_name(found)
            return _of_target(name, f"{name}_{round(100 * gray)}", dose_colour(name, gray))
    if found := LEVELS.match(text):
        name, level = _target_name(found), found["level"].lower()
        whole = f"{name}_{level.capitalize()}{found['number']}"
        return _of_target(name, whole, dose_colour(name, LEVEL_GY[level]))
    if found := NUMBERED.match(text):
        return _of_target(_target_name(found), _target_name(found) + found["number"], None)
    return None


def _gray(dose: float, unit: str) -> float | None:
    gray = dose / 100 if unit == "cgy" or (not unit and dose > 100) else dose
    if not unit and dose < LEAST_BARE_GY:
        return None
    return gray if 1 <= gray <= 100 else None


def _target_name(found: re.Match[str]) -> str:
    return found["kind"].upper() + (found["part"] or "").lower().replace("t", "p")


def _of_target(base: str, name: str, colour: str | None) -> Match | None:
    found = find_structure(words_of(base))
    if found is None:
        return None
    return Match(name, found.structure.kind, colour or found.structure.colour, None)


def _prv(text: str) -> Match | None:
    """Cord+5mm and PRV Cord 5 mm are both SpinalCord_PRV05; the side goes last (OpticNrv_PRV03_L)."""
    found = PRV.search(text) or PLUS.search(text)
    if found is None:
        return None
    rest = f"{text[: found.start()]} {text[found.end() :]}".strip(" _-")
    margin = found["margin"]
    unit = found["unit"]
    if margin is None and (trailing := TRAILING_MM.search(rest)):
        rest, margin, unit = rest[: trailing.start()], trailing["margin"], trailing["unit"]
    organ = _found(rest)
    mm = float(margin.replace(",", ".")) * (10 if unit == "cm" else 1) if margin else None
    if organ is None or organ.structure.kind != "ORGAN" or (mm is not None and (mm % 1 or not 1 <= mm <= 50)):
        return None
    side = f"_{next(iter(organ.sides))}" if organ.sides else ""
    base = organ.structure.base
    name = f"{base}_PRV{'' if mm is None else f'{mm:02.0f}'}{side}"
    if mm is not None and mm < 10 and len(name) > LONGEST:
        name = f"{base}_PRV{mm:.0f}{side}"
    plain = _match(organ)
    return Match(name, "AVOIDANCE", plain.colour, plain.side)


def _organ(text: str) -> Mapping:
    words = words_of(text)
    kept = [word for word in words if word not in VENDOR_WORDS]
    if why := _no_organ(text, kept):
        return Mapping(None, "unknown", why)
    found = find_structure(words) or find_structure(kept)
    if found is not None and found.is_certain:
        plain = found.in_order and find_structure(words) == found
        return Mapping(_match(found), "exact" if plain else "normalised")
    if found is None:
        return Mapping(None, "unknown", "not-listed", _near(kept))
    names = _names_of(found.structure)
    if not found.sides:
        return Mapping(None, "unknown", "side-missing", names)
    return Mapping(None, "unknown", "side-unexpected" if not found.structure.paired else "both-sides", names)


def _found(text: str) -> Found | None:
    """The organ that a whole text names with certainty."""
    kept = [word for word in words_of(text) if word not in VENDOR_WORDS]
    if _no_organ(text, kept):
        return None
    found = find_structure(kept)
    return found if found and found.is_certain else None


def _no_organ(text: str, words: Sequence[str]) -> Finding | None:
    """Why this is more or less than an organ."""
    if find_structure(words) is not None and not text.startswith("_") and not OPERATORS.search(text):
        return None
    parts = [word for word in words if word[:3].upper() in TARGETS]
    others = [word for word in words if word not in parts]
    if OPERATORS.search(text) or (parts and any(find_structure([word]) for word in others)):
        return "combined"
    if text.startswith("_") or HELPERS.intersection(words) or any(one in text for one in JAPANESE_HELPERS):
        return "helper"
    return None


def _match(found: Found) -> Match:
    structure = found.structure
    if not found.sides:
        return Match(structure.base, structure.kind, structure.colour, None)
    side = next(iter(found.sides))
    colour = structure.colour if side == "L" else right_colour(structure.colour)
    return Match(f"{structure.base}_{side}", structure.kind, colour, side)


def _names_of(structure: Structure) -> tuple[str, ...]:
    sided = (f"{structure.base}_R", f"{structure.base}_L") if structure.paired else ()
    return (structure.base, *sided) if structure.whole else sided


def _near(words: Sequence[str]) -> tuple[str, ...]:
    """Names that a text which is being typed may become."""
    near = names_like(words, MOST_CANDIDATES)
    return tuple(name for structure in near for name in _names_of(structure))[:MOST_CANDIDATES]
