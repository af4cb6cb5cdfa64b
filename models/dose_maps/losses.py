"""Losses of many problems at once, with their gradients by the linear predictor.

Shapes: (b, n) with b problems of the same n patients; a weight of 0 takes a patient out of a problem.  The
loss of a problem is a mean over its weights.  Cox's partial likelihood has Breslow's form for ties.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import torch
from torch import Tensor

from models.dose_maps.study import Kind


@dataclass(frozen=True)
class Batch:
    """Problems that differ in outcome, clinical terms or weights, with the same doses."""

    kind: Kind
    values: Tensor
    """(b, n) value, 0 or 1, or time."""
    events: Tensor
    """(b, n) of survival 1 where the event ended the time."""
    terms: Tensor
    """(b, n, c) clinical terms, with a constant but for survival; as good as orthonormal."""
    weights: Tensor
    """(b, n)."""

    def __len__(self) -> int:
        return len(self.values)

    @cached_property
    def total(self) -> Tensor:
        """(b,) sum of weights."""
        return self.weights.sum(1)

    @property
    def _given(self) -> tuple[Tensor, Tensor, Tensor]:
        return self.values, self.events, self.terms

    def rows(self, places: Tensor | slice) -> Batch:
        """Some of the problems."""
        own = (self.values[places], self.events[places], self.terms[places], self.weights[places])
        return Batch(self.kind, *own)

    def weighted(self, weights: Tensor) -> Batch:
        """The first problem with other weights (b, n)."""
        b = len(weights)
        values, events, terms = (one[:1].expand(b, *one.shape[1:]) for one in self._given)
        return Batch(self.kind, values, events, terms, weights)

    def shuffled(self, orders: Tensor) -> Batch:
        """The first problem with patients' outcomes and clinical terms, kept together, in orders (b, n)."""
        return Batch(
            self.kind, self.values[0][orders], self.events[0][orders], self.terms[0][orders],
            self.weights[0][orders],
        )  # fmt: skip

    def repeated(self, times: int) -> Batch:
        """Each problem so many times, copies next to each other."""
        own = (self.values, self.events, self.terms, self.weights)
        return Batch(self.kind, *(one.repeat_interleave(times, 0) for one in own))

    def loss(self, eta: Tensor) -> tuple[Tensor, Tensor]:
        """(b,) and its gradient (b, n) by the linear predictor (b, n)."""
        if self.kind == "continuous":
            off = eta - self.values
            value, slope = 0.5 * off**2, off
        elif self.kind == "binary":
            value = torch.nn.functional.softplus(eta) - self.values * eta
            slope = torch.sigmoid(eta) - self.values
        else:
            return self._cox(eta)
        share = self.weights / self.total[:, None]
        return (share * value).sum(1), share * slope

    def curvature(self, eta: Tensor) -> Tensor:
        """(b,) bound, near `eta`, of the second derivative by the linear predictor, times the patients."""
        n = self.weights.shape[1]
        if self.kind != "survival":
            bound = 1.0 if self.kind == "continuous" else 0.25
            return n * bound * self.weights.amax(1) / self.total
        _, slope = self._cox(eta)
        died = self.weights * self.events / self.total[:, None]
        return n * (slope + died).amax(1)

    @cached_property
    def _sorted(self) -> _Sorted:
        return _Sorted.of(self.values)

    def _cox(self, eta: Tensor) -> tuple[Tensor, Tensor]:
        at = self._sorted
        w, own = self.weights.gather(1, at.order), eta.gather(1, at.order)
        died = w * self.events.gather(1, at.order)
        top = own.masked_fill(w == 0, -torch.inf).amax(1, keepdim=True)
        hazard = w * torch.exp((own - top).clamp(max=0.0))
        at_risk = hazard.cumsum(1).gather(1, at.last).clamp_min(1e-30)
        value = (died * (at_risk.log() + top - own)).sum(1)
        passed = (died / at_risk).flip(1).cumsum(1).flip(1).gather(1, at.first)
        slope = torch.zeros_like(eta).scatter(1, at.order, hazard * passed - died)
        return value / self.total, slope / self.total[:, None]


@dataclass(frozen=True)
class _Sorted:
    """Patients by falling time, and the ends of ties, (b, n) each."""

    order: Tensor
    first: Tensor
    last: Tensor

    @classmethod
    def of(cls, times: Tensor) -> Self:
        found, order = torch.sort(times, dim=1, descending=True, stable=True)
        rising = (-found).contiguous()
        first = torch.searchsorted(rising, rising, right=False)
        return cls(order, first, torch.searchsorted(rising, rising, right=True) - 1)


def null_fit(batch: Batch, steps: int = 200) -> Tensor:
    """(b, c) coefficients of the clinical terms alone, by accelerated gradient steps."""
    c = batch.terms.shape[2]
    found = previous = torch.zeros(len(batch), c, dtype=batch.values.dtype, device=batch.values.device)
    if not c:
        return found
    rate = 1 / (_steepest(batch) * batch.curvature(batch.values * 0) * (4 if batch.kind == "survival" else 1))
    for step in range(steps):
        ahead = found + step / (step + 3) * (found - previous)
        slope = batch.loss(linear(batch.terms, ahead))[1]
        previous, found = found, ahead - rate[:, None] * torch.einsum("bn,bnc->bc", slope, batch.terms)
    return found


def _steepest(batch: Batch) -> Tensor:
    """(b,) highest eigenvalue of the terms' mean square; 1 but for rounding, of all patients."""
    square = torch.einsum("bnc,bnd->bcd", batch.terms, batch.terms) / batch.weights.shape[1]
    highest: Tensor = torch.linalg.eigvalsh(square.double())[:, -1]
    return highest.to(square.dtype)


def linear(terms: Tensor, coefficients: Tensor) -> Tensor:
    """(b, n) of terms (b, n, c) and coefficients (b, c)."""
    return torch.einsum("bnc,bc->bn", terms, coefficients)
