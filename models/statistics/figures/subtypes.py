"""Figures of subtypes: heat map with clinical bars, consensus matrices, what speaks for each k, ICC."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from scipy.cluster.hierarchy import dendrogram

from models.statistics.figures.style import (
    COLUMN_MM,
    GREY,
    PAGE_MM,
    PALE,
    bare,
    colour,
    dash,
    p_text,
    sheet,
    short,
)

BARS = 8
"""Clinical columns beside a heat map, the most strongly associated first."""
CATEGORIES = 6
"""Of a clinical bar's legend; more are drawn and not named."""
NAMED_UP_TO = 60
"""Features whose names are written under a heat map."""
Draw = Callable[[], Figure]
Grey = npt.NDArray[np.float64]


def subtype_figures(result: Mapping[str, Any]) -> dict[str, Draw]:
    """Drawings of a result of subtypes by name."""
    found: dict[str, Draw] = {
        "heat-map": partial(heat_map, result),
        "consensus-matrices": partial(consensus_matrices, result),
        "consensus-cdf": partial(consensus_cdf, result),
        "number-of-clusters": partial(number_of_clusters, result),
        "silhouette": partial(silhouette, result),
    }
    if any(one["icc"] is not None for one in result["features"]["used"]):
        found["icc"] = partial(icc, result)
    return found


def verdict(result: Mapping[str, Any]) -> str:
    """What the figure's reader must know first."""
    k, p = result["k"], p_text(result["significance"]["p"])
    return (
        f"{k} subtypes ({p})" if result["clusters_found"] else f"no significant clusters (best k = {k}, {p})"
    )


def clusters_of(result: Mapping[str, Any]) -> dict[str, int]:
    """Cluster of each clustered patient."""
    return {one["patient"]: one["candidate"] for one in result["patients"] if one["role"] == "train"}


def heat_map(result: Mapping[str, Any]) -> Figure:
    """Patients in columns by consensus, features in rows by correlation, bars of subtype and clinic above."""
    drawn, bars = result["heat_map"], _bars(result)
    figure = sheet(PAGE_MM, 118 + 4 * len(bars), 0.012, 0)
    heights = [11, *[3.4] * len(bars), 80]
    grid = figure.add_gridspec(len(heights), 3, height_ratios=heights, width_ratios=[9, 100, 2.2])
    _tree(figure.add_subplot(grid[0, 1]), drawn["row_tree"], "top")
    for row, (name, colours) in enumerate(bars, 1):
        axes = figure.add_subplot(grid[row, 1])
        axes.imshow(colours[None], aspect="auto", interpolation="nearest")
        bare(axes)
        axes.set_ylabel(short(name, 24), rotation=0, ha="right", va="center", fontsize=6.5)
    axes = figure.add_subplot(grid[-1, 1])
    limit = drawn["limit"]
    shown = axes.imshow(
        np.array(drawn["values"]).T,
        aspect="auto",
        interpolation="nearest",
        cmap="RdBu_r",
        vmin=-limit,
        vmax=limit,
    )
    bare(axes)
    _name_features(axes, drawn["columns"])
    axes.set_xlabel(f"{len(drawn['rows'])} patients: {verdict(result)}")
    _tree(figure.add_subplot(grid[-1, 0]), drawn["column_tree"], "left")
    scale = figure.colorbar(shown, cax=figure.add_subplot(grid[-1, 2]), ticks=[-limit, 0, limit])
    scale.set_label("scaled value", fontsize=6.5)
    scale.outline.set_linewidth(0.4)
    figure.legend(
        handles=_legend(result, [name for name, _ in bars]), loc="outside lower center", ncols=6, fontsize=6,
        handlelength=1, columnspacing=1.2,
    )  # fmt: skip
    return figure


def _name_features(axes: Axes, names: Sequence[str]) -> None:
    if len(names) > NAMED_UP_TO:
        axes.set_ylabel(f"{len(names)} features", labelpad=14)
    else:
        size = min(5.5, 230 / len(names))
        axes.set_yticks(range(len(names)), [short(name, 40) for name in names], fontsize=size)
        axes.tick_params(axis="y", length=0)


def _tree(axes: Axes, tree: Sequence[Sequence[float]], side: str) -> None:
    found = dendrogram(np.array(tree, float), no_plot=True)
    for along, height in zip(found["icoord"], found["dcoord"], strict=True):
        pair = (along, height) if side == "top" else (height, along)
        axes.plot(*pair, color=GREY, linewidth=0.35, solid_joinstyle="miter")
    leaves, high = 10 * (len(tree) + 1), max(row[2] for row in tree) * 1.03
    if side == "top":
        axes.set(xlim=(0, leaves), ylim=(0, high))
    else:
        axes.set(ylim=(leaves, 0), xlim=(high, 0))
    bare(axes)


