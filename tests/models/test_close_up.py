"""Two networks, one after the other: the second looks closer where the first one found the globes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from safetensors.torch import load
from torch import nn

from models import head_package
from models.datasets import head_pictures
from models.datasets.head_labels import STRUCTURES, head_from_labels
from models.foreign.errors import ForeignUnreadable
from models.foreign.exporting import METADATA, export_bundle, read_ours, without_close_up
from models.foreign.files import ForeignFiles
from models.head_package import HeadMembers, Release
from models.inference.close_up import close_box
from models.inference.segment import Segmentation, see_picture, segment
from models.mr_preprocessing import MrScale
from models.networks import build_network
from models.registry.members import Member, read_members
from models.registry.network import (
    CloseUp,
    Network,
    NetworkManifest,
    StructureRule,
    WeightsError,
    load_network,
    load_weights,
    read_version,
)
from models.synthesis.heads import HeadRanges, HeadScan, HeadView, draw_head
from models.training.optic_lessons import OPTIC, OpticLessons, optic_start
from rt.geometry import Grid
from rt.resample import lps_grid
from tests.models.heads import GRID, SHAPE, ball, toy_labels

HEAD = head_from_labels("head_14", toy_labels(), GRID)
CPU = torch.device("cpu")
OPTIONS = {"channels": [4, 8], "blocks": [1, 1]}
MANIFEST = NetworkManifest(
    name="head-mr", version=2, title="Head", architecture="subpixel_unet3d", options=OPTIONS,
    structures=STRUCTURES, spacing_mm=2.0, patch=32, weights_sha256="", window=MrScale(), completion="head",
    rules={"Eyes": StructureRule(parts=2), "OpticNrvs": StructureRule(parts=0)},
    close_up=CloseUp("subpixel_unet3d", OPTIONS, OPTIC, 1.0, 32),
)  # fmt: skip


class Brightness(nn.Module):
    """Gives each of the structures to the voxels brighter than its limit."""

    def __init__(self, structures: tuple[str, ...], limits: dict[str, float]) -> None:
        super().__init__()
        self.limits = [limits.get(name, 9.0) for name in structures]

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return torch.cat([torch.where(image > limit, 10.0, -10.0) for limit in self.limits], dim=1)


def two_stages(eyes: float = 1.5) -> Network:
    first = Brightness(STRUCTURES, {"External": -0.5, "Intracranial": -0.5, "Eyes": eyes})
    second = Brightness(OPTIC, {"Eyes": 1.5, "OpticNrvs": -0.5})
    return Network(MANIFEST, first, CPU, second)


def bright_eyes() -> npt.NDArray[np.float32]:
    """A dark ball of a head with two bright eyes."""
    image = np.where(ball((48, 58, 47.5), 44), np.float32(100), np.float32(0))
    for side in (-16.0, 16.0):
        image[ball((36, 22, 47.5 + side), 7)] = 400
    return image


def _member(structures: int, bias: float) -> Member:
    torch.manual_seed(structures)
    network = build_network("subpixel_unet3d", structures, OPTIONS)
    torch.nn.init.constant_(network.head.bias, bias)  # type: ignore[arg-type, union-attr]
    return Member("subpixel_unet3d", OPTIONS, network.state_dict())


def test_the_box_lies_around_the_globes_and_reaches_back_to_the_chiasm() -> None:
    masks = {"Eyes": HEAD.mask("Eyes"), "OpticChiasm": HEAD.mask("OpticChiasm")}
    grid = Grid.of(HEAD.tissues.shape, [1.0] * 3, [0.0] * 3, np.eye(3))
    box = close_box(masks, grid, 1.0)
    assert box is not None
    for name in OPTIC:
        points = np.argwhere(HEAD.mask(name))[:, ::-1].astype(np.float64)
        index = box.to_index(grid.to_lps(points))
        assert (index >= 0).all() and (index <= np.array(box.shape_kji[::-1]) - 1).all()
    behind = close_box(masks | {"Eyes": np.zeros_like(masks["Eyes"])}, grid, 1.0)
    assert behind is not None, "the chiasm tells where, too"
    assert close_box({name: np.zeros_like(mask) for name, mask in masks.items()}, grid, 1.0) is None


def test_one_eye_is_enough_on_either_side() -> None:
    grid = Grid.of((100, 200, 200), [1.0] * 3, [0.0] * 3, np.eye(3))
    eye = np.zeros(grid.shape_kji, bool)
    eye[40:60, 20:44, 50:74] = True
    box = close_box({"Eyes": eye, "OpticChiasm": np.zeros_like(eye)}, grid, 1.0)
    assert box is not None
    low, high = box.to_lps([0, 0, 0]), box.to_lps(np.array(box.shape_kji[::-1]) - 1)
    assert low[0] < 5 and high[0] > 140, "the other eye may be on either side"


def test_a_closer_look_has_the_grey_values_of_the_whole() -> None:
    image, grid = bright_eyes() + 7, lps_grid(GRID, 1.0)
    whole = MrScale().prepare(image, GRID, 1.0)
    assert whole.level is not None
    part = MrScale().closer(image, GRID, whole.grid, whole.level)
    assert np.allclose(part.values_kji, whole.values_kji, atol=1e-3)
    away = Grid.of((8, 8, 8), [1.0] * 3, (grid.to_lps([0, 0, 0]) - 500).tolist(), np.eye(3))
    assert (MrScale().closer(image, GRID, away, whole.level).values_kji == -1).all()


def test_the_second_network_draws_what_it_draws_and_the_first_one_the_rest() -> None:
    drawn = segment(two_stages(), bright_eyes(), GRID)
    eyes = ball((36, 22, 31.5), 7) | ball((36, 22, 63.5), 7)
    both = drawn.masks["Eye_R"] | drawn.masks["Eye_L"]
    assert 2 * (both & eyes).sum() / (both.sum() + eyes.sum()) > 0.9
    nerves = drawn.masks["OpticNrv_R"] | drawn.masks["OpticNrv_L"]
    assert nerves.any(), "only the second network gives any"
    assert not (nerves & ~drawn.masks["External"]).any()
    assert drawn.masks["External"].sum() > 300_000
    assert all(finding.slug != "coarse" for finding in drawn.findings)
    again = segment(two_stages(), bright_eyes(), GRID)
    assert all(np.array_equal(mask, again.masks[name]) for name, mask in drawn.masks.items())


def test_without_globes_and_chiasm_the_first_network_draws_alone_and_says_so() -> None:
    network = two_stages(eyes=9.0)
    first = Brightness(STRUCTURES, {"External": -0.5, "Intracranial": -0.5, "OpticNrvs": 1.5})
    drawn: Segmentation = segment(replace(network, module=first), bright_eyes(), GRID)
    assert drawn.masks["OpticNrv_L"].any()
    assert {f.structure for f in drawn.findings if f.slug == "coarse"} == {"OpticNrv_R", "OpticNrv_L"}
    assert {f.structure for f in drawn.findings if f.slug == "missing"} >= {"Eye_R", "OpticChiasm"}


def test_a_version_of_two_stages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(head_pictures, "SCANS", (("t1-enhanced", 4),))
    monkeypatch.setattr(head_pictures, "EASY_SCANS", (("t1", 4),))
    monkeypatch.setattr(head_pictures, "SIDE_MM", 96)
    monkeypatch.setattr(head_package, "TRIED", (0.3, 0.7))
    members = HeadMembers(_member(len(STRUCTURES), 0.0), None, _member(len(OPTIC), 0.0))
    head_package.package_heads(members, ([HEAD], [HEAD]), Release(tmp_path, "A test.", 2), lambda line: None)
    manifest, weights, card = read_version(tmp_path)
    assert manifest.version == 2 and manifest.close_up is not None
    assert manifest.close_up.structures == OPTIC
    assert "A second network, subpixel_unet3d, looks at Eyes, OpticNrvs, OpticChiasm" in card
    assert "On easy scans of the same heads" in card
    network = load_network(manifest, weights)
    assert see_picture(network, bright_eyes(), GRID).closer is not None
    alone = read_members([tmp_path])
    assert alone.weights.keys() == members.anatomy.weights.keys(), "an ensemble takes the first network"


def _packed() -> tuple[NetworkManifest, bytes]:
    members = HeadMembers(_member(len(STRUCTURES), 0.0), None, _member(len(OPTIC), 0.0))
    return head_package._unruled(members, 2)


def test_what_other_software_gets_is_the_first_network() -> None:
    manifest, weights = _packed()
    alone, packed = without_close_up(manifest, weights)
    assert alone.close_up is None
    assert not [name for name in load(packed) if name.startswith("close_up.")]
    load_weights(alone, packed)
    assert len(export_bundle(manifest, weights, "# Card\n")) < len(weights)


def test_a_bundle_that_claims_a_second_network_is_refused() -> None:
    manifest, _ = _packed()
    body = json.dumps({"rinkaku": manifest.to_json()}).encode()
    with pytest.raises(ForeignUnreadable, match="not a manifest of ours"):
        read_ours(ForeignFiles("toy", {METADATA: body}, "0"))


def test_manifests_of_one_network_and_of_two_are_read_back() -> None:
    manifest, weights = _packed()
    assert NetworkManifest.from_json(manifest.to_json()) == manifest
    old = manifest.to_json()
    del old["close_up"]
    assert NetworkManifest.from_json(old).close_up is None
    with pytest.raises(WeightsError, match="do not fit"):
        load_weights(NetworkManifest.from_json(old), weights)
    for change in ({"architecture": "none"}, {"structures": ["Eyes", "Larynx"]}):
        wrong = manifest.to_json()
        wrong["close_up"] |= change
        with pytest.raises(WeightsError, match="second network"):
            NetworkManifest.from_json(wrong)


def test_optic_lessons_always_show_one_of_the_three() -> None:
    lessons = OpticLessons([HEAD], [HEAD], 1, 32)
    lessons.ranges = replace(lessons.ranges, strip_probability=0.0, cut_probability=0.0, bend_mm=0.0)
    lessons.settle(CPU)
    torch.manual_seed(1)
    batch = lessons.batch(12, np.random.default_rng(1))
    assert batch.target.shape == (12, 3, 32, 32, 32)
    assert (batch.target.sum(dim=(1, 2, 3, 4)) > 0).float().mean() > 0.8
    watched = lessons.examine(lambda image: np.ones((3, *image.shape), np.float16))
    assert set(watched) == set(OPTIC)


def test_weights_to_start_from_are_the_rows_of_the_three() -> None:
    whole = _member(len(STRUCTURES), 0.0)
    network = build_network("subpixel_unet3d", len(OPTIC), OPTIONS).eval()
    network.load_state_dict(optic_start(whole.weights))
    all_ten = build_network("subpixel_unet3d", len(STRUCTURES), OPTIONS).eval()
    all_ten.load_state_dict(whole.weights)
    image = torch.randn(1, 1, 16, 16, 16)
    chosen = [STRUCTURES.index(name) for name in OPTIC]
    torch.testing.assert_close(network(image), all_ten(image)[:, chosen])


def test_what_a_stripped_skull_hides_is_not_asked_for() -> None:
    ranges = HeadRanges(strip_probability=1.0, cut_probability=0.0, lesion_probability=0.0)
    torch.manual_seed(3)
    picture = draw_head(HeadScan.of(HEAD, CPU), HeadView(96, 1, whole=True), np.random.default_rng(3), ranges)
    assert picture.target[STRUCTURES.index("Intracranial")].any()
    assert not picture.target[STRUCTURES.index("Eyes")].any()


def test_an_orbit_full_of_fat_lets_the_nerve_be_seen() -> None:
    still = HeadRanges(0, 0, 0, 1.0, 0, 0, 0, 0, 0, 0, orbit_probability=1.0)
    found = []
    for ranges in (still, replace(still, orbit_probability=0.0)):
        torch.manual_seed(4)
        view = HeadView(SHAPE[0], 1, whole=True, kind="t1")
        picture = draw_head(HeadScan.of(HEAD, CPU), view, np.random.default_rng(4), ranges)
        nerve = picture.target[STRUCTURES.index("OpticNrvs")].float()
        shell = (torch.nn.functional.max_pool3d(nerve[None, None], 5, 1, 2)[0, 0] > 0) & (nerve == 0)
        found.append(float(picture.image[shell].mean() - picture.image[nerve > 0].mean()))
    assert found[0] > found[1] + 0.1
