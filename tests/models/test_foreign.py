"""Other people's networks: what they draw here is what they draw by hand."""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy import ndimage

from models.foreign.errors import NotInstalled
from models.foreign.importing import as_version
from models.foreign.totalsegmentator import describe_totalsegmentator
from models.inference.segment import predict_volume, segment
from models.networks import build_network
from models.registry.network import Network, NetworkManifest, load_network
from rt.geometry import Grid
from rt.metrics import dice
from tests.models.foreign import (
    imported,
    inference,
    nnunet_network,
    nnunet_plans,
    unet,
    write_bundle,
    write_results,
)
from tests.models.synthetic import toy_case, toy_grid


def loaded(version: Any) -> Network:
    """The version as a worker loads it from a row and a blob."""
    body = json.loads(json.dumps(version.manifest.to_json()))
    return load_network(NetworkManifest.from_json(body), version.weights)


def oblique() -> Grid:
    """A scan whose slices run from head to foot, slightly turned."""
    turn = np.deg2rad(4)
    direction = [[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, -1]]
    return Grid.of(toy_grid().shape_kji, [3.0, 3.0, 2.5], [-80, -70, 40], direction)


@pytest.mark.parametrize("grid", [toy_grid(), oblique()], ids=["axial", "turned"])
@torch.inference_mode()
def test_a_monai_bundle_draws_as_monai_does(tmp_path: Path, grid: Grid) -> None:
    from monai.data import MetaTensor
    from monai.inferers import SlidingWindowInferer
    from monai.transforms import Orientation, ScaleIntensityRange, Spacing

    module = unet()
    hu, _ = toy_case(1)
    version = imported(write_bundle(tmp_path, module))
    assert version.manifest.structures == ("Parotid_L", "thing")
    assert version.manifest.source["labels"] == {"Parotid_L": "parotid_left", "thing": "thing"}
    drawn = segment(loaded(version), hu, grid).masks

    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ grid.affine  # MONAI thinks in RAS
    image = MetaTensor(torch.from_numpy(hu.astype(np.float32).transpose(2, 1, 0))[None], affine=affine)
    image = Spacing((4.0, 4.0, 5.0), mode="bilinear")(Orientation("RAS", labels=None)(image))
    image = ScaleIntensityRange(-200, 300, 0.0, 1.0, clip=True)(image)
    logits = SlidingWindowInferer((16, 16, 16), 2, 0.5)(image[None].as_tensor(), module)[0]
    placed = _back(logits.softmax(0).numpy(), np.asarray(image.affine), grid)
    winner = placed.argmax(0)
    for channel, name in ((1, "Parotid_L"), (2, "thing")):
        assert (winner == channel).sum() > 500, "the toy draws too little to compare"
        assert dice(drawn[name], winner == channel) > 0.97


def _back(probability: np.ndarray, ras_affine: np.ndarray, grid: Grid) -> np.ndarray:
    """Probabilities (class, x, y, z) of MONAI at the voxel centres of the scan (class, k, j, i)."""
    to_index = np.linalg.inv(ras_affine) @ np.diag([-1.0, -1.0, 1.0, 1.0]) @ grid.affine
    k, j, i = np.indices(grid.shape_kji)
    index = np.einsum("ab,bkji->akji", to_index[:3, :3], np.stack([i, j, k]).astype(float))
    index += to_index[:3, 3][:, None, None, None]
    return np.stack([ndimage.map_coordinates(one, index, order=1, mode="nearest") for one in probability])