def _columns(result: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The clinical columns that are drawn, the most strongly associated first."""
    ps = {one["column"]: one["p"] for one in result["clinical"] if one["p"] is not None}
    annotations = result["heat_map"]["annotations"]
    return sorted(annotations, key=lambda one: ps.get(one["column"], 2.0))[:BARS]


def _bars(result: Mapping[str, Any]) -> list[tuple[str, Grey]]:
    order, clusters = result["heat_map"]["rows"], clusters_of(result)
    own = "subtype" if result["clusters_found"] else "candidate cluster"
    bars = [(own, np.array([to_rgb(colour(clusters[name] - 1)) for name in order]))]
    for one in _columns(result):
        values = [one["values"][name] for name in order]
        bars.append(
            (one["column"], _category_colours(values) if one["kind"] == "category" else _shades(values))
        )
    return bars


def _category_colours(values: Sequence[str | None]) -> Grey:
    names = _names(values)
    tints = colormaps["tab20b" if len(names) > 8 else "Set2"]
    return np.array([to_rgb(PALE) if v is None else tints(names.index(v))[:3] for v in values])


def _names(values: Sequence[Any]) -> list[str]:
    return sorted({one for one in values if one is not None})


def _range(values: Sequence[Any]) -> tuple[float, float]:
    known = [float(one) for one in values if one is not None]
    return (min(known), max(known)) if known else (0.0, 0.0)


def _shades(values: Sequence[float | None]) -> Grey:
    low, high = _range(values)
    span = (high - low) or 1.0
    tints = colormaps["cividis"]
    return np.array([to_rgb(PALE) if v is None else tints((float(v) - low) / span)[:3] for v in values])


def _legend(result: Mapping[str, Any], drawn: Sequence[str]) -> list[Patch]:
    handles = [
        Patch(color=colour(one["cluster"] - 1), label=f"{drawn[0]} {one['cluster']} (n = {one['size']})")
        for one in result["clusters"]
    ]
    for one in _columns(result):
        values, name = list(one["values"].values()), short(one["column"], 16)
        if one["kind"] == "category":
            known = _names(values)
            tints = colormaps["tab20b" if len(known) > 8 else "Set2"]
            handles += [
                Patch(color=tints(i), label=f"{name}: {short(text, 14)}")
                for i, text in enumerate(known[:CATEGORIES])
            ]
        else:
            low, high = _range(values)
            ends = ((0.0, low), (1.0, high))
            handles += [Patch(color=colormaps["cividis"](at), label=f"{name}: {v:g}") for at, v in ends]
    if any(value is None for one in _columns(result) for value in one["values"].values()):
        handles.append(Patch(color=PALE, label="not known"))
    return handles


def consensus_matrices(result: Mapping[str, Any]) -> Figure:
    """The consensus matrix of each k, every one in the order of the heat map."""
    place = {one["patient"]: i for i, one in enumerate(result["patients"])}
    order = [place[name] for name in result["heat_map"]["rows"]]
    matrices = result["matrices"]
    across = min(3 if len(matrices) in (5, 6) else 4, len(matrices))
    down = -(-len(matrices) // across)
    figure = sheet(
        PAGE_MM if across > 1 else COLUMN_MM, (55 if across == 3 else 43) * down + 4 if across > 1 else 84
    )
    panels = figure.subplots(down, across, squeeze=False).ravel()
    pacs = {one["k"]: one["pac"] for one in result["by_k"]}
    for axes, one in zip(panels, matrices, strict=False):
        shown = axes.imshow(_square(one["percent"])[np.ix_(order, order)], cmap="Blues", vmin=0, vmax=1)
        bare(axes)
        chosen = " (chosen)" if one["k"] == result["k"] else ""
        axes.set_title(f"k = {one['k']}{chosen}, PAC {pacs[one['k']]:.2f}")
    for axes in panels[len(matrices) :]:
        axes.set_visible(False)
    scale = figure.colorbar(shown, ax=list(panels[: len(matrices)]), shrink=0.5, aspect=25, ticks=[0, 0.5, 1])
    scale.set_label("consensus", fontsize=6.5)
    scale.outline.set_linewidth(0.4)
    return figure


def _square(percent: Sequence[Sequence[int]]) -> Grey:
    matrix = np.zeros((len(percent), len(percent)))
    for i, row in enumerate(percent):
        matrix[i, : i + 1] = matrix[: i + 1, i] = np.array(row) / 100
    return matrix


def consensus_cdf(result: Mapping[str, Any]) -> Figure:
    """Cumulative distribution of consensus for each k; between the dotted lines it is ambiguous (PAC)."""
    figure = sheet(COLUMN_MM, 64)
    plot = figure.subplots()
    tints = colormaps["viridis_r"](np.linspace(0.15, 1, len(result["by_k"])))
    for index, (one, tint) in enumerate(zip(result["by_k"], tints, strict=True)):
        chosen = one["k"] == result["k"]
        plot.step(
            result["cdf_points"], one["cdf"], where="post", color=tint, label=f"k = {one['k']}",
            linewidth=2 if chosen else 0.9, linestyle="-" if chosen else dash(index % 3 + 1),
        )  # fmt: skip
    for edge in ("pac_low", "pac_high"):
        plot.axvline(result["config"][edge], color=GREY, linewidth=0.6, linestyle=":")
    plot.set(xlim=(0, 1), ylim=(0, 1.01), xlabel="Consensus", ylabel="Share of pairs of patients")
    plot.legend(loc="lower right", title=f"chosen: k = {result['k']}", title_fontsize=6.5, ncols=2)
    return figure


def number_of_clusters(result: Mapping[str, Any]) -> Figure:
    """PAC, silhouette, delta area and the gap to one Gaussian, each against k."""
    figure = sheet(PAGE_MM, 52)
    panels = figure.subplots(1, 4)
    rows, ks = result["by_k"], [one["k"] for one in result["by_k"]]
    series = (
        ("PAC", [one["pac"] for one in rows]),
        ("Mean silhouette", [one["silhouette"] for one in rows]),
        ("Delta area", [one["delta_area"] for one in rows]),
        ("Gap to one Gaussian (z)", [one["gap"]["z"] for one in rows]),
    )
    for axes, (name, values) in zip(panels, series, strict=True):
        axes.axvline(result["k"], color=PALE, linewidth=5, zorder=0)
        axes.plot(ks, values, "o-", color=colour(0), ms=3)
        axes.set(xlabel="k", title=name)
        axes.set_xticks(ks)
    expected = [one["expected_pac"] for one in rows]
    panels[0].plot(ks, expected, "s", color=GREY, ms=2.5, linestyle=dash(1), label="one Gaussian")
    panels[0].set_ylim(bottom=0)
    panels[0].legend(loc="best")
    panels[3].axhline(0, color=GREY, linewidth=0.6, linestyle=dash(1))
    figure.supxlabel(verdict(result), fontsize=7)
    return figure


def silhouette(result: Mapping[str, Any]) -> Figure:
    """Silhouette width of every clustered patient, by cluster."""
    figure = sheet(COLUMN_MM, 66)
    plot = figure.subplots()
    row = 0
    for one in result["clusters"]:
        widths = sorted(
            (
                p["silhouette"]
                for p in result["patients"]
                if p["role"] == "train" and p["candidate"] == one["cluster"]
            ),
            reverse=True,
        )
        rows = np.arange(row, row + len(widths))
        plot.barh(rows, widths, height=1.0, color=colour(one["cluster"] - 1), linewidth=0)
        stable = f"{one['cluster']} (n = {one['size']})\nJaccard {one['jaccard']:.2f}"
        plot.text(
            -0.02,
            rows.mean(),
            stable,
            transform=plot.get_yaxis_transform(),
            ha="right",
            va="center",
            fontsize=6.5,
        )
        row += len(widths) + 3
    plot.invert_yaxis()
    plot.set_yticks([])
    plot.spines["left"].set_visible(False)
    plot.axvline(0, color=GREY, linewidth=0.6)
    plot.set_xlabel("Silhouette width")
    plot.set_title(verdict(result))
    return figure


def icc(result: Mapping[str, Any]) -> Figure:
    """ICC of the features that are known, sorted; those below the minimum were left out."""
    used = [one["icc"] for one in result["features"]["used"] if one["icc"] is not None]
    low = [one["value"] for one in result["features"]["left_out"] if one["slug"] == "icc-low"]
    values = sorted(used + low)
    figure = sheet(COLUMN_MM, 56)
    plot = figure.subplots()
    minimum = result["config"]["icc_minimum"]
    tints = [colour(1) if minimum is not None and one < minimum else colour(0) for one in values]
    plot.bar(np.arange(len(values)), values, width=1.0, color=tints, linewidth=0)
    if minimum is not None:
        plot.axhline(minimum, color=GREY, linewidth=0.7, linestyle=dash(1))
        plot.text(0, minimum, f" minimum {minimum:g}", fontsize=6.5, va="bottom")
    plot.set(xlim=(-0.5, len(values) - 0.5), ylim=(min(0, *values), 1.0), ylabel="ICC")
    plot.set_xlabel(f"Features: {len(used)} reproducible enough, {len(low)} left out")
    plot.set_xticks([])
    return figure
