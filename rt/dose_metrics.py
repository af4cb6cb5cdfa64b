"""Questions to a DVH as clinics write them: D95, D0.03cc, V20Gy, mean (ICRU 83).

    metric   = "mean" | "min" | "max" | dose | volume
    dose     = "D" number ["%" | "cc"]          the hottest x % or x cm³ receive at least this many Gy
    volume   = "V" number "Gy" ["%" | "cc"]     the part that receives at least x Gy, in % or cm³

Letters may be small or capital.  A percentage is of the structure's volume.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, assert_never

from rt.dvh import Dvh
from rt.errors import DoseMetricError

Unit = Literal["Gy", "%", "cc"]
Kind = Literal["mean", "min", "max", "dose-at-percent", "dose-at-cc", "percent-at-gy", "cc-at-gy"]

STANDARD = ("D98", "D95", "D50", "D2", "D0.03cc")
"""What is told when nothing is asked: near-minimum, D95, median and near-maximum dose (ICRU 83)."""
_NUMBER = r"(?P<number>[0-9]{1,6}(?:[.][0-9]{1,6})?)"
_PLAIN = re.compile(r"D?(?P<word>mean|min|max)", re.IGNORECASE)
_DOSE = re.compile(rf"D{_NUMBER}(?P<unit>%|cc)?", re.IGNORECASE)
_VOLUME = re.compile(rf"V{_NUMBER}Gy(?P<unit>%|cc)?", re.IGNORECASE)


@dataclass(frozen=True)
class Metric:
    """One question to a DVH."""

    kind: Kind
    text: str
    """As it is written canonically."""
    number: float = 0.0
    """The x of D_x or V_x, in %, cm³ or Gy."""

    @property
    def unit(self) -> Unit:
        """Of the answer."""
        if self.kind == "percent-at-gy":
            return "%"
        return "cc" if self.kind == "cc-at-gy" else "Gy"

    def of(self, dvh: Dvh) -> float | None:
        """The answer; None when the structure has less than the volume asked for."""
        match self.kind:
            case "mean":
                return dvh.mean_gy
            case "min":
                return dvh.min_gy
            case "max":
                return dvh.max_gy
            case "dose-at-percent":
                return dvh.dose_at_percent(self.number)
            case "dose-at-cc":
                return dvh.dose_at_cc(self.number)
            case "percent-at-gy":
                return dvh.percent_at_gy(self.number)
            case "cc-at-gy":
                return dvh.volume_at_gy(self.number)
            case _:
                assert_never(self.kind)


def parse_metric(text: str) -> Metric:
    """The question that a text asks; DoseMetricError says which text is none, and why."""
    written = text.strip()
    if plain := _PLAIN.fullmatch(written):
        word = plain["word"].lower()
        kinds: dict[str, Kind] = {"mean": "mean", "min": "min", "max": "max"}
        return Metric(kinds[word], word)
    if dose := _DOSE.fullmatch(written):
        return _dose_metric(written, float(dose["number"]), (dose["unit"] or "%").lower())
    if volume := _VOLUME.fullmatch(written):
        number, unit = float(volume["number"]), (volume["unit"] or "%").lower()
        if unit == "cc":
            return Metric("cc-at-gy", f"V{number:g}Gycc", number)
        return Metric("percent-at-gy", f"V{number:g}Gy", number)
    if written[:1] in ("V", "v"):
        raise DoseMetricError(f"{_shown(written)}: V takes a dose in Gy, as in V20Gy or V20Gycc")
    raise DoseMetricError(f"{_shown(written)} is none of mean, min, max, D95, D0.1cc, V20Gy, V20Gycc")


def parse_metrics(text: str) -> tuple[Metric, ...]:
    """The questions of a list with commas, each once; errors as of `parse_metric`."""
    return tuple({metric.text: metric for metric in map(parse_metric, text.split(","))}.values())


def _dose_metric(written: str, number: float, unit: str) -> Metric:
    if unit == "cc":
        return Metric("dose-at-cc", f"D{number:g}cc", number)
    if number > 100:
        raise DoseMetricError(f"{_shown(written)}: D takes at most 100 %")
    return Metric("dose-at-percent", f"D{number:g}", number)


def _shown(written: str) -> str:
    return repr(written[:32])
