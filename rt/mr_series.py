"""Which of the MR series of a study a network for brains is to draw on.

Best is T1 after contrast medium, which radiotherapy is planned on, then plain T1, FLAIR, T2 and what tells
nothing of itself.  Never drawn on by themselves: localizers, maps and projections that were computed
(ADC, FA, perfusion, subtraction, MIP), diffusion, whose pictures are bent, angiography, and stacks that hold
too little of a head.  Of two of one kind the one as it was measured, then the one with more slices, is taken.

The description is believed first, because technicians write it for people; where it says nothing, Contrast
Bolus Agent, repetition, echo and inversion time tell (PS3.3 C.8.3.1).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["t1-enhanced", "t1", "flair", "t2", "other"]
Unfit = Literal["localizer", "derived", "diffusion", "angiography", "few-slices", "small-extent"]

KINDS: tuple[Kind, ...] = ("t1-enhanced", "t1", "flair", "t2", "other")
"""The best first."""
LEAST_SLICES = 15
"""A head of 130 mm in slices of 7 mm and gaps has 18."""
LEAST_EXTENT_MM = 90.0
"""Of the stack along each of its axes: less than the height of a brain."""

_LOCALIZER = re.compile(
    r"\b(loc|localizer|localiser|scout|survey|planscan|pilot|aahscout\w*|smartbrain)\b|3.?pl|位置決め"
)
_DERIVED_WORDS = re.compile(
    r"\b(e?adc|fa|colfa|trace\w*|mip|minip|mpr.?mip|sub|subtraction|cbv|rcbv|cbf|rcbf|mtt|ttp|tmax|perf\w*|"
    r"ktrans|phase|pha|field.?map|b0.?map|b1.?map|t[12].?map|fmri|bold|spectro\w*|csi)\b"
)
_DERIVED_TYPES = frozenset(
    {
        "ADC", "EADC", "FA", "TRACEW", "TENSOR", "PROJECTION IMAGE", "MAX_IP", "MIN_IP", "MIP", "SUBTRACTION",
        "SUBTRACT", "P", "PHASE MAP", "PHASE", "T1 MAP", "T2 MAP", "B0 MAP", "FIELD_MAP", "CBF", "CBV",
        "RCBV", "RCBF", "MTT", "TTP", "TMAX", "PERFUSION", "R", "I", "VELOCITY",
    }
)  # fmt: skip
_DIFFUSION = re.compile(r"\b(dwi|dti|diff\w*|ep2d.?diff\w*|b\s?=?\s?(500|800|1000|1500|2000))\b|拡散")
_ANGIOGRAPHY = re.compile(r"\b(mra|mrv|tof|angio\w*|pca|veno\w*)\b|血管")
_FLAIR = re.compile(r"flair|\bdark.?fluid\b|\btirm\b")
_T1 = re.compile(r"t1|mp.?rage|\bbravo\b|f?spgr|\bvibe\b|\bmdeft\b|\bthrive\b|\bcube.?t1")
_T2 = re.compile(r"t2|\bpd\b|\bciss\b|\bfiesta\b|\bdrive\b|\bspace\b")
_ENHANCED = re.compile(
    r"(?<![a-z])(gd|gad\w*|ce|cet1|post|km|contrast|enh\w*|prohance|dotarem|magnescope|gadavist)(?![a-z])|\+\s?c\b|\bc\+|t1c\b|造影(?!前)"
)
_PLAIN = re.compile(
    r"(?<![a-z])(pre|native?|nativ|plain|without|w/?o|non?|ohne)(?![a-z])|単純|造影前|造影なし"
)
_NO_AGENT = frozenset({"", "NO", "NONE", "N", "-", "0", "NULL", "なし"})


@dataclass(frozen=True)
class Acquisition:
    """How a series was measured; None where the header does not say."""

    agent: bool = False
    """Contrast medium was given."""
    repetition_ms: float | None = None
    echo_ms: float | None = None
    inversion_ms: float | None = None
    b_value: float | None = None
    """Diffusion b-value in s/mm²."""


@dataclass(frozen=True)
class MrSeries:
    """A series as its headers describe it."""

    id: str
    description: str
    image_type: tuple[str, ...]
    acquisition: Acquisition
    slices: int
    extent_mm: tuple[float, float, float] | None
    """Along i, j and k; None while that is not known."""
    number: int = 0


def names_agent(value: str) -> bool:
    """Whether Contrast/Bolus Agent (0018,0010) names one."""
    return value.strip().upper() not in _NO_AGENT


def kind_of(series: MrSeries) -> Kind:
    """The contrast of a series, by its words, else by its times."""
    words = _words(series)
    if _T1.search(words):
        kind: Kind = "t1"
    elif _FLAIR.search(words):
        return "flair"
    elif _T2.search(words):
        return "t2"
    else:
        kind = _by_times(series.acquisition)
    if kind == "t1" and not _PLAIN.search(words) and (_ENHANCED.search(words) or series.acquisition.agent):
        return "t1-enhanced"
    return kind


def why_unfit(series: MrSeries) -> Unfit | None:
    """Why nothing draws on a series by itself; None where something may."""
    words, types = _words(series), {value.strip().upper() for value in series.image_type}
    if "LOCALIZER" in types or _LOCALIZER.search(words):
        return "localizer"
    if types & _DERIVED_TYPES or _DERIVED_WORDS.search(words):
        return "derived"
    if "DIFFUSION" in types or _DIFFUSION.search(words) or (series.acquisition.b_value or 0) > 0:
        return "diffusion"
    if _ANGIOGRAPHY.search(words):
        return "angiography"
    if series.slices < LEAST_SLICES:
        return "few-slices"
    if series.extent_mm is not None and min(series.extent_mm) < LEAST_EXTENT_MM:
        return "small-extent"
    return None


def choose(several: Sequence[MrSeries]) -> MrSeries | None:
    """The series to draw on; None where none is fit."""
    return min((one for one in several if why_unfit(one) is None), key=_order, default=None)


def _order(series: MrSeries) -> tuple[int, bool, int, int, str]:
    derived = series.image_type[:1] == ("DERIVED",)
    return (KINDS.index(kind_of(series)), derived, -series.slices, series.number, series.id)


def _words(series: MrSeries) -> str:
    return unicodedata.normalize("NFKC", series.description).casefold().replace("_", " ")


def _by_times(measured: Acquisition) -> Kind:
    repetition, echo, inversion = measured.repetition_ms, measured.echo_ms, measured.inversion_ms
    if repetition is None or echo is None:
        return "other"
    if echo >= 60:
        return "flair" if inversion is not None and inversion >= 1500 else "t2"
    return "t1" if echo <= 25 and repetition <= 3000 else "other"