@pytest.mark.parametrize("residual", [False, True], ids=["plain", "residual"])
@torch.inference_mode()
def test_an_nnunet_folder_draws_as_its_networks_do(tmp_path: Path, residual: bool) -> None:
    modules = [nnunet_network(seed, residual) for seed in (1, 2)]
    version = imported(write_results(tmp_path, modules, nnunet_plans(residual)), mirror=True)
    assert version.manifest.structures == ("Parotid_L", "Parotid_R")
    assert version.manifest.practice is not None
    assert version.manifest.practice.mirror_axes == (0, 1, 2)
    hu, _ = toy_case(2)
    network = loaded(version)
    drawn = segment(network, hu, toy_grid()).masks
    picture = version.manifest.window.prepare(hu, toy_grid(), 0.0)
    evidence = predict_volume(network, picture)

    shape = np.rint(np.array(hu.shape) * 3.0 / [6.0, 3.5, 3.5]).astype(int)
    values = (np.clip(hu.astype(np.float32), -150, 260) - 40.0) / 90.0
    small = ndimage.zoom(values, shape / hu.shape, order=3, mode="nearest", grid_mode=True)
    small = np.clip(small, values.min(), values.max())
    assert np.array_equal(picture.values_kji, small)
    logits = _windows(modules, torch.from_numpy(small)[None, None])
    back = [
        ndimage.zoom(one, np.array(hu.shape) / shape, order=1, mode="nearest", grid_mode=True)
        for one in logits.softmax(0).numpy()
    ]
    winner = np.argmax(back, axis=0)
    for label, name in enumerate(version.manifest.structures, start=1):
        assert (winner == label).sum() > 500, "the toy draws too little to compare"
        assert dice(evidence.argmax(0) == label, logits.argmax(0).numpy() == label) > 0.995
        assert dice(drawn[name], winner == label) > 0.99


def _windows(modules: list[torch.nn.Module], image: torch.Tensor) -> torch.Tensor:
    """nnU-Net's sliding window over 8 × 16 × 16 voxels, all eight mirrored views, the mean of the folds."""
    size = (8, 16, 16)
    bump = np.zeros(size)
    bump[4, 8, 8] = 1
    weight = ndimage.gaussian_filter(bump, [n / 8 for n in size], mode="constant")
    weight = torch.from_numpy(np.maximum(weight / weight.max(), weight[weight > 0].min())).float()
    total, weights = torch.zeros(3, *image.shape[2:]), torch.zeros(image.shape[2:])
    steps = []
    for extent, window in zip(image.shape[2:], size, strict=True):
        count = int(np.ceil((extent - window) / (window / 2))) + 1
        steps.append([round(n * (extent - window) / max(1, count - 1)) for n in range(count)])
    for k in steps[0]:
        for j in steps[1]:
            for i in steps[2]:
                box = (slice(k, k + 8), slice(j, j + 16), slice(i, i + 16))
                part = image[(slice(None), slice(None), *box)]
                for turned in ([], [2], [3], [4], [2, 3], [2, 4], [3, 4], [2, 3, 4]):
                    seen = [module(part.flip(turned)).flip(turned)[0] for module in modules]
                    total[(slice(None), *box)] += torch.stack(seen).mean(0) * weight / 8
                weights[box] += weight
    return total / weights


@pytest.mark.parametrize("residual", [False, True], ids=["plain", "residual"])
def test_our_nnunet_is_the_librarys(residual: bool) -> None:
    theirs = nnunet_network(3, residual)
    plan = {
        "features": [4, 8], "kernels": [[1, 3, 3], [3, 3, 3]], "strides": [[1, 1, 1], [1, 2, 2]],
        "encoder": [1, 2], "decoder": [1], "bias": True, "norm": {"eps": 1e-5, "affine": True}, "slope": 0.01,
    }  # fmt: skip
    ours = build_network("nnunet", 2, {"plan": plan, "outputs": 3, "residual": residual}).eval()
    ours.load_state_dict(theirs.state_dict())
    image = torch.randn(1, 1, 8, 16, 16)
    assert torch.equal(ours(image), theirs(image))


