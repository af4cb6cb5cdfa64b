"""Solver `cp`: a map of few outer products, each factor with a fused lasso, by alternating proximal steps.

Loss + penalty · Σ over components and axes of (l1 + total variation of the factor); Zhou, Li and Zhu (JASA
2013;108:540) with generalized fused lasso.  With the factors of two axes held, the third is a convex problem
of few unknowns, for which some primal-dual steps are done.  The whole is not convex: several starts, the best
objective is kept.  An empty map is always stationary, so a path begins at its lowest penalty.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from models.dose_maps.convex import Fit
from models.dose_maps.design import Design
from models.dose_maps.losses import Batch, linear, null_fit

FIRST_CYCLES, NEXT_CYCLES, INNER_STEPS = 16, 8, 20
"""Rounds over the three axes from a start and from a neighbouring penalty; steps an axis."""
SMALL = 1e-9


@dataclass
class _State:
    factors: list[Tensor]
    """Of each axis (b, rank, length)."""
    duals: list[Tensor]
    """Of each axis (b, rank, length - 1)."""
    terms: Tensor

    def rows(self, places: Tensor) -> _State:
        return _State([f[places] for f in self.factors], [d[places] for d in self.duals], self.terms[places])


@dataclass
class LowRank:
    """The solver of a design and a rank."""

    design: Design
    rank: int
    l1_share: float
    restarts: int
    seed: int
    look: Callable[[], None]

    def highest(self, batch: Batch) -> Tensor:
        """(b,) the penalty at which the best single outer product costs what it gains."""
        factors, size, gain = self._leading(batch)
        costs = torch.stack([self._penalties(one)[:, 0] for one in factors]).prod(0) ** (1 / 3)
        return gain / (3 * costs * size.clamp_min(SMALL) ** (1 / 3)).clamp_min(SMALL)

    def path(self, batch: Batch, fractions: Sequence[float]) -> list[Fit]:
        """Fits at falling fractions of each problem's highest penalty, worked out from the lowest on."""
        highest, fits, state = self.highest(batch), [], None
        for fraction in reversed(fractions):
            state = self._state(batch, fraction * highest, state)
            fits.append(self._fit(batch, state))
        return fits[::-1]

    def fit(self, batch: Batch, penalty: Tensor) -> Fit:
        """Fits at these penalties (b,)."""
        return self._fit(batch, self._state(batch, penalty, None))

    def _state(self, batch: Batch, penalty: Tensor, before: _State | None) -> _State:
        if before is not None:
            return self._cycled(batch, penalty, before, NEXT_CYCLES)
        many, costs = batch.repeated(self.restarts), penalty.repeat_interleave(self.restarts)
        state = self._cycled(many, costs, self._start(batch), FIRST_CYCLES)
        objective = self._objective(many, costs, state).reshape(len(batch), self.restarts)
        best = torch.arange(len(batch), device=objective.device) * self.restarts + objective.argmin(1)
        return state.rows(best)

    def _start(self, batch: Batch) -> _State:
        """The leading outer product of the slope, and chance; of the first start little chance."""
        leading, size, _ = self._leading(batch)
        chance = torch.Generator().manual_seed(self.seed)
        noise = torch.tensor([0.1] + [1.0] * (self.restarts - 1)).repeat(len(batch))
        factors, duals = [], []
        for one in leading:
            length = one.shape[2]
            drawn = torch.randn(len(noise), self.rank, length, generator=chance) * noise[:, None, None]
            drawn = drawn.to(one) / length**0.5
            drawn[:, :1] += one.repeat_interleave(self.restarts, 0)
            scale = size.clamp_min(SMALL).repeat_interleave(self.restarts) ** (1 / 3)
            factors.append(drawn * scale[:, None, None])
            duals.append(torch.zeros_like(drawn[..., 1:]))
        return _State(factors, duals, null_fit(batch).repeat_interleave(self.restarts, 0))

    def _leading(self, batch: Batch) -> tuple[list[Tensor], Tensor, Tensor]:
        """Unit factors (b, 1, length) of the slope's leading outer product, its best size and gain (b,)."""
        eta = linear(batch.terms, null_fit(batch))
        slope = -(batch.loss(eta)[1] @ self.design.doses).reshape(-1, *self.design.shape)
        slope = slope * self.design.mask
        k, j = slope.mean((2, 3)), slope.mean((1, 3))
        i = torch.einsum("bkji,bk,bj->bi", slope, k, j)
        for _ in range(10):
            k = _unit(torch.einsum("bkji,bj,bi->bk", slope, j, i))
            j = _unit(torch.einsum("bkji,bk,bi->bj", slope, k, i))
            i = _unit(torch.einsum("bkji,bk,bj->bi", slope, k, j))
        steep = torch.einsum("bkji,bk,bj,bi->b", slope, k, j, i)
        along = torch.einsum("nkji,bk,bj,bi->bn", self._doses(), k, j, i)
        bend = batch.curvature(eta) * along.square().mean(1)
        size = steep / bend.clamp_min(SMALL)
        return [k[:, None], j[:, None], i[:, None]], size, steep * size / 2

    def _doses(self) -> Tensor:
        return self.design.doses.reshape(-1, *self.design.shape)

    def _cycled(self, batch: Batch, penalty: Tensor, state: _State, cycles: int) -> _State:
        for _ in range(cycles):
            self.look()
            for axis in range(3):
                self._improve(batch, penalty, state, axis)
            self._balance(state)
        return state

    def _improve(self, batch: Batch, penalty: Tensor, state: _State, axis: int) -> None:
        """Primal-dual steps (Condat 2013) on the factor of one axis and the clinical terms."""
        one, other = (state.factors[n] for n in range(3) if n != axis)
        doses = self._doses().movedim(axis + 1, 1)
        seen = torch.einsum("nxyz,bry,brz->bnrx", doses, one, other)
        flat = seen.flatten(2)
        gram = flat @ flat.transpose(1, 2) / flat.shape[1]
        factor, dual, terms = state.factors[axis], state.duals[axis], state.terms
        bound = (penalty * (1 - self.l1_share))[:, None, None]
        for _ in range(INNER_STEPS):
            eta = torch.einsum("bnx,bx->bn", flat, factor.flatten(1)) + linear(batch.terms, terms)
            curve = batch.curvature(eta) * 1.1
            steep = curve * gram.square().sum((1, 2)).sqrt().clamp_min(SMALL)
            slope = batch.loss(eta)[1]
            up, down = (steep / 8)[:, None, None], (1 / steep)[:, None, None]
            target = factor - down * (torch.einsum("bn,bnra->bra", slope, seen) + _transposed(dual))
            cut = down * (penalty * self.l1_share)[:, None, None]
            found = target - torch.clamp(target, -cut, cut)
            dual = torch.clamp(dual + up * (2 * found - factor).diff(dim=2), -bound, bound)
            terms = terms - torch.einsum("bn,bnc->bc", slope, batch.terms) / curve[:, None] / 2
            factor = found
        state.factors[axis], state.duals[axis], state.terms = factor, dual, terms

    def _balance(self, state: _State) -> None:
        """Scale the factors of a component so that each costs the same: the map stays, the penalty falls."""
        costs = torch.stack([self._penalties(one) for one in state.factors])
        alive = (costs > SMALL).all(0)
        even = costs.clamp_min(SMALL).prod(0) ** (1 / 3)
        for axis, factor in enumerate(state.factors):
            scale = torch.where(alive, even / costs[axis].clamp_min(SMALL), torch.zeros_like(even))
            state.factors[axis] = factor * scale[..., None]

    def _penalties(self, factor: Tensor) -> Tensor:
        """(b, rank)."""
        across = factor.diff(dim=2).abs().sum(2)
        return self.l1_share * factor.abs().sum(2) + (1 - self.l1_share) * across

    def _objective(self, batch: Batch, penalty: Tensor, state: _State) -> Tensor:
        costs = torch.stack([self._penalties(one).sum(1) for one in state.factors]).sum(0)
        return batch.loss(self._fit(batch, state).eta)[0] + penalty * costs

    def _fit(self, batch: Batch, state: _State) -> Fit:
        maps = torch.einsum("brk,brj,bri->bkji", *state.factors) * self.design.mask
        flat = maps.flatten(1)
        return Fit(flat, state.terms, flat @ self.design.doses.T + linear(batch.terms, state.terms))


def _unit(vectors: Tensor) -> Tensor:
    length: Tensor = vectors.norm(dim=1, keepdim=True)
    return vectors / length.clamp_min(SMALL)


def _transposed(duals: Tensor) -> Tensor:
    """The transpose of differences along the last axis."""
    return torch.nn.functional.pad(duals, (1, 0)) - torch.nn.functional.pad(duals, (0, 1))
