"""Small networks of other people, made here: a MONAI bundle and an nnU-Net results folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from models.foreign.files import read_files
from models.foreign.imported import Wanted
from models.foreign.importing import Version, import_network

UNET: dict[str, Any] = {
    "_target_": "UNet", "spatial_dims": 3, "in_channels": 1, "out_channels": 3, "channels": [4, 8],
    "strides": [2], "num_res_units": 1, "norm": "batch",
}  # fmt: skip
CHANNELS = {"0": "background", "1": "parotid_left", "2": "thing"}
PLAN_KERNELS, PLAN_STRIDES = [[1, 3, 3], [3, 3, 3]], [[1, 1, 1], [1, 2, 2]]


def metadata(**changes: Any) -> dict[str, Any]:
    """The metadata of the bundle."""
    image = {"modality": "CT", "num_channels": 1}
    pred = {"num_channels": 3, "channel_def": CHANNELS}
    return {
        "name": "Toy bundle", "version": "1.2.3",
        "network_data_format": {"inputs": {"image": image}, "outputs": {"pred": pred}},
    } | changes  # fmt: skip


def inference(**changes: Any) -> dict[str, Any]:
    """A configuration in the way of MONAI's model zoo."""
    image = {"keys": "image"}
    return {
        "imports": ["$import glob"],
        "bundle_root": ".",
        "roi": [16, 16, 16],
        "network_def": UNET,
        "network": "$@network_def.to('cpu')",
        "preprocessing": {
            "_target_": "Compose",
            "transforms": [
                {"_target_": "LoadImaged", **image},
                {"_target_": "EnsureChannelFirstd", **image},
                {"_target_": "Orientationd", **image, "axcodes": "RAS"},
                {"_target_": "Spacingd", **image, "pixdim": [4.0, 4.0, 5.0], "mode": "bilinear"},
                {
                    "_target_": "ScaleIntensityRanged", **image, "a_min": -200, "a_max": 300, "b_min": 0.0,
                    "b_max": 1.0, "clip": True,
                },
            ],
        },
        "inferer": {"_target_": "SlidingWindowInferer", "roi_size": "@roi", "overlap": 0.5},
        "postprocessing": {
            "_target_": "Compose",
            "transforms": [
                {"_target_": "Activationsd", "keys": "pred", "softmax": True},
                {"_target_": "Invertd", "keys": "pred", "transform": "@preprocessing"},
                {"_target_": "AsDiscreted", "keys": "pred", "argmax": True},
            ],
        },
    } | changes  # fmt: skip


def unet(seed: int = 1) -> nn.Module:
    """The bundle's network with weights by chance, loud enough to draw something of everything."""
    from monai.networks.nets import UNet

    torch.manual_seed(seed)
    module = UNet(**{key: value for key, value in UNET.items() if key != "_target_"})
    return loud(module)


def loud(module: nn.Module) -> nn.Module:
    """Ready to predict, with outputs far from a tie."""
    with torch.no_grad():
        for value in module.parameters():
            value.mul_(1.5)
    return module.eval()


def write_bundle(folder: Path, module: nn.Module | None = None, **changes: Any) -> Path:
    """A bundle below `folder`; `inference`, `metadata` and `weights` (a callable) change its parts."""
    root = folder / "toy_bundle"
    for name in ("configs", "models"):
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / "configs" / "metadata.json").write_text(json.dumps(changes.get("metadata", metadata())))
    (root / "configs" / "inference.json").write_text(json.dumps(changes.get("inference", inference())))
    if module is not None:
        torch.save(module.state_dict(), root / "models" / "model.pt")
    return root


