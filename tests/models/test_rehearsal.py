"""What nobody corrected stays as the starting network saw it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from models.data import Sample, load_samples
from models.networks import build_network
from models.preprocessing import CtWindow
from models.training.ct_lessons import CtLessons
from models.training.loop import Hooks, TrainingConfig, train
from models.training.losses import rehearsal_loss
from tests.models.synthetic import STRUCTURES, toy_manifest

KNOWN = torch.tensor([[True, False]])
CONFIG = TrainingConfig(
    options={"channels": (4, 8)}, patch=32, batch=1, learning_rate=1e-2, iterations=25, average_decay=0.5
)


def test_an_unmoved_network_loses_nothing_and_is_pulled_nowhere() -> None:
    before = torch.randn((1, 2, 4, 4, 4))
    logits = before.clone().requires_grad_()
    loss = rehearsal_loss(logits, before, KNOWN)
    loss.backward()
    assert loss.item() == pytest.approx(0, abs=1e-6)
    assert logits.grad is not None and logits.grad.abs().max() < 1e-5


def test_only_what_is_unknown_is_rehearsed() -> None:
    before, logits = torch.full((1, 2, 4, 4, 4), -2.0), torch.ones((1, 2, 4, 4, 4), requires_grad=True)
    rehearsal_loss(logits, before, KNOWN).backward()
    assert logits.grad is not None
    assert torch.count_nonzero(logits.grad[:, 0]) == 0
    assert (logits.grad[:, 1] > 0).all()


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> list[Sample]:
    folder = tmp_path_factory.mktemp("toy")
    manifest = toy_manifest(folder, ("train", "train"))
    return load_samples(manifest, manifest.cases, 3.0, folder / "cache")


def _drift(samples: list[Sample], folder: Path, rehearsal: float) -> float:
    """How far the probability of a structure moves where only the other is taught."""
    torch.manual_seed(3)
    start = build_network("unet3d", 2, CONFIG.options).state_dict()
    known = np.array([True, False])
    lessons = CtLessons(STRUCTURES, [replace(samples[0], known=known)], [], CtWindow(), CONFIG.patch)
    lessons.uncorrected = [replace(samples[1], known=np.array([False, False]))] if rehearsal else []
    config = replace(CONFIG, rehearsal=rehearsal)
    weights = train(config, lessons, folder / f"{rehearsal}.safetensors", Hooks(lambda p: None), start)
    image = torch.from_numpy(CtWindow()(samples[1].hu.astype(np.float32)))[None, None, :32, :32, :32]
    seen = []
    for one in (start, weights):
        network = build_network("unet3d", 2, CONFIG.options)
        network.load_state_dict(one)
        with torch.no_grad():
            seen.append(torch.sigmoid(network(image))[0, 1])
    return float((seen[0] - seen[1]).abs().mean())


def test_an_untouched_structure_moves_less_with_rehearsal(samples: list[Sample], tmp_path: Path) -> None:
    assert _drift(samples, tmp_path, 1.0) < 0.5 * _drift(samples, tmp_path, 0.0)
