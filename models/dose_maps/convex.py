"""Solver `tv`: loss + penalty · (l1 + graph total variation), convex, for many problems at once.

The primal-dual splitting of Condat (J Optim Theory Appl 2013;158:460) and Vũ: a gradient step on the loss,
soft thresholding, one step of total variation's duals.  No proximal map is solved within an iteration, so
nothing is inexact; fits along a path begin at the map and the duals of the last.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from models.dose_maps.design import Design
from models.dose_maps.graph import Duals, Graph, transposed
from models.dose_maps.losses import Batch, linear, null_fit

DUAL_SHARE = 0.8
"""Of the step length's budget: more lets the duals move faster and the map slower."""
LOOK_EVERY = 20
"""Iterations between looks whether all problems have come to rest and whether the caller wants no more."""
START_STEPS = 100
"""Of the duals before the first iteration."""
ROOM = 1.1
"""By how much a curvature may grow until the next look, of Cox's loss."""


@dataclass(frozen=True)
class Fit:
    """Maps of problems in the solver's units."""

    maps: Tensor
    """(b, voxels of the box)."""
    terms: Tensor
    """(b, c) coefficients of the clinical terms."""
    eta: Tensor
    """(b, n) linear predictor of all patients, those of weight 0 too."""
    duals: Duals | None = None


@dataclass
class Convex:
    """The solver of a design."""

    design: Design
    graph: Graph
    iterations: int
    tolerance: float
    look: Callable[[], None]
    """Called now and then; may raise."""

    def highest(self, batch: Batch) -> Tensor:
        """(b,) the least penalty of each problem that leaves no map."""
        slope = batch.loss(linear(batch.terms, null_fit(batch)))[1]
        return self.graph.least_empty(-(slope @ self.design.doses).reshape(-1, *self.design.shape))

    def path(self, batch: Batch, fractions: Sequence[float]) -> list[Fit]:
        """Fits at falling fractions of each problem's highest penalty, each begun at the last."""
        highest, fits, start = self.highest(batch), [], None
        for fraction in fractions:
            start = self.fit(batch, fraction * highest, start)
            fits.append(start)
        return fits

    def fit(self, batch: Batch, penalty: Tensor, start: Fit | None = None) -> Fit:
        """Fits at these penalties (b,)."""
        now = self._empty(batch, penalty) if start is None else start
        steepness = ROOM * batch.curvature(now.eta)
        for iteration in range(self.iterations):
            found = self._step(batch, penalty, now, steepness)
            if iteration % LOOK_EVERY == LOOK_EVERY - 1:
                self.look()
                steepness = torch.maximum(steepness, ROOM * batch.curvature(found.eta))
                moved = (found.maps - now.maps).norm(dim=1)
                if bool((moved <= self.tolerance * found.maps.norm(dim=1)).all()):
                    return found
            now = found
        return now

    def objective(self, batch: Batch, penalty: Tensor, fit: Fit) -> Tensor:
        """(b,)."""
        maps = fit.maps.reshape(-1, *self.design.shape)
        return batch.loss(fit.eta)[0] + penalty * self.graph.penalty(maps)

    def _empty(self, batch: Batch, penalty: Tensor) -> Fit:
        """An empty map with the duals that keep it empty where the penalty is high enough."""
        terms, doses = null_fit(batch), self.design.doses
        eta = linear(batch.terms, terms)
        pull = -(batch.loss(eta)[1] @ doses).reshape(-1, *self.design.shape)
        duals = self.graph.smooth(pull, penalty, self.graph.start(len(batch)), START_STEPS)[1]
        return Fit(torch.zeros_like(pull).flatten(1), terms, eta, duals)

    def _step(self, batch: Batch, penalty: Tensor, now: Fit, steepness: Tensor) -> Fit:
        design, graph = self.design, self.graph
        duals = graph.start(len(batch)) if now.duals is None else now.duals
        up = DUAL_SHARE / (1 - DUAL_SHARE) * steepness / 2 / (2 * graph.degree)
        down = (1 / (steepness / 2 + up * 2 * graph.degree))[:, None]
        slope = batch.loss(now.eta)[1]
        target = now.maps - down * (slope @ design.doses + transposed(duals).flatten(1))
        maps = graph.shrunk(target.reshape(-1, *design.shape), down[:, 0] * penalty)
        flat = maps.flatten(1)
        ahead = (2 * flat - now.maps).reshape(maps.shape)
        terms = now.terms - torch.einsum("bn,bnc->bc", slope, batch.terms) / steepness[:, None]
        eta = flat @ design.doses.T + linear(batch.terms, terms)
        return Fit(flat, terms, eta, graph.raised(duals, ahead, up, penalty))