def nnunet_plans(residual: bool = False) -> dict[str, Any]:
    """plans.json of a small 3d_fullres configuration, as nnU-Net 2.5 writes it."""
    arguments = {
        "n_stages": 2, "features_per_stage": [4, 8], "conv_op": "torch.nn.modules.conv.Conv3d",
        "kernel_sizes": PLAN_KERNELS, "strides": PLAN_STRIDES,
        "n_blocks_per_stage" if residual else "n_conv_per_stage": [1, 2], "n_conv_per_stage_decoder": [1],
        "conv_bias": True, "norm_op": "torch.nn.modules.instancenorm.InstanceNorm3d",
        "norm_op_kwargs": {"eps": 1e-05, "affine": True}, "dropout_op": None, "dropout_op_kwargs": None,
        "nonlin": "torch.nn.LeakyReLU", "nonlin_kwargs": {"inplace": True},
    }  # fmt: skip
    name = "ResidualEncoderUNet" if residual else "PlainConvUNet"
    configuration = {
        "patch_size": [8, 16, 16], "spacing": [6.0, 3.5, 3.5], "normalization_schemes": ["CTNormalization"],
        "use_mask_for_norm": [False],
        "architecture": {
            "network_class_name": f"dynamic_network_architectures.architectures.unet.{name}",
            "arch_kwargs": arguments,
        },
    }  # fmt: skip
    intensities = {"mean": 40.0, "std": 90.0, "percentile_00_5": -150.0, "percentile_99_5": 260.0}
    return {
        "dataset_name": "Dataset900_Toy", "image_reader_writer": "SimpleITKIO",
        "transpose_forward": [0, 1, 2],
        "foreground_intensities_per_channel": {"0": intensities},
        "configurations": {"3d_fullres": configuration},
    }  # fmt: skip


def nnunet_network(seed: int, residual: bool = False, outputs: int = 3) -> nn.Module:
    """The same network by nnU-Net's own library."""
    from dynamic_network_architectures.architectures.unet import PlainConvUNet, ResidualEncoderUNet

    torch.manual_seed(seed)
    shared: dict[str, Any] = {
        "input_channels": 1, "n_stages": 2, "features_per_stage": [4, 8], "conv_op": nn.Conv3d,
        "kernel_sizes": PLAN_KERNELS, "strides": PLAN_STRIDES, "num_classes": outputs,
        "n_conv_per_stage_decoder": [1], "conv_bias": True, "norm_op": nn.InstanceNorm3d,
        "norm_op_kwargs": {"eps": 1e-05, "affine": True}, "nonlin": nn.LeakyReLU,
        "nonlin_kwargs": {"inplace": True},
    }  # fmt: skip
    if residual:
        return loud(ResidualEncoderUNet(**shared, n_blocks_per_stage=[1, 2]))
    return loud(PlainConvUNet(**shared, n_conv_per_stage=[1, 2]))


def write_results(
    folder: Path, modules: list[nn.Module], plans: dict[str, Any], dataset: dict[str, Any] | None = None
) -> Path:
    """A results folder with one fold for each network; checkpoints hold what nnU-Net's do."""
    root = folder / "nnUNetTrainer__nnUNetPlans__3d_fullres"
    root.mkdir(parents=True)
    labels = {"background": 0, "parotid_left": 1, "parotid_right": 2}
    described = dataset or {"channel_names": {"0": "CT"}, "labels": labels, "file_ending": ".nii.gz"}
    (root / "plans.json").write_text(json.dumps(plans))
    (root / "dataset.json").write_text(json.dumps(described))
    for number, module in enumerate(modules):
        (root / f"fold_{number}").mkdir()
        checkpoint = {
            "network_weights": module.state_dict(),
            "optimizer_state": {"state": {}, "param_groups": [{"lr": 0.01}]},
            "grad_scaler_state": None,
            "logging": {"mean_fg_dice": [np.float64(0.5)], "ema_fg_dice": [np.float32(0.25)]},
            "_best_ema": np.float64(0.5),
            "current_epoch": 3,
            "init_args": {"configuration": "3d_fullres", "fold": number, "plans": plans},
            "trainer_name": "nnUNetTrainer",
            "inference_allowed_mirroring_axes": (0, 1, 2),
        }
        torch.save(checkpoint, root / f"fold_{number}" / "checkpoint_final.pth")
    return root


def imported(path: Path, **wanted: Any) -> Version:
    """What the importer makes of a folder or zip."""
    return import_network(read_files(path), Wanted(**wanted))
