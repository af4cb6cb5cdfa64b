"""What a network of outcome learns by: weighted cross-entropy, or Cox's partial likelihood."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn import functional


@dataclass(frozen=True)
class Truth:
    """What happened to patients, a value each."""

    events: torch.Tensor
    """(n,) 1 where it happened."""
    times: torch.Tensor | None = None
    """(n,) time to the event or to censoring; None of a binary outcome."""

    def of(self, rows: torch.Tensor) -> Truth:
        """Those of some patients."""
        return Truth(self.events[rows], None if self.times is None else self.times[rows])

    def to(self, device: torch.device) -> Truth:
        """The same on a device."""
        return Truth(self.events.to(device), None if self.times is None else self.times.to(device))


def outcome_loss(logits: torch.Tensor, truth: Truth, event_weight: float) -> torch.Tensor:
    """Mean loss of predictions (n,).

    Binary: cross-entropy in which an event counts `event_weight` times.  Survival: negative log partial
    likelihood an event, ties by Breslow (Cox, J R Stat Soc B 1972;34:187); 0 where none of them has an event.
    """
    if truth.times is None:
        weight = logits.new_tensor(event_weight)
        return functional.binary_cross_entropy_with_logits(logits, truth.events, pos_weight=weight)
    at_risk = truth.times[None] >= truth.times[:, None]
    hazard = logits[None].expand(len(logits), -1).masked_fill(~at_risk, -torch.inf).logsumexp(1)
    return ((hazard - logits) * truth.events).sum() / truth.events.sum().clamp_min(1)
