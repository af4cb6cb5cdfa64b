"""Figures of a dose-outcome map: slices, permutations, penalty, and models beside each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from models.statistics.figures.style import COLUMN_MM, GREY, PAGE_MM, bare, colour, dash, p_text, sheet

FIGURES_OF_MERIT = {"r2": "R²", "auc": "AUC", "harrell-c": "Harrell's C"}
CHANCE = {"r2": 0.0, "auc": 0.5, "harrell-c": 0.5}
NAMES = {
    "map": "Dose map", "dvh": "DVH (ridge)", "geud": "gEUD", "mean-dose": "Mean dose",
    "clinical": "Clinical terms",
}  # fmt: skip
Result = Mapping[str, Any]


def dose_map_figures(result: Result) -> dict[str, Callable[[], Figure]]:
    """Drawings by name; that of permutations only where there were any."""
    found = {"map": slices, "penalty": penalty, "models": models}
    if result["significance"] is not None:
        found["permutations"] = permutations
    return {name: partial(draw, result) for name, draw in found.items()}


def slices(result: Result) -> Figure:
    """Axial slices of the map, organ outlined, significant voxels within a thick line."""
    shown: Sequence[Mapping[str, Any]] = result["matrices"]
    figure = sheet(PAGE_MM, 42)
    axes = np.atleast_1d(figure.subplots(1, len(shown)))
    top = max(float(np.abs(one["map"]).max()) for one in shown) or 1.0
    image: Any = None
    dk, dj, di = result["organ"]["spacing_mm"]
    for plot, one in zip(axes, shown, strict=True):
        organ, values = np.asarray(one["organ"]), np.asarray(one["map"])
        image = plot.imshow(
            np.ma.masked_where(organ == 0, values), cmap="RdBu_r", vmin=-top, vmax=top, aspect=dj / di,
            interpolation="nearest",
        )  # fmt: skip
        _outline(plot, organ, GREY, 0.7)
        _outline(plot, np.asarray(one["significant"]), "black", 1.3)
        bare(plot)
        plot.set_title(f"{(one['k'] + 0.5) * dk:.0f} mm")
    bar = figure.colorbar(image, ax=axes.tolist(), shrink=0.8, pad=0.01)
    bar.set_label(f"{result['unit']}, each voxel")
    bar.ax.ticklabel_format(style="sci", scilimits=(-2, 2))
    return figure


def _outline(plot: Any, mask: np.ndarray[Any, Any], shade: str, width: float) -> None:
    if mask.any():
        padded = np.pad(mask, 1)
        rows, columns = (np.arange(length) - 1 for length in padded.shape)
        plot.contour(columns, rows, padded, levels=[0.5], colors=[shade], linewidths=width)


def permutations(result: Result) -> Figure:
    """Highest standardised value of the map beside those of permuted outcomes."""
    said = result["significance"]
    figure = sheet(COLUMN_MM, 55)
    plot = figure.subplots()
    null = [one["highest"] for one in said["null"]]
    plot.hist(null, bins=min(30, max(5, len(null) // 6)), color=colour(5), edgecolor="white", linewidth=0.4)
    plot.axvline(said["threshold"], color=GREY, lw=0.9, ls=":", label="family-wise threshold")
    label = f"observed, {p_text(said['least_p'])}"
    plot.axvline(said["observed"], color=colour(1), lw=1.3, label=label)
    plot.set(xlabel="Highest standardised value over the organ", ylabel="Permutations")
    plot.set_title(f"Any relation of dose and outcome: {p_text(said['any_p'])}")
    plot.legend(loc="best")
    return figure


def penalty(result: Result) -> Figure:
    """Cross-validated loss along the penalty, of each rank, with standard errors over folds."""
    curve, final = result["validation"]["curve"], result["validation"]["final"]
    figure = sheet(COLUMN_MM, 58)
    plot = figure.subplots()
    for index, rank in enumerate(dict.fromkeys(one["rank"] for one in curve)):
        own = [one for one in curve if one["rank"] == rank]
        plot.errorbar(
            [one["fraction"] for one in own], [one["loss"] for one in own],
            yerr=[one["error"] for one in own], color=colour(index), linestyle=dash(index), marker="o", ms=3,
            elinewidth=0.6, capsize=1.5, label=f"rank {rank}" if rank else "convex",
        )  # fmt: skip
    plot.axvline(final["fraction"], color=GREY, lw=0.8, ls=":", label="chosen")
    plot.set(xscale="log", xlabel="Penalty, as a share of the reference", ylabel="Loss, patients left out")
    plot.legend(loc="best")
    return figure


def models(result: Result) -> Figure:
    """Out-of-fold figure of merit of each model with its interval."""
    said = result["judged"]
    rows = said["models"][::-1]
    tests = {one["first"]: one["p"] for one in said["comparisons"]}
    figure = sheet(COLUMN_MM, 14 + 8 * len(rows))
    plot = figure.subplots()
    for place, one in enumerate(rows):
        shade = colour(1) if one["model"] == "map" else colour(0)
        plot.plot([one["low"], one["high"]], [place, place], color=shade, lw=1.2)
        plot.plot(one["value"], place, "s", color=shade, ms=4)
    labels = [
        NAMES[one["model"]]
        + (f"\nmap against it: {p_text(tests[one['model']])}" if one["model"] in tests else "")
        for one in rows
    ]
    plot.axvline(CHANCE[said["figure"]], color=GREY, lw=0.6, ls=":")
    plot.set_yticks(range(len(rows)), labels)
    plot.set(
        xlabel=f"{FIGURES_OF_MERIT[said['figure']]}, out of fold, 95 % interval", ylim=(-0.6, len(rows) - 0.4)
    )
    return figure
