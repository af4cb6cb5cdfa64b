"""The architectures: what they read and give, and several of them as one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from models.networks import build_network
from models.networks.subpixel_unet3d import _depth_to_space, _space_to_depth
from models.registry.card import CardText
from models.registry.members import CHECKPOINT, describe_training, read_members
from models.registry.network import NetworkManifest, WeightsError, load_network
from models.registry.package import pack_weights, with_weights, write_version
from models.training.loop import TrainingConfig

PLAIN = {"architecture": "unet3d", "options": {"channels": [4, 8]}}
SUBPIXEL = {"architecture": "subpixel_unet3d", "options": {"channels": [4, 8], "blocks": [1, 1]}}
TOGETHER = {"architecture": "ensemble", "options": {"members": [PLAIN, SUBPIXEL]}}


@pytest.mark.parametrize("shape", [PLAIN, SUBPIXEL, TOGETHER], ids=lambda shape: shape["architecture"])
def test_every_voxel_gets_a_logit_for_each_structure(shape: dict) -> None:
    network = build_network(shape["architecture"], 3, shape["options"])
    logits = network(torch.randn(2, 1, 16, 24, 32))
    assert logits.shape == (2, 3, 16, 24, 32)
    assert torch.isfinite(logits).all()


def test_blocks_of_voxels_come_back_where_they_were() -> None:
    image = torch.arange(2 * 8 * 4 * 6, dtype=torch.float32).reshape(2, 1, 8, 4, 6)
    assert torch.equal(_depth_to_space(_space_to_depth(image), 1), image)
    two = torch.cat([_space_to_depth(image), _space_to_depth(-image)], dim=1)
    assert torch.equal(_depth_to_space(two, 2)[:, 1:], -image)


def test_an_ensemble_gives_the_mean_of_its_members() -> None:
    network = build_network("ensemble", 2, TOGETHER["options"]).eval()
    image = torch.randn(1, 1, 16, 16, 16)
    first, second = (member(image) for member in network.members)
    torch.testing.assert_close(network(image), (first + second) / 2)


def test_a_training_and_a_version_become_one_version(tmp_path: Path) -> None:
    plain = build_network(PLAIN["architecture"], 2, PLAIN["options"])
    packed = pack_weights(plain.state_dict())
    manifest = with_weights(
        NetworkManifest(
            name="toy", version=1, title="Toy", **PLAIN, structures=("A", "B"), spacing_mm=3.0, patch=16,
            weights_sha256="",
        ),
        packed,
    )  # fmt: skip
    metrics = {"mean_dice": 0.0, "structures": {}, "scores": []}
    write_version(tmp_path / "version", manifest, packed, metrics, CardText("", "", ""))
    config = replace(TrainingConfig(), network=SUBPIXEL["architecture"], options=SUBPIXEL["options"])
    trained = build_network(config.network, 2, config.options)
    (tmp_path / "training").mkdir()
    describe_training(tmp_path / "training", config)
    averages = {f"average.{name}": value for name, value in trained.state_dict().items()}
    save_file(averages | {"progress": torch.zeros(2)}, tmp_path / "training" / CHECKPOINT)

    member = read_members([tmp_path / "version", tmp_path / "training"])
    packed = pack_weights(member.weights)
    body = replace(manifest, architecture=member.architecture, options=member.options).to_json()
    both = load_network(with_weights(NetworkManifest.from_json(json.loads(json.dumps(body))), packed), packed)
    image = torch.randn(1, 1, 16, 16, 16)
    expected = (plain.eval()(image) + trained.eval()(image)) / 2
    torch.testing.assert_close(both.module.float()(image), expected, atol=5e-3, rtol=5e-3)
    with pytest.raises(WeightsError, match="do not fit"):
        load_network(with_weights(manifest, packed), packed)
