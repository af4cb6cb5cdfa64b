"""The loss: Dice plus class-weighted cross-entropy per structure, unknown structures left out."""

from __future__ import annotations

import torch


def segmentation_loss(
    logits: torch.Tensor, target: torch.Tensor, known: torch.Tensor, positive_weight: float
) -> torch.Tensor:
    """Mean over known structures of (1 - soft Dice over the batch) + 4 · weighted cross-entropy.

    `logits` and `target` are (batch, structures, k, j, i); `known` is (batch, structures).
    """
    mask = known[:, :, None, None, None].float()
    logits, target = logits.float(), target.float()
    weight = torch.tensor(positive_weight, device=logits.device)
    entropy = torch.nn.functional.binary_cross_entropy_with_logits(
        logits, target, pos_weight=weight, reduction="none"
    )
    probability = torch.sigmoid(logits) * mask
    overlap = (probability * target).sum((0, 2, 3, 4))
    total = probability.sum((0, 2, 3, 4)) + (target * mask).sum((0, 2, 3, 4))
    dice = (2 * overlap + 1) / (total + 1)
    present = (target * mask).sum((0, 2, 3, 4)) > 0
    dice_loss = ((1 - dice) * present).sum() / present.sum().clamp(min=1)
    entropy_loss = (entropy * mask).sum() / mask.expand_as(entropy).sum().clamp(min=1)
    return dice_loss + 4 * entropy_loss
