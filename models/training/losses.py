"""The losses: of what is known against people's contours, of the rest against the network one began from."""

from __future__ import annotations

from collections.abc import Callable

import torch


def segmentation_loss(
    logits: torch.Tensor,
    target: torch.Tensor,
    known: torch.Tensor,
    positive_weight: float,
    total_of: Callable[[torch.Tensor], torch.Tensor] = lambda part: part,
) -> torch.Tensor:
    """Mean over known structures of (1 - soft Dice over the batch) + 4 · weighted cross-entropy.

    `logits` and `target` are (batch, structures, k, j, i); `known` is (batch, structures).  `total_of` adds a
    sum up over the processes that train together, so that the batch is that of all of them.
    """
    mask = known[:, :, None, None, None].float()
    logits, target = logits.float(), target.float()
    weight = torch.tensor(positive_weight, device=logits.device)
    entropy = torch.nn.functional.binary_cross_entropy_with_logits(
        logits, target, pos_weight=weight, reduction="none"
    )
    probability = torch.sigmoid(logits) * mask
    axes = (0, 2, 3, 4)
    sums = [(probability * target).sum(axes), probability.sum(axes), (target * mask).sum(axes)]
    sums += [(entropy * mask).sum(axes), mask.expand_as(entropy).sum(axes)]
    overlap, drawn, true, wrong, seen = total_of(torch.stack(sums))
    dice = (2 * overlap + 1) / (drawn + true + 1)
    present = true > 0
    dice_loss = ((1 - dice) * present).sum() / present.sum().clamp(min=1)
    entropy_loss = wrong.sum() / seen.sum().clamp(min=1)
    loss: torch.Tensor = dice_loss + 4 * entropy_loss
    return loss


def rehearsal_loss(
    logits: torch.Tensor,
    before: torch.Tensor,
    known: torch.Tensor,
    total_of: Callable[[torch.Tensor], torch.Tensor] = lambda part: part,
) -> torch.Tensor:
    """How far what nobody contoured has moved from what the starting network saw; 0 where it has not.

    `logits` are of the network in training and `before` of the one it began from, both (batch, structures,
    k, j, i); `known` is (batch, structures) and those are left out.  Mean over unknown structures of
    (1 - 2 Σpq / (Σp² + Σq²)) + 4 · Kullback-Leibler divergence: knowledge distillation with the network's own
    probabilities as targets (Li and Hoiem, Learning without Forgetting, 2016), in the form of the other loss;
    `total_of` as there.
    """
    mask = (~known)[:, :, None, None, None].float()
    logits, before = logits.float(), before.float()
    new, old = torch.sigmoid(logits) * mask, torch.sigmoid(before) * mask
    axes = (2, 3, 4)
    overlap = (2 * (new * old).sum(axes) + 1) / ((new**2).sum(axes) + (old**2).sum(axes) + 1)
    entropy = torch.nn.functional.binary_cross_entropy_with_logits
    divergence = entropy(logits, torch.sigmoid(before), reduction="none")
    divergence = divergence - entropy(before, torch.sigmoid(before), reduction="none")
    sums = [((1 - overlap) * ~known).sum(), (~known).float().sum()]
    sums += [(divergence * mask).sum(), mask.expand_as(divergence).sum()]
    missed, rows, moved, seen = total_of(torch.stack(sums))
    loss: torch.Tensor = missed / rows.clamp(min=1) + 4 * moved / seen.clamp(min=1)
    return loss
