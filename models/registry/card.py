"""The model card: what a network learnt from, how good it is, where it fails.  Honest before flattering."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from models.registry.network import NetworkManifest
from models.registry.pictures import CasePicture

WORST = 8
PICTURES_HEADING = "## Best, median and worst case"
"""Last of a card; only shipped versions have it, as their pictures are nobody's secret."""


@dataclass(frozen=True)
class CardText:
    """What a card says beside its figures."""

    data: str
    split: str
    limits: str
    figures: str = ""
    """Said below the table."""


def render_card(manifest: NetworkManifest, metrics: dict[str, Any], text: CardText) -> str:
    """Markdown of the card; `metrics` is what `models.evaluation.summarise` made."""
    parts = [
        f"# {manifest.title}, version {manifest.version}",
        "**Not for clinical use.** Every contour is a proposal that a qualified person checks and corrects.",
        "## What it draws",
        *_drawn(manifest),
        "## Data",
        text.data,
        text.split,
        "## Figures",
        f"Mean Dice over structures: **{metrics['mean_dice']:.3f}**. On each scan's own grid; mean ± "
        "standard deviation (median, quartiles).",
        "\n".join(_table(metrics)),
        *([text.figures] if text.figures else []),
        "## Worst cases",
        "\n".join(_worst(metrics)),
        "## Limits",
        text.limits,
        "## How it predicts",
        _recipe(manifest),
        *_closer(manifest),
    ]
    return "\n\n".join(parts) + "\n"


def _drawn(manifest: NetworkManifest) -> list[str]:
    """What it draws, and which of it a rule made."""
    lines = [", ".join(manifest.offered) + " (TG-263)."]
    by_rule = manifest.by_rule
    sided, placed = (
        ", ".join(n for n, rule in by_rule.items() if rule == one) for one in ("sided", "placed")
    )
    if sided:
        lines.append(f"Told right from left by the mid-plane of the head: {sided}.")
    if placed:
        lines.append(f"**Placed by an anatomical rule, not seen in the image: {placed}.**")
    return lines


def _recipe(manifest: NetworkManifest) -> str:
    thresholds = ", ".join(f"{name} {manifest.rule(name).threshold:g}" for name in manifest.structures)
    return (
        f"{manifest.architecture}, {manifest.spacing_mm:g} mm cubes in LPS, "
        f"{manifest.window.describe()}, windows of {manifest.patch} voxels, mean with the mirrored "
        f"picture, largest part kept, threshold per structure: {thresholds}."
    )


def _closer(manifest: NetworkManifest) -> list[str]:
    """What a second network does."""
    second = manifest.close_up
    if second is None:
        return []
    return [
        f"A second network, {second.architecture}, looks at {', '.join(second.structures)} on cubes of "
        f"{second.spacing_mm:g} mm in a box around the globes that the first one found, and draws them."
    ]


def _table(metrics: dict[str, Any]) -> list[str]:
    rows = [
        "| structure | n | Dice | surface Dice at 3 mm | HD95 (mm) | missed |",
        "|---|---|---|---|---|---|",
    ]
    for name, row in metrics["structures"].items():
        cells = [
            _cell(row[key], digits) for key, digits in (("dice", 3), ("surface_dice_3mm", 3), ("hd95_mm", 1))
        ]
        rows.append(f"| {name} | {row['n']} | " + " | ".join(cells) + f" | {row['missed']} |")
    return rows


def _cell(spread: dict[str, float], digits: int) -> str:
    if not spread:
        return "–"
    mean, sd, middle, low, high = (
        f"{spread[key]:.{digits}f}" for key in ("mean", "sd", "median", "q1", "q3")
    )
    return f"{mean} ± {sd} ({middle}, {low}–{high})"


def _worst(metrics: dict[str, Any]) -> list[str]:
    ordered = sorted(metrics["scores"], key=lambda score: score["dice"])[:WORST]
    rows = ["| case | structure | Dice | HD95 (mm) | plausibility check |", "|---|---|---|---|---|"]
    for score in ordered:
        distance = "nothing drawn" if score["hd95_mm"] is None else f"{score['hd95_mm']:.1f}"
        flagged = "flagged" if score["flagged"] else "not flagged"
        rows.append(
            f"| {score['case']} | {score['structure']} | {score['dice']:.2f} | {distance} | {flagged} |"
        )
    return rows


def _goodness(picture: CasePicture) -> str:
    return "truth unknown" if picture.dice is None else f"mean Dice {picture.dice:.2f}"


def render_pictures(pictures: Sequence[CasePicture]) -> str:
    """Markdown of the section that shows the pictures beside the card."""
    lines = [
        f"![{p.rank}: {p.case}, {_goodness(p)}, slice {p.slice}](pictures/{p.rank}.png)" for p in pictures
    ]
    said = (
        "By mean Dice over the case's structures. The slice where the two differ most: what people drew is "
        "green, what the network drew orange, white where both lines run."
    )
    return "\n\n".join((f"\n{PICTURES_HEADING}", said, *lines)) + "\n"
