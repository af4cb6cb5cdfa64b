"""Junior against senior readers: each level alone, and the levels against each other."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from models.statistics.readers.anova import analyses, tested
from models.statistics.readers.crossed import Array, Crossed
from models.statistics.readers.errors import NoVariation

LEVELS = ("junior", "senior")


def within(read: Crossed, theta: Array, covariance: Array, level: float) -> list[dict[str, Any]]:
    """The conditions compared among the readers of each level alone.

    `{level, readers, generalise, first, second, value_first, value_second, value, low, high, p}`; one reader
    alone is no sample of readers, so that cases alone are generalised to.
    """
    t, r = theta.shape
    out = []
    for name in LEVELS:
        members = [index for index, one in enumerate(read.readers) if one.level == name]
        if not members:
            continue
        cube = covariance.reshape(t, r, t, r)[:, members][:, :, :, members]
        size = t * len(members)
        found = analyses(theta[:, members], cube.reshape(size, size), level)
        way = "readers-and-cases" if len(members) > 1 else "cases"
        means = theta[:, members].mean(axis=1)
        for one in found[way]["differences"]:
            first, second = one["first"], one["second"]
            out.append(
                {"level": name, "readers": len(members), "generalise": way}
                | {"first": read.conditions[first], "second": read.conditions[second]}
                | {"value_first": float(means[first]), "value_second": float(means[second])}
                | {key: one[key] for key in ("value", "low", "high", "p")}
            )
    return out


def between(read: Crossed, theta: Array, level: float) -> list[dict[str, Any]]:
    """Seniors minus juniors: in each condition, and in what the other conditions change.

    A pooled t test over readers: what all readers owe to the same cases is in both levels and falls out, so
    that readers alone are the error (r - 2 degrees of freedom).  [] without two of each level.
    `{of: "condition" | "change", first, second: null | name, junior, senior, value, low, high, p, df}`.
    """
    groups = [
        theta[:, [index for index, one in enumerate(read.readers) if one.level == name]] for name in LEVELS
    ]
    if min(group.shape[1] for group in groups) < 2:
        return []
    names = read.conditions
    asked: list[tuple[str, str, str | None, list[Array]]] = [
        ("condition", name, None, [group[t] for group in groups]) for t, name in enumerate(names)
    ]
    asked += [
        ("change", names[i], names[j], [group[j] - group[i] for group in groups])
        for i in range(len(names))
        for j in range(i + 1, len(names))
    ]
    out = []
    for of, first, second, (junior, senior) in asked:
        said: dict[str, Any] = {"of": of, "first": first, "second": second}
        said |= {"junior": float(junior.mean()), "senior": float(senior.mean())}
        try:
            out.append(said | _pooled(junior, senior, level))
        except NoVariation:
            out.append(said | {"value": float(senior.mean() - junior.mean()), "p": None})
    return out


def _pooled(junior: Array, senior: Array, level: float) -> dict[str, Any]:
    df = junior.size + senior.size - 2
    squares = ((junior - junior.mean()) ** 2).sum() + ((senior - senior.mean()) ** 2).sum()
    error = math.sqrt(float(squares) / df * (1 / junior.size + 1 / senior.size))
    return tested(float(np.mean(senior) - np.mean(junior)), error, df, level)
