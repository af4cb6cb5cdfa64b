"""The loop learns, resumes where it was killed, and leaves unknown structures alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from models.data import load_samples
from models.preprocessing import CtWindow
from models.training.ct_lessons import UNCORRECTED_SHARE, CtLessons, NothingToLearn
from models.training.loop import Hooks, Progress, TrainingConfig, train
from models.training.losses import segmentation_loss
from models.transforms import Augmentation, Scan, draw_patch
from rt.errors import RtError
from rt.manifest import DatasetManifest
from tests.models.synthetic import STRUCTURES, toy_manifest

TINY = TrainingConfig(
    options={"channels": (4, 8, 16)},
    patch=32,
    batch=2,
    learning_rate=5e-3,
    iterations=200,
    validate_every=200,
)


def _run(
    folder: Path, config: TrainingConfig, checkpoint: str, stop_after: int | None = None
) -> tuple[dict[str, torch.Tensor], list[Progress]]:
    manifest = DatasetManifest.read(folder / "manifest.json")
    samples = load_samples(manifest, manifest.split("train"), 3.0, folder / "cache")
    seen: list[Progress] = []
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return stop_after is not None and asked > stop_after

    lessons = CtLessons(STRUCTURES, samples, samples[:1], CtWindow(), config.patch)
    weights = train(config, lessons, folder / checkpoint, Hooks(seen.append, stop))
    return weights, seen


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("toy")
    toy_manifest(folder, ("train", "train", "train")).write(folder / "manifest.json")
    return folder


def test_a_toy_anatomy_is_learnt(dataset: Path) -> None:
    _, seen = _run(dataset, TINY, "learn.safetensors")
    dice = seen[-1].dice
    assert dice is not None
    assert min(dice.values()) > 0.4
    assert seen[-1].loss < 0.7 * seen[0].loss


def test_a_killed_run_goes_on_and_ends_where_an_unbroken_one_ends(dataset: Path) -> None:
    config = replace(TINY, iterations=12)
    whole, _ = _run(dataset, config, "whole.safetensors")
    _run(dataset, config, "broken.safetensors", stop_after=5)
    resumed, _ = _run(dataset, config, "broken.safetensors")
    for name, value in whole.items():
        torch.testing.assert_close(resumed[name], value, rtol=1e-3, atol=1e-4)


def test_a_structure_unknown_in_a_patient_has_no_gradient() -> None:
    logits = torch.zeros((1, 2, 4, 4, 4), requires_grad=True)
    target = torch.zeros((1, 2, 4, 4, 4))
    target[0, 0, 1:3] = 1
    segmentation_loss(logits, target, torch.tensor([[True, False]]), 5.0).backward()
    assert logits.grad is not None
    assert logits.grad[0, 0].abs().sum() > 0
    assert logits.grad[0, 1].abs().sum() == 0


def test_a_mirrored_patch_has_its_sides_exchanged(dataset: Path) -> None:
    manifest = DatasetManifest.read(dataset / "manifest.json")
    sample = load_samples(manifest, manifest.split("train"), 3.0, dataset / "cache")[0]
    scan = Scan.of(sample, torch.device("cpu"))
    still = {"rotation_rad": 0.0, "scale": 0.0, "shift_hu": 0.0, "gain": 0.0, "noise_hu": 0.0}
    never = dict.fromkeys(
        ("blur_probability", "couch_probability", "mask_probability", "field_cut_probability"), 0.0
    )
    patches = [
        draw_patch(
            scan,
            56,
            np.random.default_rng(4),
            Augmentation(flip_probability=flip, **still, **never),
            [(0, 1)],
        )
        for flip in (0.0, 1.0)
    ]
    right = (patches[0].labels & 1).flip(2)
    assert right.sum() > 50
    assert torch.equal(right, patches[1].labels >> 1 & 1)


def test_a_patient_in_two_splits_is_refused(tmp_path: Path) -> None:
    manifest = toy_manifest(tmp_path, ("train", "test"))
    same = tuple(replace(case, patient="one") for case in manifest.cases)
    with pytest.raises(RtError, match="two splits"):
        DatasetManifest(manifest.structures, same, tmp_path)


def test_labels_on_another_grid_are_refused_by_name(tmp_path: Path) -> None:
    from rt.resample import write_nifti
    from tests.models.synthetic import toy_grid

    manifest = toy_manifest(tmp_path, ("train",))
    write_nifti(tmp_path / "0_labels.nii.gz", np.zeros((40, 48, 56), np.uint8), toy_grid(2.0))
    with pytest.raises(RtError, match="c0: labels and image are on different grids"):
        load_samples(manifest, manifest.cases, 3.0, tmp_path / "cache")


def test_scans_without_a_contour_teach_nothing(tmp_path: Path) -> None:
    manifest = toy_manifest(tmp_path, ("train", "train"), known=())
    samples = load_samples(manifest, manifest.cases, 3.0, tmp_path / "cache")
    lessons = CtLessons(STRUCTURES, samples, [], CtWindow(), 32)
    with pytest.raises(NothingToLearn, match="none of 2 training scans"):
        lessons.settle(torch.device("cpu"))


def test_a_structure_that_nobody_contoured_is_named_and_a_scan_without_contours_left_out(
    tmp_path: Path,
) -> None:
    manifest = toy_manifest(tmp_path, ("train", "train"), known=STRUCTURES[:1])
    samples = load_samples(manifest, manifest.cases, 3.0, tmp_path / "cache")
    bare = replace(samples[1], known=np.zeros(2, dtype=bool))
    lessons = CtLessons(STRUCTURES, [samples[0], bare], [], CtWindow(), 32)
    with pytest.raises(NothingToLearn, match="no training scan has a contour of Ball_L"):
        lessons.require_all()
    lessons.settle(torch.device("cpu"))
    assert lessons.batch(4, np.random.default_rng(0)).known.tolist() == [[True, False]] * 4


def test_scans_that_nobody_corrected_are_seen_beside_those_with_contours_only(tmp_path: Path) -> None:
    manifest = toy_manifest(tmp_path, ("train", "train"), known=STRUCTURES[:1])
    samples = load_samples(manifest, manifest.cases, 3.0, tmp_path / "cache")
    bare = replace(samples[1], known=np.zeros(2, dtype=bool))
    lessons = CtLessons(STRUCTURES, [bare, samples[0]], [], CtWindow(), 32)
    lessons.uncorrected = [bare]
    lessons.settle(torch.device("cpu"))
    taught = lessons.batch(100, np.random.default_rng(0)).known[:, 0].float().mean()
    assert taught == pytest.approx(1 - UNCORRECTED_SHARE, abs=0.1)
