"""Kaplan-Meier curves with numbers at risk, cumulative incidence, and forest plots of hazard ratios."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from models.statistics.figures.style import (
    COLUMN_MM,
    GREY,
    PAGE_MM,
    bare,
    colour,
    dash,
    p_text,
    sheet,
    short,
)
from models.statistics.units import plural_en

ROW_MM = 3.6
"""Height of a line of a table under or beside a plot."""
TICKS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50)
EDGES = (0.02, 50.0)
"""Hazard ratios beyond which an arrow stands for the end of an interval."""
LEGEND_INSIDE = 2
"""Curves of incidence up to which their legend stands among them."""
Draw = Callable[[], Figure]


def survival_figures(result: Mapping[str, Any]) -> dict[str, Draw]:
    """Drawings of a survival result by name: a curve a grouping, a forest of each kind of model."""
    found: dict[str, Draw] = {"kaplan-meier": partial(kaplan_meier, result, _overall(result))}
    for number, grouping in enumerate(result["groupings"], 1):
        found[f"kaplan-meier-{number}"] = partial(kaplan_meier, result, grouping)
        if grouping["competing"]:
            found[f"cumulative-incidence-{number}"] = partial(cumulative_incidence, result, grouping)
    if result["competing"]:
        alone = {"column": "", "unit": "", "competing": _one_group(result["competing"])}
        found["cumulative-incidence"] = partial(cumulative_incidence, result, alone)
    one_each = [term for model in result["univariable"] for term in model["terms"]]
    if one_each:
        found["forest-univariable"] = partial(forest, one_each)
    if result["multivariable"]:
        found["forest-multivariable"] = partial(forest, result["multivariable"]["terms"])
    return found


def _overall(result: Mapping[str, Any]) -> dict[str, Any]:
    return {"column": "", "unit": "", "groups": [result["overall"]], "test": None, "cut": None}


def _one_group(events: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"groups": [{"name": "", "events": events}], "gray": None}


def kaplan_meier(result: Mapping[str, Any], grouping: Mapping[str, Any]) -> Figure:
    """Curves as steps with 95 % bands and marks of censoring, over a table of the numbers at risk."""
    groups, times = grouping["groups"], result["at_risk_times"]
    table_mm = ROW_MM * (len(groups) + 1)
    figure = sheet(COLUMN_MM, 58 + table_mm)
    plot, table = figure.subplots(2, 1, height_ratios=[58, table_mm])
    for index, one in enumerate(groups):
        _curve(plot, one, index, labelled=len(groups) > 1)
    _time_axis(plot, result, max(max(one["curve"]["time"]) for one in groups))
    plot.set_ylabel(f"{result['config']['endpoint']}: event-free share")
    if len(groups) > 1:
        name, unit = grouping["column"], grouping["unit"]
        plot.legend(title=short(name, 34) + (f" ({unit})" if unit else ""), title_fontsize=6.5, loc="best")
        _say(plot, _tested("log-rank", grouping))
    table.set_xlim(plot.get_xlim())
    _at_risk(table, groups, times)
    return figure


def _curve(plot: Axes, one: Mapping[str, Any], index: int, labelled: bool) -> None:
    curve = one["curve"]
    label = f"{short(one['name'], 24)} ({one['events']}/{one['n']})" if labelled else None
    plot.fill_between(
        curve["time"], curve["low"], curve["high"], step="post", color=colour(index), alpha=0.15, linewidth=0
    )
    plot.step(
        curve["time"],
        curve["survival"],
        where="post",
        color=colour(index),
        linestyle=dash(index),
        label=label,
    )
    at = np.searchsorted(curve["time"], one["censored_at"], side="right") - 1
    plot.plot(one["censored_at"], np.array(curve["survival"])[at], "|", color=colour(index), ms=3.5, mew=0.6)


def _time_axis(plot: Axes, result: Mapping[str, Any], last: float) -> None:
    plot.set_xlim(0, last * 1.02)
    plot.set_ylim(0, 1.02)
    plot.set_xticks([one for one in result["at_risk_times"] if one <= last * 1.02])
    plot.set_xlabel(f"Time ({plural_en(result['cohort']['unit'])})")


def _tested(name: str, grouping: Mapping[str, Any]) -> str:
    searched = (grouping.get("cut") or {}).get("kind") == "optimal"
    return f"{name} {p_text(grouping['test']['p'])}" + (", over all cuts" if searched else "")


def _say(plot: Axes, text: str) -> None:
    plot.text(0.02, 0.03, text, transform=plot.transAxes, fontsize=6.5, va="bottom")


def _at_risk(table: Axes, groups: Sequence[Mapping[str, Any]], times: Sequence[float]) -> None:
    bare(table)
    table.set_ylim(len(groups) - 0.4, -1.2)
    table.text(0, -0.75, "Number at risk", fontsize=6.5, ha="left", va="center", color=GREY)
    for row, one in enumerate(groups):
        for time, count in zip(times, one["at_risk"], strict=True):
            table.text(time, row, f"{count}", ha="center", va="center", fontsize=6.5, color=colour(row))
    table.set_yticks(range(len(groups)), [short(one["name"], 14) for one in groups], fontsize=6.5)
    table.tick_params(axis="y", length=0, pad=10)
    for row, label in enumerate(table.get_yticklabels()):
        label.set_color(colour(row))


def cumulative_incidence(result: Mapping[str, Any], grouping: Mapping[str, Any]) -> Figure:
    """Incidence of each event as steps with 95 % bands: a colour a group, a line style an event."""
    groups = grouping["competing"]["groups"]
    figure = sheet(COLUMN_MM, 62 + 4 * len(groups))
    plot = figure.subplots()
    events = sorted({int(one["event"]) for group in groups for one in group["events"]})
    last = 0.0
    for index, group in enumerate(groups):
        for one in group["events"]:
            which = events.index(int(one["event"]))
            tint = colour(index) if len(groups) > 1 else colour(which)
            label = " · ".join(filter(None, (short(group["name"], 18), _event_name(int(one["event"])))))
            plot.step(
                one["time"], one["incidence"], where="post", color=tint, linestyle=dash(which), label=label
            )
            plot.fill_between(
                one["time"], one["low"], one["high"], step="post", color=tint, alpha=0.12, linewidth=0
            )
            last = max(last, *one["time"])
    _time_axis(plot, result, last)
    plot.set_ylabel(f"{result['config']['endpoint']}: cumulative incidence")
    title = short(grouping["column"], 34) or None
    if sum(len(group["events"]) for group in groups) > LEGEND_INSIDE:
        figure.legend(title=title, title_fontsize=6.5, loc="outside lower center", ncols=2)
    else:
        plot.legend(title=title, title_fontsize=6.5, loc="upper left")
    if grouping["competing"]["gray"]:
        plot.text(
            0.98, 0.97, f"Gray's test {p_text(grouping['competing']['gray']['p'])}",
            transform=plot.transAxes, fontsize=6.5, ha="right", va="top",
        )  # fmt: skip
    return figure


def _event_name(code: int) -> str:
    return "event" if code == 1 else f"competing event {code}"


def forest(terms: Sequence[Mapping[str, Any]]) -> Figure:
    """Hazard ratios with 95 % intervals on a logarithmic axis, between their names and their numbers."""
    figure = sheet(PAGE_MM, 14 + 5 * (len(terms) + 1))
    names, plot, numbers = figure.subplots(1, 3, width_ratios=[5, 6, 4.6], sharey=True)
    plot.set_ylim(len(terms) - 0.4, -1.1)
    for axes in (names, numbers):
        bare(axes)
        axes.set_xlim(0, 1)
    for row, term in enumerate(terms):
        _interval(plot, term, row)
        names.text(0, row, _term(term), va="center")
        ratio = f"{term['hazard_ratio']:.2f} ({term['low']:.2f} to {term['high']:.2f})"
        numbers.text(0, row, ratio, va="center")
        numbers.text(
            1, row, p_text(term["p"]).removeprefix("p = ").removeprefix("p "), va="center", ha="right"
        )
    numbers.text(0, -0.85, "Hazard ratio (95 % interval)", va="center", color=GREY)
    numbers.text(1, -0.85, "p", va="center", ha="right", color=GREY)
    plot.axvline(1, color=GREY, linewidth=0.6, linestyle=dash(1))
    plot.set_xscale("log")
    low, high = (np.clip(f([t[k] for t in terms]), *EDGES) for f, k in ((min, "low"), (max, "high")))
    plot.set_xlim(min(0.8 * low, 0.5), max(1.25 * high, 2))
    plot.xaxis.set_major_locator(FixedLocator(TICKS))
    plot.xaxis.set_minor_locator(NullLocator())
    plot.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    plot.set_xlabel("Hazard ratio")
    plot.tick_params(axis="y", left=False, labelleft=False)
    plot.spines["left"].set_visible(False)
    return figure


def _term(term: Mapping[str, Any]) -> str:
    if not term["level"]:
        return short(term["column"], 42)
    return short(f"{term['column']}: {term['level']} against {term['reference']}", 46)


def _interval(plot: Axes, term: Mapping[str, Any], row: int) -> None:
    low, high = (float(np.clip(term[name], *EDGES)) for name in ("low", "high"))
    plot.plot([low, high], [row, row], color=colour(0), linewidth=1)
    for end, was, mark in ((low, term["low"], "<"), (high, term["high"], ">")):
        plot.plot([end], [row], mark if end != was else "|", color=colour(0), ms=3.5, mew=0.9)
    if EDGES[0] < term["hazard_ratio"] < EDGES[1]:
        plot.plot([term["hazard_ratio"]], [row], "s", color=colour(0), ms=4)
