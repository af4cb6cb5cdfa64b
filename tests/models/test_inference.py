"""Predictions land where the anatomy is, on any grid, and doubts are said."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import SimpleITK as sitk
import torch
from torch import nn

from models.inference import sliding_window
from models.inference.plausibility import check_structures
from models.inference.segment import Prediction, draw_structures, segment
from models.inference.sliding_window import Windows, predict_probabilities
from models.preprocessing import _resample_dense, find_patient, prepare_ct
from models.registry.network import (
    Network,
    NetworkManifest,
    StructureRule,
    WeightsError,
    load_network,
)
from models.registry.package import pack_weights, with_weights
from rt import resample as resampling
from rt.cropping import part_of
from rt.geometry import Grid
from rt.metrics import dice
from rt.resample import grid_of, lps_grid, read_nifti, resample
from tests.models.synthetic import STRUCTURES, toy_case, toy_grid

REAL_CT = Path(__file__).parents[3] / "shared" / "data" / "ct_dicom"


class Thresholder(nn.Module):
    """Knows the toy anatomy: Ball_R is over 200 HU, Ball_L from 100 to 200 HU."""

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        hu = image * 500 + 100
        right, left = (hu - 200) / 10, 5 - (hu - 150).abs() / 10
        return torch.cat([right, left], dim=1)


def _network(**changes: object) -> Network:
    manifest = NetworkManifest(
        name="toy", version=1, title="Toy", architecture="unet3d", options={"channels": [4, 8]},
        structures=STRUCTURES, spacing_mm=3.0, patch=32, weights_sha256="", **changes,  # type: ignore[arg-type]
    )  # fmt: skip
    return Network(manifest, Thresholder(), torch.device("cpu"))


def test_windows_together_give_what_the_network_gives_at_once() -> None:
    class Scale(nn.Module):
        def forward(self, image: torch.Tensor) -> torch.Tensor:
            return image * 3

    image = np.random.default_rng(0).uniform(-0.9, 1, (40, 33, 71)).astype(np.float32)
    seen = predict_probabilities(Scale(), image, Windows(1, 32, 0.5, torch.device("cpu")))[0]
    assert np.abs(seen - 1 / (1 + np.exp(-3 * image))).max() < 5e-3


@pytest.mark.parametrize("flips", list(itertools.product((1, -1), repeat=3)))
def test_organs_are_found_in_every_orientation(flips: tuple[int, int, int]) -> None:
    hu, masks = toy_case(1)
    grid = toy_grid()
    # Ball_R is told from Ball_L by HU alone, so the mirrored view would exchange them: use one-sided names.
    network = _network()
    network = Network(
        NetworkManifest(**(vars(network.manifest) | {"structures": ("Bright", "Dim")})),
        network.module,
        network.device,
    )
    flipped = hu[:: flips[2], :: flips[1], :: flips[0]]
    axes = np.diag([float(f) for f in flips])
    corner = [n - 1 if f < 0 else 0 for n, f in zip(grid.shape_kji[::-1], flips, strict=True)]
    turned = Grid.of(grid.shape_kji, grid.spacing_ijk_mm, grid.to_lps(corner), axes)
    drawn = segment(network, flipped, turned).masks
    for name, truth in zip(("Bright", "Dim"), masks.values(), strict=True):
        assert dice(drawn[name][:: flips[2], :: flips[1], :: flips[0]], truth) > 0.8


def test_a_fine_anisotropic_scan_gets_masks_on_its_own_grid() -> None:
    hu, masks = toy_case(2)
    fine = Grid.of((24, 130, 150), [1.1, 1.1, 5.0], [-80, -70, -60], np.eye(3))
    network = _network()
    network = Network(
        NetworkManifest(**(vars(network.manifest) | {"structures": ("Bright", "Dim")})),
        network.module,
        network.device,
    )
    scan = resample(hu.astype(np.float32), toy_grid(), fine, outside=-1000)
    drawn = segment(network, scan, fine).masks["Bright"]
    truth = resample(masks["Ball_R"].astype(np.float32), toy_grid(), fine, outside=0) > 0.5
    assert drawn.shape == fine.shape_kji
    assert dice(drawn, truth) > 0.75


def _boxes(*columns: int) -> list[npt.NDArray[np.bool_]]:
    made = []
    for column in columns:
        mask = np.zeros((20, 20, 40), dtype=bool)
        mask[8:12, 8:12, column : column + 4] = True
        made.append(mask)
    return made


def test_every_doubt_is_named() -> None:
    grid = Grid.of((20, 20, 40), [2, 2, 2], [0, 0, 0], np.eye(3))
    rules = {name: StructureRule(0.5, (0.4, 0.6)) for name in STRUCTURES}
    manifest = _network(rules=rules).manifest
    right, left = _boxes(5, 30)

    def slugs(a: npt.NDArray[np.bool_], b: npt.NDArray[np.bool_]) -> set[tuple[str, str]]:
        found = check_structures({"Ball_R": a, "Ball_L": b}, grid, manifest)
        return {(f.structure, f.slug) for f in found}

    assert slugs(right, left) == set()
    assert slugs(left, right) == {("Ball_R", "side"), ("Ball_L", "side")}
    assert slugs(right, np.zeros_like(left)) == {("Ball_L", "missing")}
    small, large, cut, parts = right.copy(), right.copy(), right.copy(), right.copy()
    small[10:] = False
    large[6:14] = large[9]
    cut[:12, 8:9, 5:6] = True
    parts[15, 15, 15:25] = True
    assert slugs(small, left) == {("Ball_R", "volume-small")}
    assert slugs(large, left) == {("Ball_R", "volume-large")}
    assert slugs(cut, left) == {("Ball_R", "cut-off")}
    assert ("Ball_R", "parts") in slugs(parts, left)


@pytest.mark.parametrize(
    "direction", [np.eye(3), np.diag([1.0, -1.0, -1.0])], ids=["along LPS", "against it"]
)
def test_a_larynx_above_the_jaw_or_behind_the_cord_is_doubted_with_what_it_lies_wrong_to(
    direction: npt.NDArray[np.float64],
) -> None:
    manifest = replace(_network().manifest, rules={})
    grid = Grid.of((40, 40, 40), [2, 2, 2], np.diag(direction) * -39, direction)

    def found(**places: tuple[float, float]) -> dict[str, tuple[str, str]]:
        masks = {}
        for name, (y, z) in places.items():
            i, j, k = (round(float(n)) for n in grid.to_index([0.0, y, z]))
            masks[name] = np.zeros(grid.shape_kji, dtype=bool)
            masks[name][k : k + 2, j : j + 2, i : i + 2] = True
        return {f.structure: (f.slug, f.detail) for f in check_structures(masks, grid, manifest)}

    right = {"Brainstem": (20.0, 30.0), "Bone_Mandible": (-30.0, 0.0), "SpinalCord": (30.0, -20.0)}
    assert found(**right, Larynx=(-10.0, -20.0)) == {}
    above = ("order", "Bone_Mandible lies below Larynx")
    assert found(**right, Larynx=(-10.0, 10.0)) == {"Larynx": above, "Bone_Mandible": above}
    behind = ("order", "SpinalCord lies before Larynx")
    assert found(**right, Larynx=(36.0, -20.0))["SpinalCord"] == behind


def test_a_contour_of_faint_probability_is_doubted_where_the_version_says_how_faint() -> None:
    grid = Grid.of((12, 12, 12), [3, 3, 3], [0, 0, 0], np.eye(3))
    probability = np.zeros((2, 12, 12, 12), dtype=np.float16)
    probability[:, 4:8, 4:8, 2:5] = 0.55
    probability[1, 4:8, 4:8, 2:5] = 0.98
    rules = {name: StructureRule(0.5, least_expected=0.8) for name in STRUCTURES}
    version = replace(_network(rules=rules).manifest, structures=STRUCTURES)

    def unsure(manifest: NetworkManifest) -> list[str]:
        drawn = draw_structures(manifest, Prediction(probability, grid), grid)
        assert drawn.masks["Ball_R"].any()
        return [f.structure for f in drawn.findings if f.slug == "unsure"]

    assert unsure(version) == ["Ball_R"]
    assert unsure(replace(version, rules={})) == []


def _packed() -> tuple[NetworkManifest, bytes]:
    from models.networks import build_network

    manifest = _network().manifest
    module = build_network("unet3d", 2, {"channels": (4, 8)})
    packed = pack_weights(module.state_dict())
    return with_weights(manifest, packed), packed


def test_weights_and_manifest_survive_the_round_trip() -> None:
    manifest, packed = _packed()
    again = NetworkManifest.from_json(manifest.to_json())
    assert again.to_json() == manifest.to_json()
    assert load_network(again, packed).manifest.structures == STRUCTURES


def test_weights_that_are_not_the_manifests_are_refused() -> None:
    manifest, packed = _packed()
    with pytest.raises(WeightsError, match="SHA-256"):
        load_network(manifest, packed[:-1] + b"\0")
    pickle_like = b"\x80\x04K\x01."
    with pytest.raises(WeightsError, match="not safetensors"):
        load_network(with_weights(manifest, pickle_like), pickle_like)
    other = pack_weights({"a": torch.zeros(1)})
    with pytest.raises(WeightsError, match="do not fit"):
        load_network(with_weights(manifest, other), other)
    with pytest.raises(WeightsError, match="unknown schema or architecture"):
        NetworkManifest.from_json(manifest.to_json() | {"architecture": "os.system"})


@pytest.mark.parametrize("thickness", [2, 6, 10])
def test_slices_that_show_only_the_cord_are_seen(thickness: int) -> None:
    """Cropped images leave a thin column beside the body's slices; a couch, thin or thick, stays outside."""
    hu = np.full((40, 60, 60), -1000, dtype=np.int16)
    hu[:25, 10:45, 10:50] = 20
    hu[25:, 27:30, 29:32] = 30
    hu[:, 48 : 48 + thickness, :] = 10
    grid = Grid.of(hu.shape, (3.0, 3.0, 3.0), (0.0, 0.0, 0.0), np.eye(3))
    volume = prepare_ct(hu, grid, 3.0)
    assert volume.hu_kji.shape[0] == 40
    assert (volume.hu_kji[30] > -300).sum() == 9
    assert volume.hu_kji.shape[1] == 35, "the couch is left out"


