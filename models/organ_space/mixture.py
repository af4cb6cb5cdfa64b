"""The expectation step of coherent point drift: which fixed point belongs to which moving one.

Every moved point is the middle of a Gaussian of one deviation, and a uniform part takes the outliers
(Myronenko and Song, 2010, doi:10.1109/TPAMI.2010.46).  This step takes all the time of the plain algorithm.
Here each fixed point looks at its nearest moved points only (k-d tree), and while the Gaussians are wide
only at as many points of both sets as resolve them: first parts of their farthest-point order.  Few points
are taken pair by pair in float32; so are all of them on a device of torch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from scipy.spatial import cKDTree

from rt.geometry import FloatArray

ALL_PAIRS = 400_000
"""Up to so many pairs all are taken."""
NEAREST = 32
"""Moved points at which a fixed point looks: with one point per deviation, those within 3 deviations."""
BLOCK = 2048
"""Fixed points at a time on a device of torch."""


@dataclass(frozen=True)
class Expected:
    """What the maximisation needs of the posterior probabilities."""

    weight: FloatArray
    """(m): expected number of fixed points of each moved one."""
    drawn: FloatArray
    """(m, 3): the sum of them, weighted."""
    belonging: FloatArray
    """(n): the probability of each fixed point not to be an outlier."""
    squares: float
    """Sum of squared distances, weighted."""


@dataclass(frozen=True)
class Gaussians:
    """The mixture."""

    variance: float
    """mm²."""
    outliers: float
    shrink: FloatArray | None = None
    """(m): factor of each moved point by the uncertainty of its displacement; None: 1."""

    def floor(self, moved: int, fixed: int) -> float:
        """The uniform part beside the sum of Gaussians."""
        share = self.outliers / (1 - self.outliers)
        return float((2 * math.pi * self.variance) ** 1.5 * share * moved / fixed)


def expected(moved: FloatArray, fixed: FloatArray, mixture: Gaussians, device: str = "cpu") -> Expected:
    """The posterior of moved points (m, 3) and fixed ones (n, 3), both in mm."""
    if device != "cpu":
        return _on_device(moved, fixed, mixture, device)
    if len(moved) * len(fixed) <= ALL_PAIRS:
        return _all_pairs(moved, fixed, mixture)
    return _nearest(moved, fixed, mixture)


def _all_pairs(moved: FloatArray, fixed: FloatArray, mixture: Gaussians) -> Expected:
    centre = fixed.mean(axis=0)
    a, b = ((one - centre).astype(np.float32) for one in (moved, fixed))
    squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1)[None, :] - 2 * (a @ b.T)
    np.maximum(squares, 0, out=squares)
    share = np.exp(squares / np.float32(-2 * mixture.variance))
    if mixture.shrink is not None:
        share *= mixture.shrink.astype(np.float32)[:, None]
    total = share.sum(axis=0)
    share /= np.maximum(total + np.float32(mixture.floor(len(moved), len(fixed))), np.float32(1e-30))
    weight = share.sum(axis=1).astype(np.float64)
    drawn = (share @ b).astype(np.float64) + weight[:, None] * centre
    return Expected(weight, drawn, share.sum(axis=0).astype(np.float64), float(np.vdot(share, squares)))


def _nearest(moved: FloatArray, fixed: FloatArray, mixture: Gaussians) -> Expected:
    distance, at = cKDTree(moved).query(fixed, k=min(NEAREST, len(moved)), workers=-1)
    squares = distance**2
    share = np.exp(squares / (-2 * mixture.variance))
    if mixture.shrink is not None:
        share *= mixture.shrink[at]
    share /= np.maximum(share.sum(axis=1) + mixture.floor(len(moved), len(fixed)), 1e-300)[:, None]
    sums = [share, *(share * fixed[:, axis, None] for axis in range(3))]
    counted = [np.bincount(at.ravel(), one.ravel(), minlength=len(moved)).astype(np.float64) for one in sums]
    weight, drawn = counted[0], np.stack(counted[1:], axis=1)
    return Expected(weight, drawn, share.sum(axis=1), float((share * squares).sum()))


def _on_device(moved: FloatArray, fixed: FloatArray, mixture: Gaussians, device: str) -> Expected:
    centre = fixed.mean(axis=0)
    a, b = (torch.as_tensor(one - centre, dtype=torch.float32, device=device) for one in (moved, fixed))
    shrink = torch.ones(len(moved), device=device)
    if mixture.shrink is not None:
        shrink = torch.as_tensor(mixture.shrink, dtype=torch.float32, device=device)
    floor = max(mixture.floor(len(moved), len(fixed)), 1e-30)
    weight, drawn = torch.zeros(len(moved), device=device), torch.zeros(len(moved), 3, device=device)
    belonging, squares = [], 0.0
    for start in range(0, len(fixed), BLOCK):
        part = b[start : start + BLOCK]
        apart = torch.cdist(a, part, compute_mode="donot_use_mm_for_euclid_dist") ** 2
        share = torch.exp(apart / (-2 * mixture.variance)) * shrink[:, None]
        share = share / (share.sum(dim=0) + floor)
        weight += share.sum(dim=1)
        drawn += share @ part
        belonging.append(share.sum(dim=0))
        squares += float((share * apart).sum())
    total = _double(weight)
    return Expected(total, _double(drawn) + total[:, None] * centre, _double(torch.cat(belonging)), squares)


def _double(values: torch.Tensor) -> npt.NDArray[np.float64]:
    return values.cpu().numpy().astype(np.float64)