def test_regions_of_an_nnunet_are_structures_that_overlap(tmp_path: Path) -> None:
    dataset = {
        "channel_names": {"0": "T1"}, "labels": {"background": 0, "whole": [1, 2], "core": [2]},
        "regions_class_order": [1, 2],
    }  # fmt: skip
    plans = nnunet_plans()
    plans["configurations"]["3d_fullres"]["normalization_schemes"] = ["ZScoreNormalization"]
    version = imported(write_results(tmp_path, [nnunet_network(1, outputs=2)], plans, dataset))
    practice, window = version.manifest.practice, version.manifest.window
    assert practice is not None
    assert (practice.activation, practice.channels, practice.mirror_axes) == ("sigmoid", (0, 1), ())
    assert (version.manifest.structures, window.modality) == (("whole", "core"), "MR")


def test_two_labels_that_mean_one_structure_keep_their_names(tmp_path: Path) -> None:
    from tests.models.foreign import metadata

    body = metadata()
    channels = {"0": "background", "1": "parotid_left", "2": "left parotid"}
    body["network_data_format"]["outputs"]["pred"]["channel_def"] = channels
    version = imported(write_bundle(tmp_path, unet(), metadata=body))
    assert version.manifest.structures == ("parotid_left", "left parotid")


def test_sigmoid_outputs_thresholds_and_yaml_are_understood(tmp_path: Path) -> None:
    import yaml

    post = [
        {"_target_": "Activationsd", "keys": "pred", "sigmoid": True},
        {"_target_": "AsDiscreted", "keys": "pred", "threshold": 0.4},
        {"_target_": "KeepLargestConnectedComponentd", "keys": "pred", "applied_labels": [1]},
    ]
    root = write_bundle(tmp_path, unet())
    (root / "configs" / "inference.json").unlink()
    changed = inference(postprocessing={"_target_": "Compose", "transforms": post})
    (root / "configs" / "inference.yaml").write_text(yaml.safe_dump(changed))
    manifest = imported(root).manifest
    assert manifest.practice is not None
    assert manifest.practice.activation == "sigmoid"
    assert [(r.threshold, r.parts) for r in (manifest.rule("Parotid_L"), manifest.rule("thing"))] == [
        (0.4, 1),
        (0.4, 0),
    ]


def test_without_totalsegmentator_the_refusal_says_how() -> None:
    with pytest.raises(NotInstalled, match="pip install TotalSegmentator"):
        describe_totalsegmentator("total")


def test_totalsegmentator_draws_by_its_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a module of two functions in its place: its real weights need the internet."""
    import SimpleITK as sitk

    asked: dict[str, Any] = {}

    def draw(source: Path, target: Path, **options: Any) -> None:
        asked.update(options)
        image = sitk.ReadImage(str(source))
        found = sitk.GetArrayFromImage(image)
        made = sitk.GetImageFromArray(np.where(found > 200, 2, np.where(found > 100, 1, 0)).astype(np.uint8))
        made.CopyInformation(image)
        sitk.WriteImage(made, str(target))

    package = types.ModuleType("totalsegmentator")
    api, maps = (
        types.ModuleType("totalsegmentator.python_api"),
        types.ModuleType("totalsegmentator.map_to_binary"),
    )
    api.totalsegmentator = draw  # type: ignore[attr-defined]
    maps.class_map = {"total": {1: "kidney_left", 2: "kidney_right"}}  # type: ignore[attr-defined]
    for module in (package, api, maps):
        monkeypatch.setitem(sys.modules, module.__name__, module)

    foreign = describe_totalsegmentator("total")
    source = {"kind": "totalsegmentator", "name": "TotalSegmentator", "sha256": "", "labels": foreign.labels}
    version = as_version(foreign, "", source)
    hu, _ = toy_case(1)
    drawn = segment(loaded(version), hu, toy_grid()).masks
    assert (version.manifest.name, version.manifest.structures) == (
        "totalsegmentator-total",
        ("Kidney_L", "Kidney_R"),
    )
    assert asked["task"] == "total"
    assert asked["ml"] is True
    assert np.array_equal(drawn["Kidney_R"], hu > 200)
    assert np.array_equal(drawn["Kidney_L"], (hu > 100) & (hu <= 200))
