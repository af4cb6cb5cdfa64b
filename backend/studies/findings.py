"""What a person should know of a structure set, as warnings on the series that it came in.

The door says what of its contents cannot be used; whoever reads it says that again, and the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from backend.studies.tables import Series
from rt.contours import ContourWarning

BY_NAME = frozenset(
    {
        "contour-impossible", "contour-outside-volume", "structure-outside-volume",
        "structure-in-other-frame",
    }
)  # fmt: skip
"""Something is lost: every structure is named, not only the first."""
OF_CONTOURS = frozenset({"contour-not-closed", "contour-not-planar", "contour-repeated", "contours-overlap"})
"""What is wrong with contours whatever image they are drawn on."""
MOST_NAMES = 20
"""Structures that one warning names."""


def called(modality: str, description: str, label: str = "") -> str:
    """What a person knows a structure set by: its modality, the description of its series and its label."""
    return " ".join(dict.fromkeys(filter(None, (modality, description, label))))


def as_warnings(found: Sequence[ContourWarning], name: str) -> list[dict[str, Any]]:
    """One warning a kind: of which set, what is wrong, how many more, and with which structures."""
    grouped: dict[str, list[ContourWarning]] = {}
    for one in found:
        grouped.setdefault(one.slug, []).append(one)
    return [_warning(slug, alike, name) for slug, alike in grouped.items()]


def _warning(slug: str, alike: Sequence[ContourWarning], name: str) -> dict[str, Any]:
    said = alike[: MOST_NAMES if slug in BY_NAME else 1]
    more = f" (and {len(alike) - len(said)} more)" if len(alike) > len(said) else ""
    about = list(dict.fromkeys(w.structure for w in alike if w.structure))
    shown = list(dict.fromkeys(filter(None, map(_structure, said if slug in BY_NAME else alike))))
    names = ", ".join(shown[:MOST_NAMES]) + (", …" if len(about) > MOST_NAMES else "")
    return {
        "slug": slug,
        "detail": f"{name}: {'; '.join(one.detail for one in said)}{more}",
        "severity": "warning",
        "values": {
            "name": ": ".join(filter(None, (name, names))),
            "structures": ", ".join(about[:MOST_NAMES]),
        },
    }


def _structure(one: ContourWarning) -> str:
    """A structure's name and the numbers of the contours meant: `PTV (2, 5)`."""
    numbers = ", ".join(map(str, one.numbers))
    return f"{one.structure} ({numbers})" if numbers else one.structure


def replace_warnings(series: Series, instance_id: str, warnings: Sequence[dict[str, Any]]) -> None:
    """Warnings of this instance in place of its earlier ones; those of others stay."""
    others = [w for w in series.warnings if w.get("instance_id") != instance_id]
    series.warnings = [*others, *({**w, "instance_id": instance_id} for w in warnings)]


def replace_moved(
    series: Series, instance_id: str, series_id: str, warnings: Sequence[dict[str, Any]]
) -> None:
    """Warnings of what a registration brought to a series, without those that the instance itself has."""
    replace_warnings(series, f"{instance_id} on {series_id}", warnings)
    told = {_about(w) for w in series.warnings if w.get("instance_id") == instance_id}
    moved = f"{instance_id} on "
    series.warnings = [
        w
        for w in series.warnings
        if not (
            str(w.get("instance_id")).startswith(moved) and w["slug"] in OF_CONTOURS and _about(w) in told
        )
    ]


def _about(warning: dict[str, Any]) -> tuple[str, str]:
    return warning["slug"], warning.get("values", {}).get("structures", "")


def add_refusal(series: Series, instance_id: str, slug: str, detail: str) -> None:
    """Why an instance is not read, beside what was wrong with it before."""
    name = called(series.modality, series.description)
    refusal = {"slug": slug, "detail": f"{name}: {detail}", "severity": "refusal", "values": {"name": name}}
    known = [w for w in series.warnings if w.get("instance_id") == instance_id]
    replace_warnings(series, instance_id, [*(w for w in known if w["severity"] == "warning"), refusal])
