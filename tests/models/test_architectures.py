"""Each architecture keeps the interface and learns; the discriminator learns beside it and resumes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from models.data import Sample, load_samples
from models.networks import build_network
from models.preprocessing import CtWindow
from models.training.ct_lessons import CtLessons
from models.training.lessons import Batch
from models.training.loop import CheckpointError, Hooks, TrainingConfig, train
from models.training.objective import AdversarialObjective, Adversary, Moment
from models.training.parallel import ALONE
from models.transforms import Augmentation
from rt.manifest import DatasetManifest
from rt.metrics import dice
from tests.models.synthetic import STRUCTURES, toy_manifest

SHAPES: dict[str, dict[str, Any]] = {
    "unet3d": {"channels": (4, 8)},
    "unet25d": {"channels": (4, 8, 16), "slices": 3},
    "deeplabv3plus": {"channels": (8, 8, 16, 16), "rates": (1, 2), "slices": 3},
}
STILL = Augmentation(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
TINY = TrainingConfig(patch=32, batch=1, learning_rate=1e-2, iterations=6, average_decay=0.5)
PLANAR = Adversary(channels=(4, 8), planar=True)
SOLID = Adversary(channels=(4, 8))


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> list[Sample]:
    folder = tmp_path_factory.mktemp("toy")
    manifest: DatasetManifest = toy_manifest(folder, ("train",))
    return load_samples(manifest, manifest.cases, 3.0, folder / "cache")


def _lessons(samples: list[Sample]) -> CtLessons:
    return CtLessons(STRUCTURES, samples, samples, CtWindow(), TINY.patch, STILL)


@pytest.mark.parametrize("name", SHAPES)
def test_volumes_in_and_a_logit_for_each_structure_out(name: str) -> None:
    network = build_network(name, 3, SHAPES[name])
    logits = network(torch.randn(2, 1, 7 if name != "unet3d" else 8, 16, 24))
    assert logits.shape[:2] == (2, 3)
    assert logits.shape[3:] == (16, 24)
    assert torch.isfinite(logits).all()


@pytest.mark.parametrize("name", ["unet25d", "deeplabv3plus"])
def test_a_slice_sees_its_neighbours_and_no_further(name: str) -> None:
    network = build_network(name, 1, SHAPES[name]).eval()
    nn.init.normal_(network.planar.head.weight)
    image = torch.randn(1, 1, 9, 16, 16)
    other = image.clone()
    other[:, :, 4] += torch.randn(16, 16)
    changed = (network(image) - network(other)).abs().amax((0, 1, 3, 4)) > 1e-6
    assert torch.equal(changed, torch.tensor([0, 0, 0, 1, 1, 1, 0, 0, 0]).bool())


def test_an_even_number_of_slices_is_refused() -> None:
    with pytest.raises(ValueError, match="odd number"):
        build_network("unet25d", 1, {"channels": (4, 8), "slices": 4})


@pytest.mark.parametrize("name", SHAPES)
def test_one_sample_is_learnt_better_than_by_chance(name: str, samples: list[Sample]) -> None:
    k, j, i = samples[0].points[0].mean(axis=0).astype(int)
    box = (slice(k - 8, k + 8), slice(j - 8, j + 8), slice(i - 8, i + 8))
    image = torch.from_numpy(CtWindow()(samples[0].hu[box].astype(np.float32)))[None, None]
    truth = (samples[0].labels[box] & 1).astype(bool)
    torch.manual_seed(0)
    network = build_network(name, 1, SHAPES[name])
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-2)
    for _ in range(120):
        loss = nn.functional.binary_cross_entropy_with_logits(
            network(image), torch.from_numpy(truth)[None, None].float()
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    drawn = (network(image) > 0).numpy()[0, 0]
    everything = dice(np.ones_like(truth), truth)
    assert dice(drawn, truth) > max(0.7, everything + 0.2)


def _batch() -> Batch:
    target = torch.zeros(1, 2, 16, 16, 16)
    target[:, 0, 4:12, 4:12, 4:12] = 1
    return Batch(torch.randn(1, 1, 16, 16, 16), target, torch.tensor([[True, False]]))


@pytest.mark.parametrize("adversary", [PLANAR, SOLID], ids=["planar", "solid"])
def test_the_discriminator_learns_and_the_network_feels_it(adversary: Adversary) -> None:
    torch.manual_seed(0)
    objective = AdversarialObjective(
        replace(adversary, weight=1.0, learning_rate=1e-2), 2, torch.device("cpu"), ALONE
    )
    batch = _batch()
    logits = torch.zeros(1, 2, 16, 16, 16, requires_grad=True)
    before = [value.clone() for value in objective.judge.parameters()]
    start = objective.loss(logits, batch, Moment(0.0, 2.0))
    alone = torch.autograd.grad(start, logits)[0]
    assert any(not torch.equal(a, b) for a, b in zip(before, objective.judge.parameters(), strict=True))
    for _ in range(30):
        both = objective.loss(logits, batch, Moment(1.0, 2.0))
    felt = torch.autograd.grad(both, logits)[0]
    assert not torch.allclose(felt[:, 0], alone[:, 0])
    assert felt[:, 1].abs().max() == 0
    verdicts = (
        objective.judge(batch.image, masks).mean()
        for masks in (batch.target, torch.sigmoid(logits) * batch.known[:, :, None, None, None])
    )
    drawn, guessed = verdicts
    assert drawn > guessed + 0.2


def _train(samples: list[Sample], config: TrainingConfig, checkpoint: Path, stop_after: int = 99) -> Any:
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked > stop_after

    return train(config, _lessons(samples), checkpoint, Hooks(lambda progress: None, stop))


def test_a_killed_adversarial_training_ends_where_an_unbroken_one_ends(
    samples: list[Sample], tmp_path: Path
) -> None:
    config = replace(TINY, network="unet25d", options=SHAPES["unet25d"], adversary=PLANAR)
    whole = _train(samples, config, tmp_path / "whole.safetensors")
    _train(samples, config, tmp_path / "broken.safetensors", stop_after=3)
    resumed = _train(samples, config, tmp_path / "broken.safetensors")
    for name, value in whole.items():
        torch.testing.assert_close(resumed[name], value, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    "other",
    [
        {"network": "unet3d", "options": SHAPES["unet3d"]},
        {"options": {"channels": (8, 8, 16), "slices": 3}},
        {"adversary": None},
    ],
    ids=["architecture", "width", "without-discriminator"],
)
def test_a_checkpoint_of_another_architecture_is_refused(
    samples: list[Sample], tmp_path: Path, other: dict[str, Any]
) -> None:
    config = replace(TINY, network="unet25d", options=SHAPES["unet25d"], adversary=PLANAR, iterations=1)
    _train(samples, config, tmp_path / "one.safetensors")
    with pytest.raises(CheckpointError, match="another architecture"):
        _train(samples, replace(config, **other), tmp_path / "one.safetensors")