def test_pieces_of_a_scan_cut_to_its_targets_are_kept() -> None:
    """Two shoulders beside a neck, a chin before it, and slices that hang on nothing."""
    hu = np.full((30, 60, 60), -1000, dtype=np.float32)
    pieces = [
        np.s_[:20, 20:50, 20:40],
        np.s_[:8, 25:50, 2:14],
        np.s_[15:19, 5:14, 24:36],
        np.s_[24:, 20:50, 20:40],
    ]
    for piece in pieces:
        hu[piece] = 20
    assert (find_patient(hu) == (hu > 0)).all()


@pytest.mark.shared_data
def test_the_curved_table_of_a_real_scan_is_left_out_and_the_arms_are_kept() -> None:
    if not REAL_CT.is_dir():
        pytest.skip(f"a real CT is not at {REAL_CT}")
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(REAL_CT)))
    image = reader.Execute()
    volume = prepare_ct(sitk.GetArrayFromImage(image), grid_of(image), 3.0)
    patient_depth = round(255 / 3)
    behind = volume.body_kji[:, patient_depth:]
    assert behind.sum() < 200, "but for crumbs, the table is gone"
    width = np.flatnonzero(volume.body_kji.any(axis=(0, 1)))
    assert (width[-1] - width[0]) * 3 > 480, "both arms are there"


