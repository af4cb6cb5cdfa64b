"""A results folder of nnU-Net v2 as a network here: plans.json, dataset.json, fold_N/checkpoint_final.pth.

Taken: configurations of volumes (3d_fullres, 3d_lowres) with one channel and one stage, plain or residual
U-Net.  The folds become an ensemble.  The image is cropped, normalised and resampled as the plan says.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from models.foreign.errors import ForeignUnreadable, ForeignUnsupported
from models.foreign.files import ForeignFiles
from models.foreign.imported import Foreign, Wanted, fit_network, number_at, read_json, triple_at, window_at
from models.foreign.labels import our_names
from models.foreign.picture import ForeignPicture, Step
from models.foreign.practice import Practice
from models.foreign.weights import read_checkpoint
from models.registry.network import StructureRule, WeightsError

PLANS, DATASET, CHECKPOINT = "plans.json", "dataset.json", "checkpoint_final.pth"
FOLD = re.compile(r"fold_(\d+|all)/checkpoint_final\.pth")
NETWORKS = {"PlainConvUNet": False, "ResidualEncoderUNet": True}
"""Names of classes, and whether the encoder is residual."""
REORIENTING = "NibabelIOWithReorient"


@dataclass(frozen=True)
class _Plan:
    whole: dict[str, Any]
    part: dict[str, Any]
    where: str

    def get(self, key: str) -> Any:
        """A value of the configuration; ForeignUnsupported when it is not there."""
        if key not in self.part:
            raise ForeignUnsupported("is missing", where=f"{self.where}#{key}")
        return self.part[key]


@dataclass(frozen=True)
class _Outputs:
    labels: dict[str, str]
    channels: tuple[int, ...]
    count: int
    regions: bool


def is_results_folder(files: ForeignFiles) -> bool:
    """True when the files are those of a results folder."""
    return PLANS in files.contents and DATASET in files.contents


def read_results(files: ForeignFiles, wanted: Wanted) -> Foreign:
    """The network of a results folder; a ForeignError or WeightsError says what is wrong and where."""
    dataset = read_json(files.get(DATASET), DATASET)
    folds = sorted(name for name in files.contents if FOLD.fullmatch(name))
    if not folds:
        raise ForeignUnreadable("the file is missing", where=f"fold_0/{CHECKPOINT}")
    checkpoints = [_checkpoint(files, name) for name in folds]
    plan = _plan(read_json(files.get(PLANS), PLANS), checkpoints[0])
    outputs = _outputs(dataset)
    options = {**_network(plan), "outputs": outputs.count}
    members = [
        fit_network("nnunet", options, checkpoint["network_weights"], name)
        for name, checkpoint in zip(folds, checkpoints, strict=True)
    ]
    architecture, weights = "nnunet", members[0]
    if len(members) > 1:
        architecture = "ensemble"
        weights = {f"members.{n}.{key}": value for n, one in enumerate(members) for key, value in one.items()}
        options = {"members": [{"architecture": "nnunet", "options": options}] * len(members)}
    window = window_at(plan.get("patch_size"), f"{plan.where}#patch_size")
    return Foreign(
        kind="nnunet",
        title=str(plan.whole.get("dataset_name") or files.name)[:100],
        architecture=architecture,
        options=options,
        labels=outputs.labels,
        picture=_picture(plan, dataset),
        practice=Practice(
            window, outputs.channels, outputs.count, "sigmoid" if outputs.regions else "softmax",
            blend="nnunet", mirror_axes=_mirror_axes(checkpoints[0]) if wanted.mirror else (),
        ),
        weights=weights,
        rules={name: StructureRule(parts=0, may_be_cut=True) for name in outputs.labels},
        notes=(f"{len(members)} folds, configuration {plan.where.rpartition('#')[2]}",),
    )  # fmt: skip


def _checkpoint(files: ForeignFiles, name: str) -> dict[str, Any]:
    found = read_checkpoint(name, files.get(name), numpy_numbers=True)
    if not isinstance(found, dict) or not isinstance(found.get("network_weights"), dict):
        raise WeightsError("there are no network_weights", where=name)
    return found


def _plan(whole: dict[str, Any], checkpoint: dict[str, Any]) -> _Plan:
    told = checkpoint.get("init_args")
    name = told.get("configuration") if isinstance(told, dict) else None
    name = str(name or "3d_fullres")
    where = f"{PLANS}: configurations#{name}"
    configurations = whole.get("configurations")
    part: dict[str, Any] = {}
    chosen: Any = name
    for _ in range(5):
        found = configurations.get(chosen) if isinstance(configurations, dict) else None
        if not isinstance(found, dict):
            raise ForeignUnsupported("the configuration is missing", where=where)
        part = found | part
        chosen = found.get("inherits_from")
        if chosen is None:
            break
    if part.get("previous_stage"):
        raise ForeignUnsupported("a cascade is not taken", where=f"{where}#previous_stage")
    return _Plan(whole, part, where)


def _network(plan: _Plan) -> dict[str, Any]:
    if "architecture" not in plan.part:
        return {
            "plan": _older(plan),
            "residual": _residual(plan.get("UNet_class_name"), f"{plan.where}#UNet_class_name"),
        }
    where = f"{plan.where}#architecture"
    spec = plan.get("architecture")
    kind = spec.get("network_class_name") if isinstance(spec, dict) else None
    residual = _residual(kind, f"{where}#network_class_name")
    given = spec.get("arch_kwargs")
    if not isinstance(given, dict):
        raise ForeignUnsupported("is missing", where=f"{where}#arch_kwargs")
    for key, known in (("conv_op", "Conv3d"), ("norm_op", "InstanceNorm3d"), ("nonlin", "LeakyReLU")):
        if str(given.get(key)).rpartition(".")[2] != known:
            raise ForeignUnsupported(f"only {known} is understood", where=f"{where}#arch_kwargs#{key}")
    for key in ("dropout_op", "stem_channels", "bottleneck_channels", "nonlin_first"):
        if given.get(key):
            raise ForeignUnsupported("is not understood", where=f"{where}#arch_kwargs#{key}")
    slope = (given.get("nonlin_kwargs") or {}).get("negative_slope", 0.01)
    encoder = given.get("n_blocks_per_stage" if residual else "n_conv_per_stage")
    norm = given.get("norm_op_kwargs") or {}
    return {
        "plan": {
            "features": given.get("features_per_stage"), "kernels": given.get("kernel_sizes"),
            "strides": given.get("strides"), "encoder": encoder,
            "decoder": given.get("n_conv_per_stage_decoder"), "bias": bool(given.get("conv_bias", False)),
            "norm": {"eps": norm.get("eps", 1e-5), "affine": bool(norm.get("affine", False))},
            "slope": number_at(slope, f"{where}#arch_kwargs#nonlin_kwargs"),
        },
        "residual": residual,
    }  # fmt: skip


def _residual(kind: Any, where: str) -> bool:
    name = str(kind).rpartition(".")[2]
    if name not in NETWORKS:
        raise ForeignUnsupported(f"{name!r} is not one of {', '.join(NETWORKS)}", where=where)
    return NETWORKS[name]


def _older(plan: _Plan) -> dict[str, Any]:
    """The network of plans before nnU-Net 2.4, which name sizes in place of arguments."""
    kernels = plan.get("conv_kernel_sizes")
    base = number_at(plan.get("UNet_base_num_features"), f"{plan.where}#UNet_base_num_features")
    most = number_at(plan.get("unet_max_num_features"), f"{plan.where}#unet_max_num_features")
    return {
        "features": [int(min(base * 2**level, most)) for level in range(len(kernels))],
        "kernels": kernels, "strides": plan.get("pool_op_kernel_sizes"),
        "encoder": plan.get("n_conv_per_stage_encoder"), "decoder": plan.get("n_conv_per_stage_decoder"),
        "bias": True, "norm": {"eps": 1e-5, "affine": True}, "slope": 0.01,
    }  # fmt: skip


def _outputs(dataset: dict[str, Any]) -> _Outputs:
    where = f"{DATASET}: labels"
    labels = dataset.get("labels")
    if not isinstance(labels, dict) or labels.get("background") != 0:
        raise ForeignUnsupported("labels with a background of 0 are missing", where=where)
    named = {str(k): v for k, v in labels.items() if k not in ("background", "ignore")}
    if not named:
        raise ForeignUnsupported("there is no label", where=where)
    if any(isinstance(value, list) for value in named.values()):
        order = dataset.get("regions_class_order")
        if not isinstance(order, list) or len(order) != len(named):
            raise ForeignUnsupported(
                "is not of as many regions as labels", where=f"{DATASET}: regions_class_order"
            )
        return _Outputs(our_names(list(named), where), tuple(range(len(named))), len(named), regions=True)
    values = list(named.values())
    if sorted(values, key=str) != sorted(range(1, len(named) + 1), key=str):
        raise ForeignUnsupported("labels are not numbered from 1 on", where=where)
    return _Outputs(
        our_names(list(named), where), tuple(int(v) for v in values), len(named) + 1, regions=False
    )


def _picture(plan: _Plan, dataset: dict[str, Any]) -> ForeignPicture:
    channels = dataset.get("channel_names", dataset.get("modality"))
    if not isinstance(channels, dict) or len(channels) != 1:
        raise ForeignUnsupported("only images of one channel are taken", where=f"{DATASET}: channel_names")
    schemes, masks = plan.get("normalization_schemes"), plan.part.get("use_mask_for_norm") or [False]
    if not isinstance(schemes, list) or len(schemes) != 1:
        raise ForeignUnsupported("not of one channel", where=f"{plan.where}#normalization_schemes")
    steps = _normalisation(plan, str(schemes[0]), bool(masks[0]))
    forward = plan.whole.get("transpose_forward", [0, 1, 2])
    if sorted(forward) != [0, 1, 2]:
        raise ForeignUnsupported("not an order of three axes", where=f"{PLANS}: transpose_forward")
    turned = plan.whole.get("image_reader_writer") == REORIENTING
    spacing = triple_at(plan.get("spacing"), f"{plan.where}#spacing")
    if not all(math.isfinite(n) and n > 0.01 for n in spacing):
        raise ForeignUnsupported("not a spacing in mm", where=f"{plan.where}#spacing")
    return ForeignPicture(
        modality="CT" if schemes[0] == "CTNormalization" else _modality(next(iter(channels.values()))),
        orientation="".join("SAR"[axis] for axis in forward) if turned else "",
        transpose=(0, 1, 2) if turned else (forward[0], forward[1], forward[2]),
        spacing_kji_mm=spacing,
        resize="extent",
        order=3,
        before=(Step("crop", {"positive": False}), *steps),
    )


def _modality(name: Any) -> str:
    return "CT" if re.match(r"CT\b", str(name), re.IGNORECASE) else "MR"


def _normalisation(plan: _Plan, scheme: str, masked: bool) -> tuple[Step, ...]:
    if scheme == "CTNormalization":
        key = "foreground_intensities_per_channel"
        try:
            known = plan.whole[key]["0"]
            low, high, mean, spread = (
                number_at(known[name], f"{PLANS}: {key}#0#{name}")
                for name in ("percentile_00_5", "percentile_99_5", "mean", "std")
            )
        except (KeyError, TypeError) as error:
            raise ForeignUnsupported("is missing", where=f"{PLANS}: {key}") from error
        shift = Step("shift", {"subtract": mean, "divide": max(spread, 1e-8)})
        return Step("clip", {"low": low, "high": high}), shift
    if scheme == "ZScoreNormalization":
        return (Step("standardise", {"within": "filled" if masked else "all"}),)
    if scheme == "RescaleTo01Normalization":
        return (Step("min_max", {"minv": 0.0, "maxv": 1.0}),)
    if scheme == "NoNormalization":
        return ()
    raise ForeignUnsupported(f"{scheme!r} is not understood", where=f"{plan.where}#normalization_schemes")


def _mirror_axes(checkpoint: dict[str, Any]) -> tuple[int, ...]:
    axes = checkpoint.get("inference_allowed_mirroring_axes") or ()
    return tuple(sorted({int(axis) for axis in axes if axis in (0, 1, 2)}))
