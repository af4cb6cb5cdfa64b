"""Networks from elsewhere that are not what they should be: each refused by type, with what and where."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from models.foreign.errors import ForeignCode, ForeignUnreadable, ForeignUnsupported
from models.registry.network import WeightsError
from tests.models.foreign import (
    UNET,
    imported,
    inference,
    metadata,
    nnunet_network,
    nnunet_plans,
    unet,
    write_bundle,
    write_results,
)


class Canary:
    """A pickle that makes a file when it is loaded without care."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return os.mkdir, (self.path,)


def described(channels: dict[str, str], **image: Any) -> dict[str, Any]:
    body = metadata()
    body["network_data_format"]["outputs"]["pred"]["channel_def"] = channels
    body["network_data_format"]["inputs"]["image"] |= image
    return body


def transforms(*steps: dict[str, Any]) -> dict[str, Any]:
    return inference(preprocessing={"_target_": "Compose", "transforms": list(steps)})


CASES: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "another class": (
        {"inference": inference(network_def=UNET | {"_target_": "scripts.net.Mine"})},
        ForeignCode, "network_def: `scripts.net.Mine` is code of the bundle",
    ),
    "a class of MONAI that is not known": (
        {"inference": inference(network_def=UNET | {"_target_": "monai.networks.nets.DiffusionModelUNet"})},
        ForeignUnsupported, "network_def: the network `DiffusionModelUNet`",
    ),
    "an expression as argument": (
        {"inference": inference(network_def=UNET | {"channels": "$__import__('os').listdir()"})},
        ForeignCode, "network_def#channels",
    ),
    "an argument that is built": (
        {"inference": inference(network_def=UNET | {"act": {"_target_": "os.system"}})},
        ForeignCode, "network_def#act",
    ),
    "two dimensions": (
        {"inference": inference(network_def=UNET | {"spatial_dims": 2})},
        ForeignUnsupported, "network_def#spatial_dims",
    ),
    "channels out of all proportion": (
        {"inference": inference(network_def=UNET | {"channels": [10**9, 10**9]})},
        ForeignUnsupported, "network_def#channels#0",
    ),
    "an unknown argument": (
        {"inference": inference(network_def=UNET | {"wings": 2})}, ForeignUnsupported, "network_def",
    ),
    "a Lambda": (
        {"inference": transforms({"_target_": "Lambdad", "keys": "image", "func": "$lambda x: x"})},
        ForeignCode, "preprocessing#transforms#0#func",
    ),
    "a transform that is not known": (
        {"inference": transforms({"_target_": "RandGaussianNoised", "keys": "image"})},
        ForeignUnsupported, "preprocessing#transforms#0",
    ),
    "a transform of its own": (
        {"inference": transforms({"_target_": "scripts.mine.Shout"})},
        ForeignCode, "preprocessing#transforms#0",
    ),
    "an argument of a transform": (
        {"inference": transforms({"_target_": "Orientationd", "axcodes": "RAS", "as_closest": True})},
        ForeignUnsupported, "preprocessing#transforms#0#as_closest",
    ),
    "a reference that goes nowhere": (
        {"inference": inference(inferer="@nowhere")}, ForeignUnsupported, "there is no 'nowhere'",
    ),
    "a reference to itself": (
        {"inference": inference(inferer="@inferer")}, ForeignUnsupported, "nested too deeply",
    ),
    "another inferer": (
        {"inference": inference(inferer={"_target_": "SimpleInferer"})}, ForeignUnsupported, "inferer",
    ),
    "no activation": (
        {"inference": inference(postprocessing=[])}, ForeignUnsupported, "postprocessing: neither softmax",
    ),
    "too few labels": (
        {"metadata": described({"0": "background", "1": "a"})},
        ForeignUnsupported, "2 labels, but the network has 3",
    ),
    "labels without a number": (
        {"metadata": described({"0": "background", "1": "a", "3": "b"})}, ForeignUnsupported, "channel_def",
    ),
    "another modality": (
        {"metadata": described({"0": "background", "1": "a", "2": "b"}, modality="US")},
        ForeignUnsupported, "'US'",
    ),
    "no description of channels": (
        {"metadata": {"name": "x"}}, ForeignUnsupported, "network_data_format",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_a_bundle_declares_is_refused_by_its_key(tmp_path: Path, case: str) -> None:
    changes, kind, words = CASES[case]
    with pytest.raises(kind) as refused:
        imported(write_bundle(tmp_path, unet(), **changes))
    assert type(refused.value) is kind
    assert words in str(refused.value)


def test_a_pickle_with_code_does_not_run(tmp_path: Path) -> None:
    root, canary = write_bundle(tmp_path), tmp_path / "canary"
    torch.save({"weights": Canary(canary)}, root / "models" / "model.pt")
    with pytest.raises(ForeignUnreadable, match="nothing of it was run"):
        imported(root)
    results = write_results(tmp_path, [nnunet_network(1)], nnunet_plans())
    torch.save({"network_weights": Canary(canary)}, results / "fold_0" / "checkpoint_final.pth")
    with pytest.raises(ForeignUnreadable, match="fold_0/checkpoint_final"):
        imported(results)
    assert not canary.exists()
    torch.load(results / "fold_0" / "checkpoint_final.pth", weights_only=False)
    assert canary.exists(), "the canary itself does nothing: the test proves nothing"


def test_an_old_pickle_is_not_even_looked_at(tmp_path: Path) -> None:
    root, canary = write_bundle(tmp_path), tmp_path / "canary"
    torch.save(Canary(canary), root / "models" / "model.pt", _use_new_zipfile_serialization=False)
    with pytest.raises(ForeignUnreadable, match="zip format"):
        imported(root)
    assert not canary.exists()


@pytest.mark.filterwarnings("ignore:`torch.jit")
def test_torchscript_is_read_only_where_that_bundle_was_allowed(tmp_path: Path) -> None:
    root, module = write_bundle(tmp_path), unet()
    traced = torch.jit.trace(module, torch.zeros(1, 1, 16, 16, 16))
    traced.save(str(root / "models" / "model.ts"))
    with pytest.raises(ForeignCode, match="the SHA-256 of this one is") as refused:
        imported(root)
    sha256 = str(refused.value).rsplit(" ", 1)[-1]
    with pytest.raises(ForeignCode):
        imported(root, allow_code="0" * 64)
    assert imported(root, allow_code=sha256).manifest.structures == ("Parotid_L", "thing")


def test_weights_of_another_architecture_are_refused(tmp_path: Path) -> None:
    root, module = write_bundle(tmp_path), unet()
    weights = root / "models" / "model.pt"
    whole = module.state_dict()
    first = next(iter(whole))
    torch.save({k: v for k, v in whole.items() if k != first}, weights)
    with pytest.raises(WeightsError, match=f"1 tensors are missing: {first}"):
        imported(root)
    torch.save(whole | {"more": torch.zeros(1)}, weights)
    with pytest.raises(WeightsError, match="not of this architecture: more"):
        imported(root)
    torch.save(whole | {first: torch.zeros(2, 2)}, weights)
    with pytest.raises(WeightsError, match=r"has the shape \(2, 2\)"):
        imported(root)
    torch.save(whole | {first: torch.full_like(whole[first], torch.nan)}, weights)
    with pytest.raises(WeightsError, match="no numbers"):
        imported(root)


def test_a_tensor_that_claims_more_than_it_stores_costs_nothing(tmp_path: Path) -> None:
    root, whole = write_bundle(tmp_path), unet().state_dict()
    first = next(iter(whole))
    torch.save(whole | {first: torch.zeros(1).expand(10**12)}, root / "models" / "model.pt")
    with pytest.raises(WeightsError, match="has the shape"):
        imported(root)


@pytest.mark.parametrize("what", ["model.pt", "configs/metadata.json", "configs/inference.json"])
def test_missing_and_damaged_files_are_named(tmp_path: Path, what: str) -> None:
    root = write_bundle(tmp_path, unet())
    path = root / ("models/model.pt" if what == "model.pt" else what)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ForeignUnreadable, match=path.name):
        imported(root)
    path.unlink()
    with pytest.raises(ForeignUnreadable):
        imported(root)