def test_a_full_gpu_takes_fewer_windows_then_leaves_it_to_the_processor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The memory error is made up: this machine has no GPU."""
    image = np.random.default_rng(0).uniform(-0.9, 1, (40, 33, 71)).astype(np.float32)
    network = nn.Conv3d(1, 1, 3, padding=1)
    expected = predict_probabilities(network, image, Windows(1, 32, 0.5, torch.device("cpu")))
    honest = sliding_window._weighted_sum

    def full(*given: Any) -> torch.Tensor:
        if given[3][0].device.type == "cuda":
            raise torch.OutOfMemoryError("CUDA out of memory")
        return honest(*given)

    monkeypatch.setattr(sliding_window, "_weighted_sum", full)
    monkeypatch.setattr(nn.Conv3d, "parameters", lambda self: iter(()))  # as if they lay on the GPU
    told: list[int] = []
    windows = Windows(1, 32, 0.5, torch.device("cuda"), told.append)
    assert np.array_equal(predict_probabilities(network, image, windows), expected)
    assert told == [4, 2, 1, 0]


def test_several_windows_at_once_give_what_one_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    image = np.random.default_rng(0).uniform(-0.9, 1, (40, 33, 71)).astype(np.float32)
    network, windows = nn.Conv3d(1, 1, 3, padding=1), Windows(1, 32, 0.5, torch.device("cpu"))
    one = predict_probabilities(network, image, windows)
    honest = sliding_window._weighted_sum
    monkeypatch.setattr(
        sliding_window, "_weighted_sum", lambda *given: honest(*given[:3], (given[3][0], 5, given[3][2]))
    )
    assert np.abs(predict_probabilities(network, image, windows) - one).max() < 2e-3


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_voxels_that_are_no_numbers_are_counted_and_placed(wrong: float) -> None:
    hu = toy_case(1)[0].astype(np.float32)
    hu[3, 4, 5] = hu[6, 7, 8] = wrong
    with pytest.raises(match=r"2 voxels are no numbers, the first at \(k, j, i\) = \(3, 4, 5\)"):
        segment(_network(), hu, toy_grid())


@pytest.mark.parametrize("flip", [1, -1])
def test_smoothing_only_the_dense_box_changes_nothing_of_the_body(flip: int) -> None:
    """A body in much air, on a grid that is finer than the network's."""
    grid = Grid.of((60, 220, 240), [1.0, 1.0, 2.0], [-50, -60, 30], np.diag([1.0, float(flip), float(flip)]))
    hu = np.full(grid.shape_kji, -1000, dtype=np.int16)
    hu[20:50, 90:150, 80:170] = np.random.default_rng(0).normal(40, 20, (30, 60, 90))
    whole = resample(hu, grid, lps_grid(grid, 3.0), outside=-1024.0)
    boxed = _resample_dense(hu, grid, lps_grid(grid, 3.0))
    near = boxed > -990
    assert near.sum() > 4000
    assert np.abs(whole - boxed)[near].max() < 1.0
    assert (whole[~near] < -900).all()


