"""The penalty of a map: l1 and total variation over the 6-neighbours within the organ, and its proximal map.

The proximal map of l1 and total variation together is that of total variation, then soft thresholding
(Friedman et al., Ann Appl Stat 2007;1:302).  Total variation is solved in its dual by accelerated projected
gradients (Beck and Teboulle, IEEE Trans Image Process 2009;18:2419), started from the dual of the last call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

Duals = tuple[Tensor, Tensor, Tensor]
"""A value an edge along k, j, i: (b, K-1, J, I), (b, K, J-1, I), (b, K, J, I-1)."""


@dataclass
class Graph:
    """Edges of an organ, and the share of l1 in the penalty."""

    mask: Tensor
    """(k, j, i), of the maps' type: 1 inside."""
    edges: Duals
    """1 where both ends lie inside, shape (1, …)."""
    l1_share: float

    @classmethod
    def of(cls, mask: Tensor, l1_share: float, dtype: torch.dtype) -> Self:
        """The graph of a mask (k, j, i)."""
        m = mask[None]
        k, j, i = m[:, 1:] & m[:, :-1], m[:, :, 1:] & m[:, :, :-1], m[..., 1:] & m[..., :-1]
        return cls(mask.to(dtype), (k.to(dtype), j.to(dtype), i.to(dtype)), l1_share)

    @property
    def degree(self) -> int:
        """Twice the axes that have edges: the most neighbours of a voxel."""
        return 2 * max(1, sum(bool(one.any()) for one in self.edges))

    def start(self, b: int) -> Duals:
        """Duals of 0 for b maps."""
        k, j, i = (torch.zeros(b, *one.shape[1:], dtype=one.dtype, device=one.device) for one in self.edges)
        return k, j, i

    def penalty(self, maps: Tensor) -> Tensor:
        """(b,) of maps (b, k, j, i)."""
        within = maps.abs().sum((1, 2, 3))
        steps = zip(differences(maps), self.edges, strict=True)
        across = sum((own * edge).abs().sum((1, 2, 3)) for own, edge in steps)
        return self.l1_share * within + (1 - self.l1_share) * across

    def smooth(self, target: Tensor, weight: Tensor, duals: Duals, steps: int) -> tuple[Tensor, Duals]:
        """Argmin of ½‖x - target‖² + weight (1 - l1_share) TV(x), after so many steps, and its duals."""
        rate = torch.full_like(weight, 1 / (2 * self.degree))
        previous, ahead, found = duals, duals, duals
        for step in range(steps):
            found = self.raised(ahead, target - transposed(ahead), rate, weight)
            pace = step / (step + 3)
            k, j, i = (torch.lerp(p, f, 1 + pace) for p, f in zip(previous, found, strict=True))
            previous, ahead = found, (k, j, i)
        return target - transposed(found), found

    def raised(self, duals: Duals, maps: Tensor, rate: Tensor, weight: Tensor) -> Duals:
        """Duals after a projected step along the differences of maps (b, k, j, i), rates and weights (b,)."""
        r = rate.reshape(-1, 1, 1, 1)
        bound = (weight * (1 - self.l1_share)).reshape(-1, 1, 1, 1)
        steps = zip(duals, differences(maps), self.edges, strict=True)
        moved = (torch.addcmul(own, r, step).clamp_(-bound, bound).mul_(edge) for own, step, edge in steps)
        k, j, i = moved
        return k, j, i

    def shrunk(self, maps: Tensor, weight: Tensor) -> Tensor:
        """Maps (b, k, j, i) soft-thresholded by the l1 share of weights (b,), 0 outside the organ."""
        cut = (weight * self.l1_share).reshape(-1, 1, 1, 1)
        return (maps - torch.clamp(maps, -cut, cut)) * self.mask

    def proximal(self, target: Tensor, weight: Tensor, duals: Duals, steps: int) -> tuple[Tensor, Duals]:
        """Argmin of ½‖x - target‖² + weight · penalty(x) for maps (b, k, j, i) and weights (b,)."""
        smoothed, duals = self.smooth(target, weight, duals, steps)
        return self.shrunk(smoothed, weight), duals

    def least_empty(self, slopes: Tensor, rounds: int = 12, steps: int = 40) -> Tensor:
        """(b,) the least weight whose proximal map of `slopes` (b, k, j, i) is 0, to a few percent.

        It is the penalty from which on no map is better than an empty one.
        """
        high = slopes.abs().amax((1, 2, 3)).clamp_min(1e-12) / self.l1_share
        low, duals = high * self.l1_share * 1e-2, self.start(len(slopes))
        for _ in range(rounds):
            middle = (low * high).sqrt()
            left, duals = self.smooth(slopes, middle, duals, steps)
            empty = (left * self.mask).abs().amax((1, 2, 3)) <= middle * self.l1_share
            high, low = torch.where(empty, middle, high), torch.where(empty, low, middle)
        return high


def differences(maps: Tensor) -> Duals:
    """Of maps (b, k, j, i) along each axis."""
    return (
        maps[:, 1:] - maps[:, :-1],
        maps[:, :, 1:] - maps[:, :, :-1],
        maps[..., 1:] - maps[..., :-1],
    )


def transposed(duals: Duals) -> Tensor:
    """The transpose of `differences`: maps (b, k, j, i)."""
    k, j, i = duals
    out = torch.zeros(i.shape[0], i.shape[1], i.shape[2], k.shape[3], dtype=k.dtype, device=k.device)
    out[:, 1:] += k
    out[:, :-1] -= k
    out[:, :, 1:] += j
    out[:, :, :-1] -= j
    out[..., 1:] += i
    out[..., :-1] -= i
    return out
