"""Figures of predictions of a binary outcome: ROC curve, calibration, decision curve."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from models.statistics.figures.style import COLUMN_MM, GREY, colour, dash, sheet, short

Named = tuple[str, Mapping[str, Any]]
"""A prediction's name and what `merit.summary` says of it."""

DRAWN = 5
"""At most so many models share axes, those of the highest AUC."""


def binary_figures(models: Sequence[Named], before: str = "") -> dict[str, Callable[[], Figure]]:
    """Drawings by name, `before` in front of each; of those of the highest AUC, all on the same axes."""
    best = sorted(models, key=lambda one: -float(one[1]["auc"]["value"]))[:DRAWN]
    kinds = {"roc": roc, "calibration": calibration, "decision-curve": decision_curve}
    return {before + name: partial(draw, best) for name, draw in kinds.items()} if best else {}


def roc(models: Sequence[Named]) -> Figure:
    """ROC curves with AUC and its 95 % interval."""
    figure, plot = _square("1 - specificity", "Sensitivity")
    for index, (name, said) in enumerate(models):
        curve, area = said["roc"], said["auc"]
        label = f"{short(name, 22)}\nAUC {area['value']:.2f} ({area['low']:.2f} to {area['high']:.2f})"
        plot.plot(
            curve["false_positive_rate"], curve["true_positive_rate"], drawstyle="steps-post",
            color=colour(index), linestyle=dash(index), label=label,
        )  # fmt: skip
    plot.legend(loc="lower right")
    return figure


def calibration(models: Sequence[Named]) -> Figure:
    """Observed against predicted share by quantiles of the prediction, with Wilson intervals."""
    drawn = []
    for name, said in models:
        slope = said["calibration"]["slope"]
        fitted = f"\nslope {slope['value']:.2f} ({slope['low']:.2f} to {slope['high']:.2f})" if slope else ""
        drawn.append((name, said["calibration"]["curve"], fitted))
    return observed_shares(drawn)[0]


def observed_shares(models: Sequence[tuple[str, Sequence[Mapping[str, float]], str]]) -> tuple[Figure, Axes]:
    """Points with intervals of each model: its name, its calibration curve, and what else is said of it."""
    figure, plot = _square("Predicted probability", "Observed share")
    for index, (name, points, said) in enumerate(models):
        observed = [one["observed"] for one in points]
        ends = [
            [max(0.0, one["observed"] - one["low"]) for one in points],
            [max(0.0, one["high"] - one["observed"]) for one in points],
        ]
        plot.errorbar(
            [one["predicted"] for one in points], observed, yerr=ends, color=colour(index), ls=dash(index),
            marker="os^Dv"[index % 5], ms=3, elinewidth=0.6, capsize=1.5, capthick=0.6, linewidth=0.9,
            label=f"{short(name, 22)}{said}",
        )  # fmt: skip
    plot.legend(loc="upper left")
    return figure, plot


def _square(along: str, up: str) -> tuple[Figure, Axes]:
    figure = sheet(COLUMN_MM, COLUMN_MM)
    plot = figure.subplots()
    plot.plot([0, 1], [0, 1], color=GREY, linewidth=0.6, linestyle=":")
    plot.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), xlabel=along, ylabel=up, aspect="equal")
    return figure, plot


def decision_curve(models: Sequence[Named]) -> Figure:
    """Net benefit against the threshold probability, beside treating everybody and nobody."""
    figure = sheet(COLUMN_MM, 62)
    plot = figure.subplots()
    _, first = models[0]
    common = first["decision_curve"]
    plot.plot(common["threshold"], common["all"], color=GREY, linewidth=0.8, label="treat all")
    plot.plot(common["threshold"], common["none"], color="black", lw=0.8, ls=":", label="treat none")
    for index, (name, said) in enumerate(models):
        curve = said["decision_curve"]
        plot.plot(
            curve["threshold"],
            curve["model"],
            color=colour(index),
            linestyle=dash(index),
            label=short(name, 26),
        )
    top = max(max(said["decision_curve"]["model"]) for _, said in models)
    plot.set(xlim=(0, 1), ylim=(-0.25 * max(top, 0.1), 1.15 * max(top, 0.1)))
    plot.set(xlabel="Threshold probability", ylabel="Net benefit")
    plot.legend(loc="upper right")
    return figure