OPENKBP = Path(__file__).parents[3] / "shared" / "data" / "openkbp" / "pt_201"


@pytest.mark.skipif(not OPENKBP.exists(), reason="../shared/data/openkbp is not there")
def test_organs_of_a_real_patient_are_those_that_whole_image_smoothing_gave(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On a grid of 1.5 mm, where smoothing matters, by SimpleITK and by a matrix per axis."""
    folder = Path(__file__).parents[2] / "models" / "weights" / "head-neck-oar" / "1"
    manifest = NetworkManifest.from_json(json.loads((folder / "manifest.json").read_text()))
    network = load_network(manifest, (folder / "weights.safetensors").read_bytes())
    hu, grid = read_nifti(OPENKBP / "ct.nii.gz")
    fine = lps_grid(grid, 1.5)
    fine = part_of(fine, (slice(60, 160), *(slice(0, n) for n in fine.shape_kji[1:])))
    scan = np.rint(resample(hu, grid, fine, outside=-1000)).astype(np.int16)
    drawn = segment(network, scan, fine).masks
    monkeypatch.setattr(resampling, "_parallel_lines", lambda *_: None)
    expected = segment(network, scan, fine).masks
    assert sum(mask.any() for mask in expected.values()) >= 5
    assert min(dice(drawn[name], expected[name]) for name in expected) > 0.999
