"""What a training minimises: the segmentation loss, alone or with a discriminator that learns beside it.

The loop asks an objective for the loss of each batch and keeps its tensors in the checkpoint; it knows no
more of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch

from models.devices import mixed_precision, place
from models.networks.discriminator import PatchDiscriminator
from models.training.lessons import Batch
from models.training.losses import segmentation_loss
from models.training.moments import Tensors, above, below, optimiser_tensors, restore_optimiser
from models.training.parallel import Team

DRAWN = 0.9
"""What the discriminator shall say of a person's contours: a little less than certain, so that it goes on."""
RAMP = 0.2
"""Share of the training in which the discriminator's weight rises from nothing."""


@dataclass(frozen=True)
class Adversary:
    """A discriminator of patches that sees the image and the masks."""

    weight: float = 0.05
    """Of its verdict beside the segmentation loss."""
    channels: tuple[int, ...] = (16, 32, 64)
    planar: bool = False
    """Slice by slice, for networks that draw so."""
    learning_rate: float = 4e-4


@dataclass(frozen=True)
class Moment:
    """Where in the training a batch comes."""

    fraction: float
    positive_weight: float


class Objective(Protocol):
    """A loss, which may learn itself."""

    def loss(self, logits: torch.Tensor, batch: Batch, moment: Moment) -> torch.Tensor:
        """What the network shall make small, a scalar."""

    def tensors(self) -> Tensors:
        """All that a resumed run needs."""

    def restore(self, tensors: Tensors) -> None:
        """Go on from what `tensors` gave."""


class SegmentationObjective:
    """The segmentation loss alone, of the batches of all processes that train together."""

    def __init__(self, team: Team) -> None:
        self.team = team

    def loss(self, logits: torch.Tensor, batch: Batch, moment: Moment) -> torch.Tensor:
        """Dice and cross-entropy."""
        weight = moment.positive_weight
        return segmentation_loss(logits, batch.target, batch.known, weight, self.team.total)

    def tensors(self) -> Tensors:
        """Nothing: it does not learn."""
        return {}

    def restore(self, tensors: Tensors) -> None:
        """Nothing to restore."""


class AdversarialObjective(SegmentationObjective):
    """The segmentation loss, and how badly the network's masks pass for drawn ones (least squares).

    Every loss first teaches the discriminator on the batch, the same one in every process.  Structures
    unknown in a patient are blank for it on both sides.
    """

    def __init__(self, adversary: Adversary, structures: int, device: torch.device, team: Team) -> None:
        super().__init__(team)
        self.adversary = adversary
        self.device = device
        judge = PatchDiscriminator(structures, adversary.channels, adversary.planar)
        self.judge = place(judge, device)
        self.optimiser = torch.optim.AdamW(
            self.judge.parameters(), lr=adversary.learning_rate, betas=(0.5, 0.99)
        )

    def loss(self, logits: torch.Tensor, batch: Batch, moment: Moment) -> torch.Tensor:
        """Segmentation loss plus the weighted adversarial one."""
        known = batch.known[:, :, None, None, None].float()
        drawn, guessed = batch.target.float() * known, torch.sigmoid(logits.float()) * known
        self._teach(batch.image, drawn, guessed.detach())
        weight = self.adversary.weight * min(1.0, moment.fraction / RAMP)
        self.judge.requires_grad_(False)
        with mixed_precision(self.device):
            verdict = self.judge(batch.image, guessed).float()
        self.judge.requires_grad_(True)
        deceit: torch.Tensor = weight * ((verdict - DRAWN) ** 2).mean()
        return super().loss(logits, batch, moment) + deceit

    def _teach(self, image: torch.Tensor, drawn: torch.Tensor, guessed: torch.Tensor) -> None:
        with mixed_precision(self.device):
            of_drawn, of_guessed = (self.judge(image, masks).float() for masks in (drawn, guessed))
        loss = ((of_drawn - DRAWN) ** 2).mean() + (of_guessed**2).mean()
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.team.average_gradients(self.judge)
        torch.nn.utils.clip_grad_norm_(self.judge.parameters(), 5.0)
        self.optimiser.step()

    def tensors(self) -> Tensors:
        """The discriminator and its moments."""
        return above(self.judge.state_dict(), "judge.") | above(
            optimiser_tensors(self.optimiser), "optimiser."
        )

    def restore(self, tensors: Tensors) -> None:
        """Go on with the same discriminator."""
        self.judge.load_state_dict(below(tensors, "judge."))
        restore_optimiser(self.optimiser, below(tensors, "optimiser."))


def build_objective(
    adversary: Adversary | None, structures: int, device: torch.device, team: Team
) -> Objective:
    """The objective of a training."""
    if adversary is None:
        return SegmentationObjective(team)
    return AdversarialObjective(adversary, structures, device, team)
