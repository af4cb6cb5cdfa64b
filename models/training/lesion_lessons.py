"""Lessons in finding tumours: heads after contrast medium, most with lesions that were put in."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch

from models.synthesis.heads import HeadPicture, HeadRanges
from models.training.head_lessons import HeadLessons

LESIONS = ("GTV",)
KIND = "t1-enhanced"
"""Without contrast medium there is little to see: the network is for enhanced T1."""


@dataclass
class LesionLessons(HeadLessons):
    """As the lessons in anatomy, but what is asked for are the lesions, all of a head together."""

    structures: tuple[str, ...] = LESIONS
    ranges: HeadRanges = field(default_factory=lambda: HeadRanges(lesion_probability=0.75))
    kind: str | None = KIND
    watched: tuple[str, ...] = (KIND, KIND)

    def target(self, picture: HeadPicture) -> torch.Tensor:
        """The lesions of a picture: (1, k, j, i) uint8."""
        return picture.lesions[None].to(torch.uint8)
