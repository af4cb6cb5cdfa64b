"""Heads drawn from label maps: the truth follows the picture, and chance follows the seed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from models.datasets.head_labels import STRUCTURES, TISSUES, head_from_labels, load_head_maps
from models.synthesis.contrasts import KINDS, draw_contrast
from models.synthesis.heads import HeadPicture, HeadRanges, HeadScan, HeadView, draw_head
from models.synthesis.lesions import paste_lesions
from models.training.head_lessons import HeadLessons
from models.training.loop import Hooks, Progress, TrainingConfig, train
from rt.errors import RtError
from rt.geometry import Grid
from rt.resample import write_nifti
from tests.models.heads import GRID, SHAPE, toy_labels

CPU = torch.device("cpu")
STILL = HeadRanges(
    rotation_rad=0.0,
    scale=0.0,
    bend_mm=0.0,
    slice_mm=1.0,
    bias=0.0,
    noise=0.0,
    gamma=0.0,
    lesion_probability=0.0,
    strip_probability=0.0,
    cut_probability=0.0,
)
HEAD = head_from_labels("toy", toy_labels(), GRID)


def _picture(seed: int, view: HeadView, ranges: HeadRanges = STILL) -> HeadPicture:
    torch.manual_seed(seed)
    return draw_head(HeadScan.of(HEAD, CPU), view, np.random.default_rng(seed), ranges)


def test_tissues_and_structures_of_a_map() -> None:
    assert HEAD.tissues[HEAD.mask("External")].min() > 0
    inner = HEAD.tissues == TISSUES.index("inner-air")
    assert 200 < inner.sum() < 300, "the sinus is air within the head"
    assert (HEAD.mask("Brainstem") & ~HEAD.mask("Intracranial")).sum() == 0
    lowest = np.flatnonzero(HEAD.mask("Brainstem").any(axis=(1, 2)))[0]
    assert np.flatnonzero(HEAD.mask("Intracranial").any(axis=(1, 2)))[0] == lowest
    assert (HEAD.mask("CSF") & ~HEAD.mask("Intracranial")).sum() == 0
    assert HEAD.mask("Eyes").sum() == pytest.approx(2 * 4 / 3 * np.pi * 7**3, rel=0.03)


def test_a_map_that_was_stored_in_another_orientation_is_the_same_head() -> None:
    turned = Grid.of(SHAPE, [1.0] * 3, [47.0, 55.0, -48.0], np.diag([-1.0, -1.0, 1.0]))
    again = head_from_labels("turned", toy_labels()[:, ::-1, ::-1], turned)
    assert np.array_equal(again.structures, HEAD.structures)


def test_labels_of_something_else_are_refused_by_name() -> None:
    labels = toy_labels()
    labels[50, 50, 50] = 99
    with pytest.raises(RtError, match=r"odd: labels \[99\]"):
        head_from_labels("odd", labels, GRID)


def test_a_folder_without_maps_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RtError, match="no label maps"):
        load_head_maps(tmp_path, tmp_path / "cache")


def test_maps_are_split_by_number_and_read_again_from_the_cache(tmp_path: Path) -> None:
    for number in (13, 14):
        write_nifti(tmp_path / f"head_{number}.nii.gz", toy_labels(), GRID)
    train_maps, watched = load_head_maps(tmp_path, tmp_path / "cache")
    assert ([m.id for m in train_maps], [m.id for m in watched]) == (["head_13"], ["head_14"])
    again, _ = load_head_maps(tmp_path, tmp_path / "cache")
    assert np.array_equal(again[0].structures, HEAD.structures)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_contrast_covers_every_tissue(kind: str) -> None:
    drawn = draw_contrast(np.random.default_rng(1), kind)
    assert drawn.mean.shape == drawn.spread.shape == (len(TISSUES),)
    assert drawn.mean[0] <= 0.1


def test_contrast_medium_brightens_vessels_over_white_matter() -> None:
    vessel, white = TISSUES.index("vessel"), TISSUES.index("white-matter")
    for seed in range(5):
        mean = draw_contrast(np.random.default_rng(seed), "t1-enhanced").mean
        assert mean[vessel] > mean[white]


def test_an_unmoved_picture_shows_the_map() -> None:
    picture = _picture(2, HeadView(96, 1, whole=True, kind="t1"))
    eyes = HEAD.mask("Eyes")
    drawn = picture.target[STRUCTURES.index("Eyes")].numpy().astype(bool)
    assert drawn.sum() == pytest.approx(eyes.sum(), rel=0.02)
    brain, air = picture.target[1].bool(), picture.target[0] == 0
    assert picture.image[brain].mean() > picture.image[air].mean() + 0.5
    assert picture.image[air].mean() < -0.8


def test_a_coarse_voxel_belongs_to_what_fills_half_of_it() -> None:
    fine = _picture(3, HeadView(96, 1, whole=True)).target
    coarse = _picture(3, HeadView(48, 2, whole=True)).target
    share = fine.float().reshape(len(STRUCTURES), 48, 2, 48, 2, 48, 2).mean(dim=(2, 4, 6))
    differ = (share >= 0.5) != coarse.bool()
    assert differ.float().mean() < 0.002, "the mirror may differ, the rest may not"


def test_the_same_seed_gives_the_same_picture_and_another_seed_another() -> None:
    view = HeadView(32, 2)
    first, again, other = (_picture(seed, view, HeadRanges()) for seed in (5, 5, 6))
    assert torch.equal(first.image, again.image)
    assert torch.equal(first.target, again.target)
    assert not torch.equal(first.image, other.image)


def test_lesions_lie_within_the_skull_and_are_told() -> None:
    ranges = replace(STILL, lesion_probability=1.0)
    for seed in range(4):
        picture = _picture(seed, HeadView(96, 1, whole=True, kind="t1"), ranges)
        assert picture.lesions.any()
        assert not (picture.lesions & (picture.target[1] == 0)).any()


def test_no_lesion_is_put_where_no_brain_is() -> None:
    image = torch.ones((8, 8, 8))
    painted, lesions = paste_lesions(
        image, torch.zeros((8, 8, 8), dtype=torch.bool), np.random.default_rng(0)
    )
    assert torch.equal(painted, image)
    assert not lesions.any()


def test_a_field_of_view_may_end() -> None:
    picture = _picture(1, HeadView(48, 2, whole=True), replace(STILL, cut_probability=1.0))
    planes = [(picture.image.movedim(axis, 0)[end] == -1).all() for axis in range(3) for end in (0, -1)]
    assert any(planes)


def test_the_loop_learns_a_head(tmp_path: Path) -> None:
    lessons = HeadLessons([HEAD], [HEAD], 2, 32, ranges=STILL)
    config = TrainingConfig(
        options={"channels": (4, 8, 16)},
        patch=32,
        batch=1,
        learning_rate=1e-2,
        average_decay=0.9,
        iterations=40,
        report_every=20,
        validate_every=40,
    )
    seen: list[Progress] = []
    train(config, lessons, tmp_path / "c.safetensors", Hooks(seen.append))
    assert seen[-1].loss < 0.7 * seen[0].loss
    assert seen[-1].dice is not None
    assert set(seen[-1].dice) == set(STRUCTURES)
