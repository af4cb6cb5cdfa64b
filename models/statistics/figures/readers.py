"""Figures of a reader study: ROC and FROC of each reader and their mean, forests of differences, times."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from models.statistics.figures.style import (
    COLUMN_MM,
    GREY,
    PAGE_MM,
    PALE,
    colour,
    dash,
    p_text,
    sheet,
    short,
)

Result = Mapping[str, Any]
Record = Mapping[str, Any]
MEAN = "mean"
ROW_MM = 4.2
TITLES = {
    "auc": "AUC",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "ppv": "Positive predictive value",
    "wafroc": "wAFROC area",
    "lesion-sensitivity": "Lesion-wise sensitivity",
    "lesion-ppv": "Lesion-wise positive predictive value",
    "false-marks": "False marks per case",
    "seconds": "Time per case",
}
SECONDS = "seconds"


def reader_figures(result: Result) -> dict[str, Callable[[], Figure]]:
    """Drawings of a reader study by name; forests compare each condition with the first."""
    found: dict[str, Callable[[], Figure]] = {"roc": partial(roc, result)}
    if result["froc"]:
        found["froc"] = partial(froc, result)
    for one in result["figures_of_merit"]:
        found[f"forest-{one['figure']}"] = partial(forest, result, one)
    return found | {"times": partial(times, result)}


def roc(result: Result) -> Figure:
    """A panel a condition with its readers and their mean, and one of the means."""
    figure = _panels(
        result, "roc", ("false_positive_rate", "true_positive_rate"), _areas(result, "auc", "AUC")
    )
    for plot in figure.axes:
        plot.plot([0, 1], [0, 1], color=PALE, linewidth=0.6, zorder=0)
        plot.set_xlim(-0.02, 1.02)
        plot.set_aspect("equal")
        plot.set_xlabel("1 - specificity")
    figure.axes[0].set_ylabel("Sensitivity")
    return figure


def froc(result: Result) -> Figure:
    """As `roc`, of lesions: found against false marks of a case."""
    keys = ("false_marks_per_case", "lesion_sensitivity")
    figure = _panels(result, "froc", keys, _areas(result, "wafroc", "wAFROC"))
    for plot in figure.axes:
        plot.set_xlabel("False marks per case")
    figure.axes[0].set_ylabel("Lesions found")
    return figure


def _areas(result: Result, name: str, title: str) -> dict[str, str]:
    """{condition: its figure with interval, in words}."""
    way = result["config"]["generalise"]
    rows = [one for fom in result["figures_of_merit"] if fom["figure"] == name for one in fom["conditions"]]
    ways = [one for one in rows if one["generalise"] == way] or rows
    return {
        one["condition"]: f"{title} {one['value']:.3f} ({one['low']:.3f} to {one['high']:.3f})"
        for one in ways
    }


def _panels(result: Result, kind: str, keys: tuple[str, str], said: Mapping[str, str]) -> Figure:
    conditions = result["study"]["conditions"]
    figure = sheet(PAGE_MM, 68 if len(conditions) == 2 else 58)
    plots: list[Axes] = list(np.ravel(figure.subplots(1, len(conditions) + 1, sharey=True)))
    steps = "default" if kind == "roc" else "steps-post"
    for index, condition in enumerate(conditions):
        for one in (one for one in result[kind] if one["condition"] == condition):
            mean = one["reader"] == MEAN
            drawn: dict[str, Any] = {
                "color": colour(index) if mean else GREY,
                "linewidth": 1.6 if mean else 0.5,
            }
            plots[index].plot(one[keys[0]], one[keys[1]], drawstyle=steps, zorder=2 if mean else 1, **drawn)
            if mean:
                label = short(condition, 24) + (f"\n{said[condition]}" if condition in said else "")
                plots[-1].plot(
                    one[keys[0]], one[keys[1]], drawstyle=steps, color=colour(index), linestyle=dash(index),
                    label=label,
                )  # fmt: skip
        plots[index].set_title(f"{short(condition, 28)}: readers and mean")
        plots[index].set_ylim(-0.02, 1.02)
    plots[-1].set_title("Means over readers")
    plots[-1].legend(loc="lower right", fontsize=5.5)
    return figure


def forest(result: Result, figure_of_merit: Record) -> Figure:
    """What each reader, each level and all readers changed from the first condition to the others."""
    rows = list(_rows(result, figure_of_merit))
    figure = sheet(COLUMN_MM, 22 + ROW_MM * len(rows))
    plot = figure.subplots()
    ratio = figure_of_merit["figure"] == SECONDS
    for index, (_, one, whole) in enumerate(rows):
        ends = [[one["value"] - one["low"]], [one["high"] - one["value"]]]
        plot.errorbar(
            one["value"], index, xerr=ends, color=colour(0) if whole else GREY, marker="D" if whole else "s",
            ms=4 if whole else 3, elinewidth=1.1 if whole else 0.7, capsize=1.5,
        )  # fmt: skip
        plot.annotate(
            f"{one['value']:.2f} ({one['low']:.2f} to {one['high']:.2f}), {p_text(one['p'])}",
            (1.02, index), xycoords=("axes fraction", "data"), va="center", fontsize=5.5,
        )  # fmt: skip
    plot.set_yticks(range(len(rows)), [label for label, _, _ in rows])
    if ratio:
        plot.set_xscale("log")
        plot.minorticks_off()
        plot.xaxis.set_major_formatter("{x:g}")
        plot.set_xticks(_ratios(rows))
    plot.axvline(1 if ratio else 0, color=PALE, linewidth=0.8, zorder=0)
    plot.invert_yaxis()
    first = result["study"]["conditions"][0]
    title = TITLES[figure_of_merit["figure"]]
    plot.set_xlabel(f"{title}: {'ratio to' if ratio else 'difference from'} '{short(first, 24)}'")
    return figure


def _ratios(rows: Sequence[tuple[str, Record, bool]]) -> list[float]:
    low, high = min(one["low"] for _, one, _ in rows), max(one["high"] for _, one, _ in rows)
    inside = [
        tick for tick in (0.1, 0.2, 0.33, 0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 3, 5, 10) if low <= tick <= high
    ]
    return inside if len(inside) > 1 else [low, high]


def _rows(result: Result, one: Record) -> list[tuple[str, Record, bool]]:
    """Label, difference, and whether it is of all readers."""
    conditions = result["study"]["conditions"]
    first = conditions[0]

    def name(text: str, row: Record) -> str:
        return short(text, 26) if len(conditions) == 2 else f"{short(text, 16)}, {short(row['second'], 10)}"

    rows: list[tuple[str, Record, bool]] = [
        (name(row["reader"], row), row, False) for row in one["reader_differences"] if row["first"] == first
    ]
    rows += [
        (name(f"{row['level']}s ({row['readers']})", row), row, False)
        for row in one["levels"]
        if row["first"] == first
    ]
    way = result["config"]["generalise"]
    whole = [row for row in one["differences"] if row["first"] == first]
    chosen = [row for row in whole if row["generalise"] == way] or whole
    return rows + [(name("all readers", row), row, True) for row in chosen]


def times(result: Result) -> Figure:
    """Box plots of the seconds of a case: quartiles, and the whole range as whiskers."""
    conditions = result["study"]["conditions"]
    readers = list(dict.fromkeys(one["reader"] for one in result["times"]))
    figure = sheet(PAGE_MM if len(readers) > 5 else COLUMN_MM, 62)
    plot = figure.subplots()
    width = 0.8 / len(conditions)
    for index, condition in enumerate(conditions):
        rows = {one["reader"]: one for one in result["times"] if one["condition"] == condition}
        boxes = [_box(rows[reader]) for reader in readers]
        places = [place + (index - (len(conditions) - 1) / 2) * width for place in range(len(readers))]
        drawn = plot.bxp(
            boxes, positions=places, widths=width * 0.8, showfliers=False, patch_artist=True,
            boxprops={"facecolor": colour(index), "alpha": 0.6, "linewidth": 0.5},
            medianprops={"color": "black"}, whiskerprops={"linewidth": 0.5}, capprops={"linewidth": 0.5},
        )  # fmt: skip
        drawn["boxes"][0].set_label(short(condition, 28))
    plot.set_yscale("log")
    plot.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    plot.yaxis.set_major_formatter("{x:g}")
    plot.yaxis.set_minor_locator(NullLocator())
    plot.set_xticks(range(len(readers)), [short(one, 14) for one in readers], rotation=30, ha="right")
    plot.set_ylabel("Time per case (s)")
    plot.legend(loc="upper left", bbox_to_anchor=(0, 1.14), ncols=len(conditions))
    return figure


def _box(one: Record) -> dict[str, float]:
    return {
        "med": one["median_s"], "q1": one["q1_s"], "q3": one["q3_s"], "whislo": one["minimum_s"],
        "whishi": one["maximum_s"],
    }  # fmt: skip
