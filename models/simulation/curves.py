"""Learning curves of simulated corrections, and the area under them with intervals over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rt.statistics import mean_interval


def area(sizes: Sequence[int], dice: Sequence[float]) -> float:
    """Mean height of the curve between the first and the last size, by the trapezoidal rule."""
    return float(np.trapezoid(dice, sizes) / (sizes[-1] - sizes[0]))


def learning_curves(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Of seeds that are complete: Dice at each size, areas, and gain minus random seed by seed.

    Below three seeds an interval says nothing and is (-1, 1) (`mean_interval`).
    """
    curves: dict[tuple[int, str], dict[int, float]] = {}
    for row in rows:
        if row["strategy"] != "start":
            curves.setdefault((row["seed"], row["strategy"]), {})[row["n"]] = row["dice"]
    sizes = sorted({n for curve in curves.values() for n in curve})
    seeds = sorted({seed for seed, _ in curves})
    whole = [
        s for s in seeds if all(sorted(curves.get((s, name), {})) == sizes for name in ("random", "gain"))
    ]
    found: dict[str, Any] = {"seeds": whole, "sizes": sizes, "start": _start(rows, whole), "strategies": {}}
    areas: dict[str, Any] = {}
    for name in ("random", "gain"):
        lines = [[curves[s, name][n] for n in sizes] for s in whole]
        areas[name] = np.array([area(sizes, line) for line in lines])
        found["strategies"][name] = {
            "dice": {n: _summary(np.array([line[i] for line in lines])) for i, n in enumerate(sizes)},
            "area": _summary(areas[name]),
        }
    found["gain_minus_random"] = _summary(areas["gain"] - areas["random"])
    return found


def _start(rows: Sequence[dict[str, Any]], seeds: Sequence[int]) -> dict[str, Any]:
    return _summary(np.array([r["dice"] for r in rows if r["strategy"] == "start" and r["seed"] in seeds]))


def _summary(values: Any) -> dict[str, Any]:
    if len(values) == 0:
        return {}
    low, high = mean_interval(values)
    return {"mean": float(values.mean()), "low": low, "high": high, "values": values.tolist()}