def zipped(folder: Path, target: Path, method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(target, "w", method) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, f"{folder.name}/{file.relative_to(folder)}")
    return target


def test_a_zip_is_the_same_network_as_its_folder(tmp_path: Path) -> None:
    root = write_bundle(tmp_path, unet())
    one, other = imported(root), imported(zipped(root, tmp_path / "b.zip"))
    assert one == other
    assert one.manifest.source["name"] == "toy_bundle"


def test_a_zip_bomb_is_refused(tmp_path: Path) -> None:
    root = write_bundle(tmp_path, unet())
    (root / "models" / "model.pt").write_bytes(bytes(64 << 20))
    with pytest.raises(ForeignUnreadable, match="inflates more than 200 times"):
        imported(zipped(root, tmp_path / "bomb.zip"))
    with zipfile.ZipFile(tmp_path / "out.zip", "w") as archive:
        archive.writestr("../configs/metadata.json", "{}")
    with pytest.raises(ForeignUnreadable, match="leaves the archive"):
        imported(tmp_path / "out.zip")


def test_a_checkpoint_that_inflates_is_refused(tmp_path: Path) -> None:
    root, module = write_bundle(tmp_path), unet()
    plain = io.BytesIO()
    torch.save(module.state_dict(), plain)
    with zipfile.ZipFile(plain) as read, zipfile.ZipFile(root / "models" / "model.pt", "w") as written:
        for entry in read.namelist():
            written.writestr(entry, read.read(entry), zipfile.ZIP_DEFLATED)
    with pytest.raises(ForeignUnreadable, match="inflates"):
        imported(root)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"patch_size": [64, 64]}, "configurations#3d_fullres#patch_size"),
        ({"previous_stage": "3d_lowres"}, "previous_stage"),
        ({"normalization_schemes": ["Magic"]}, "normalization_schemes"),
        ({"architecture": {"network_class_name": "mine.Net", "arch_kwargs": {}}}, "network_class_name"),
        ({"spacing": [0, 1, 1]}, "spacing"),
    ],
)
def test_what_a_plan_says_is_refused_by_its_key(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    plans = nnunet_plans()
    plans["configurations"]["3d_fullres"] |= change
    with pytest.raises(ForeignUnsupported) as refused:
        imported(write_results(tmp_path, [nnunet_network(1)], plans))
    assert words in str(refused.value)


def test_an_nnunet_with_another_number_of_labels_is_refused(tmp_path: Path) -> None:
    dataset = {"channel_names": {"0": "CT"}, "labels": {"background": 0, "liver": 1}}
    with pytest.raises(WeightsError, match="seg_layers"):
        imported(write_results(tmp_path, [nnunet_network(1)], nnunet_plans(), dataset))
    root = tmp_path / "nnUNetTrainer__nnUNetPlans__3d_fullres"
    channels = {"channel_names": {"0": "CT", "1": "PET"}}
    (root / "dataset.json").write_text(
        json.dumps(dataset | channels | {"labels": {"background": 0, "a": 1, "b": 2}})
    )
    with pytest.raises(ForeignUnsupported, match="one channel"):
        imported(root)


def test_what_is_neither_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "readme.txt").write_text("hello")
    with pytest.raises(ForeignUnreadable, match="neither a MONAI bundle"):
        imported(tmp_path / "x")
    (tmp_path / "y.zip").write_bytes(b"no zip")
    with pytest.raises(ForeignUnreadable, match=r"y\.zip"):
        imported(tmp_path / "y.zip")
