"""Planted lesions lie in bone, look like what they are called, and are where they are said to be."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.data import Sample
from models.synthesis.bone_lesions import VISIBLE_HU, BoneLesion, plant, vertebrae
from models.training.spine_lessons import BONE_WINDOW, LESION, SLAB, SpineLessons

SPACING = (3.0, 3.0, 3.0)


def spine() -> tuple[torch.Tensor, torch.Tensor]:
    """A column of bone around a canal, and a jaw far in front of it: HU and cord (k, j, i)."""
    k, j, i = torch.meshgrid(torch.arange(24), torch.arange(48), torch.arange(48), indexing="ij")
    hu = torch.full(k.shape, 40.0)
    hu[((j - 26) ** 2 + (i - 24) ** 2 < 64) & (k % 12 != 0)] = 300.0
    hu[(j < 6)] = 800.0
    cord = (j - 30) ** 2 + (i - 24) ** 2 < 5
    hu[(j - 30) ** 2 + (i - 24) ** 2 < 12] = 40.0
    return hu, cord


def test_vertebrae_are_the_bone_around_the_cord_and_nothing_else():
    hu, cord = spine()
    bone = vertebrae(hu, cord, SPACING)
    assert bone.any() and not (bone & cord).any()
    assert not bone[:, :10].any()
    cord[12:] = False
    assert not vertebrae(hu, cord, SPACING)[12:].any()


@pytest.mark.parametrize("kind", ["lytic", "sclerotic"])
def test_lesions_change_bone_where_they_are_said_to_be(monkeypatch, kind):
    lesion = BoneLesion(kind, 9.0, 50.0 if kind == "lytic" else 900.0, 1.5)
    monkeypatch.setattr(BoneLesion, "random", classmethod(lambda cls, rng: lesion))
    hu, cord = spine()
    bone = vertebrae(hu, cord, SPACING)
    planted, found = plant(hu, bone, SPACING, 1, np.random.default_rng(1))
    assert found.any() and not (found & ~bone).any()
    changed = (planted - hu)[found]
    assert (changed.abs() > VISIBLE_HU).all()
    assert (changed.mean() < 0) == (kind == "lytic")
    assert torch.equal(planted[~bone], hu[~bone])


def test_the_same_seed_plants_the_same_and_no_bone_no_lesion():
    hu, cord = spine()
    bone = vertebrae(hu, cord, SPACING)
    first, second = (plant(hu, bone, SPACING, 3, np.random.default_rng(5)) for _ in range(2))
    assert torch.equal(first[0], second[0]) and torch.equal(first[1], second[1])
    nothing = plant(hu, torch.zeros_like(bone), SPACING, 3, np.random.default_rng(5))
    assert torch.equal(nothing[0], hu) and not nothing[1].any()


def test_lessons_ask_for_what_was_planted_and_nothing_in_healthy_patches():
    hu, cord = spine()
    labels = (cord.to(torch.uint8) << 1).numpy()
    points = (np.argwhere(cord.numpy()).astype(np.float64),)
    sample = Sample("x", hu.numpy().astype(np.int16), labels, np.array([False, True]), points)
    lessons = SpineLessons(("Brainstem", "SpinalCord"), [sample], [sample], 3.0, 32, watch=1)
    lessons.settle(torch.device("cpu"))
    torch.manual_seed(0)
    batch = lessons.batch(12, np.random.default_rng(0))
    assert batch.image.shape == (12, 1, SLAB, 32, 32) and batch.known.all()
    there = batch.target.flatten(1).any(1)
    assert there.any() and not there.all()
    before, visible = BONE_WINDOW(sample.hu.astype(np.float32)), VISIBLE_HU / 700
    perfect = lessons.examine(lambda image: (np.abs(image - before) > visible)[None])
    assert perfect[LESION] > 0.8
