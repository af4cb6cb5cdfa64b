"""A version for other people's software: as a MONAI bundle, or as ONNX.

The bundle declares what MONAI's transforms can say, and carries our manifest, by which our own importer
reads back the very same network.  Architectures of our own come with their source in `scripts/`, which
MONAI imports (and our importer never does).
"""

from __future__ import annotations

import inspect
import io
import json
import warnings
import zipfile
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np
import torch
from safetensors.torch import load, save
from torch import nn

from models.foreign.errors import ForeignUnreadable, ForeignUnsupported, NotInstalled
from models.foreign.files import ForeignFiles
from models.foreign.imported import fit_network, number_at, read_json
from models.foreign.labels import our_names
from models.foreign.totalsegmentator import ARCHITECTURE
from models.foreign.weights import read_weights
from models.inference.anatomy import COMPLETIONS
from models.networks import build_network
from models.networks.ensemble import Ensemble
from models.networks.side_by_side import SideBySide
from models.networks.subpixel_unet3d import SubpixelUNet3D
from models.networks.unet3d import UNet3D
from models.preprocessing import CtWindow
from models.registry.network import NetworkManifest, first_stage, load_weights
from models.registry.package import with_weights

OPSET = 17
OURS: dict[str, type[nn.Module]] = {
    "unet3d": UNet3D,
    "subpixel_unet3d": SubpixelUNet3D,
    "ensemble": Ensemble,
    "side_by_side": SideBySide,
}
"""Each in one file that needs nothing else of ours."""
METADATA, MODEL = "configs/metadata.json", "models/model.pt"
MANIFEST = "rinkaku"
"""Key of the metadata under which our manifest stands."""
_DATE = (2020, 1, 1, 0, 0, 0)
"""Of all files in a bundle, so that the same version gives the same bytes."""


def export_bundle(manifest: NetworkManifest, weights: bytes, card: str) -> bytes:
    """A zip that holds a MONAI bundle; ForeignUnsupported for a network that is not one of OURS.

    Of a version with a second network the first one alone.
    """
    if manifest.practice is not None or manifest.architecture == ARCHITECTURE:
        raise ForeignUnsupported("it came from elsewhere: pass on the original", where=manifest.architecture)
    if manifest.architecture not in OURS:
        raise ForeignUnsupported("its source cannot stand alone in a bundle", where=manifest.architecture)
    manifest, weights = without_close_up(manifest, weights)
    load_weights(manifest, weights)
    tensors = io.BytesIO()
    torch.save(load(weights), tensors)
    root = f"{manifest.name}-{manifest.version}"
    files: dict[str, bytes] = {
        METADATA: _json(_metadata(manifest)),
        "configs/inference.json": _json(_inference(manifest)),
        MODEL: tensors.getvalue(),
        "docs/README.md": card.encode(),
        "scripts/__init__.py": b"",
    }
    for one in _parts(manifest.architecture, manifest.options):
        source = inspect.getsource(import_module(OURS[one].__module__))
        files[f"scripts/{one}.py"] = source.encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(f"{root}/{name}", _DATE), data, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def export_onnx(manifest: NetworkManifest, weights: bytes) -> bytes:
    """The network for one window of the size it was trained on, input `image` and output `logits`.

    The manifest stands in the model's metadata; of a version with a second network it is the first one alone.
    NotInstalled without the library `onnx`.
    """
    try:
        onnx = import_module("onnx")
    except ImportError as error:
        raise NotInstalled("ONNX needs the library onnx: pip install onnx", where="onnx") from error
    options = {k: tuple(v) if isinstance(v, list) else v for k, v in manifest.options.items()}
    if manifest.architecture == ARCHITECTURE:
        raise ForeignUnsupported("it is a library, not a network", where=manifest.architecture)
    manifest, weights = without_close_up(manifest, weights)
    module = build_network(manifest.architecture, len(manifest.structures), options)
    module.load_state_dict(load_weights(manifest, weights))
    size = manifest.practice.patch_kji if manifest.practice else (manifest.patch,) * 3
    made = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the tracer, about shapes that are fixed here
        torch.onnx.export(
            module.eval(), (torch.zeros(1, 1, *size),), made, dynamo=False, opset_version=OPSET,  # type: ignore[arg-type]
            input_names=["image"], output_names=["logits"],
        )  # fmt: skip
    model = onnx.load_model_from_string(made.getvalue())
    onnx.helper.set_model_props(model, {MANIFEST: json.dumps(manifest.to_json())})
    packed: bytes = model.SerializeToString()
    return packed


def without_close_up(manifest: NetworkManifest, weights: bytes) -> tuple[NetworkManifest, bytes]:
    """The first network alone of a version with two: neither format can say where the second one looks."""
    if manifest.close_up is None:
        return manifest, weights
    load_weights(manifest, weights)
    alone = save(first_stage(load(weights)))
    return with_weights(replace(manifest, close_up=None), alone), alone


def is_ours(files: ForeignFiles) -> bool:
    """True when the files are a bundle that `export_bundle` wrote."""
    return METADATA in files.contents and MANIFEST in read_json(files.contents[METADATA], METADATA)


def read_ours(files: ForeignFiles) -> tuple[NetworkManifest, bytes]:
    """Manifest and weights of a bundle that says it is ours; nothing of it is believed unchecked."""
    body = read_json(files.get(METADATA), METADATA)[MANIFEST]
    where = f"{METADATA}: {MANIFEST}"
    if not isinstance(body, dict) or any(body.get(key) is not None for key in ("practice", "close_up")):
        raise ForeignUnreadable("not a manifest of ours", where=where)
    manifest = NetworkManifest.from_json(body)
    if manifest.architecture not in OURS or manifest.completion not in ("", *COMPLETIONS):
        raise ForeignUnsupported("an architecture or completion that is not ours", where=where)
    if not 0.2 <= number_at(manifest.spacing_mm, f"{where}#spacing_mm") <= 20:
        raise ForeignUnsupported("not a spacing in mm", where=f"{where}#spacing_mm")
    if manifest.patch not in range(8, 513) or not isinstance(manifest.title, str):
        raise ForeignUnsupported("not a window's size, or no title", where=f"{where}#patch")
    for name, rule in manifest.rules.items():
        sizes = (*(min(v, 1e4) for v in rule.volume_cc), rule.smallest_cc)
        for value in (rule.threshold, *sizes, rule.parts):
            number_at(value, f"{where}#rules#{name}")
    our_names(manifest.structures, f"{where}#structures")
    tensors = read_weights(MODEL, files.get(MODEL))
    fitted = fit_network(manifest.architecture, manifest.options, tensors, MODEL, len(manifest.structures))
    return replace(manifest, title=manifest.title[:100]), save(fitted)


def _parts(architecture: str, options: dict[str, Any]) -> set[str]:
    """The architectures of our own that a network is made of."""
    members = options.get("members", [])
    return {architecture}.union(*(_parts(one["architecture"], one["options"]) for one in members))


def _declared(architecture: str, options: dict[str, Any], structures: int) -> dict[str, Any]:
    """`network_def`: the class in scripts/ with its arguments."""
    target = {"_target_": f"scripts.{architecture}.{OURS[architecture].__name__}"}
    if members := options.get("members"):
        counts = [m.get("structures", structures) for m in members]
        parts = zip(members, counts, strict=True)
        return target | {"members": [_declared(m["architecture"], m["options"], n) for m, n in parts]}
    return target | {"structures": structures} | options


def _inference(manifest: NetworkManifest) -> dict[str, Any]:
    image = {"keys": "image"}
    if isinstance(manifest.window, CtWindow):
        scaled = {
            "_target_": "ScaleIntensityRanged", **image, "a_min": manifest.window.low_hu,
            "a_max": manifest.window.high_hu, "b_min": -1.0, "b_max": 1.0, "clip": True,
        }  # fmt: skip
    else:
        scaled = {
            "_target_": "ScaleIntensityRangePercentilesd", **image, "lower": 0.0, "upper": 98.5,
            "b_min": -1.0, "b_max": 1.0, "clip": False,
        }  # fmt: skip
    return {
        "bundle_root": ".",
        "device": "$torch.device('cuda' if torch.cuda.is_available() else 'cpu')",
        "network_def": _declared(manifest.architecture, manifest.options, len(manifest.structures)),
        "network": "$@network_def.to(@device)",
        "preprocessing": {
            "_target_": "Compose",
            "transforms": [
                {"_target_": "LoadImaged", **image},
                {"_target_": "EnsureChannelFirstd", **image},
                {"_target_": "Orientationd", **image, "axcodes": "SPL", "labels": None},
                {"_target_": "Spacingd", **image, "pixdim": [manifest.spacing_mm] * 3, "mode": "bilinear"},
                scaled,
            ],
        },
        "inferer": {
            "_target_": "SlidingWindowInferer", "roi_size": [manifest.patch] * 3, "sw_batch_size": 1,
            "overlap": 0.5, "mode": "gaussian", "padding_mode": "constant", "cval": -1.0,
        },
        "postprocessing": {
            "_target_": "Compose",
            "transforms": [
                {"_target_": "Activationsd", "keys": "pred", "sigmoid": True},
                {"_target_": "AsDiscreted", "keys": "pred", "threshold": _threshold(manifest)},
            ],
        },
    }  # fmt: skip


def _threshold(manifest: NetworkManifest) -> float:
    """The one for all structures that MONAI can say; each structure's own is in our manifest."""
    return float(np.median([manifest.rule(name).threshold for name in manifest.structures]))


def _metadata(manifest: NetworkManifest) -> dict[str, Any]:
    size = [manifest.patch] * 3
    image = {
        "type": "image", "format": "hounsfield" if manifest.window.modality == "CT" else "magnitude",
        "modality": manifest.window.modality, "num_channels": 1, "spatial_shape": size, "dtype": "float32",
        "value_range": [-1, 1], "is_patch_data": True, "channel_def": {"0": "image"},
    }  # fmt: skip
    channels = {str(number): name for number, name in enumerate(manifest.structures)}
    pred = {
        "type": "probabilities", "format": "segmentation", "num_channels": len(channels),
        "spatial_shape": size, "dtype": "float32", "value_range": [0, 1], "is_patch_data": True,
        "channel_def": channels,
    }  # fmt: skip
    return {
        "version": f"{manifest.version}.0.0",
        "changelog": {f"{manifest.version}.0.0": "exported from Rinkaku"},
        "monai_version": "1.6.1",
        "pytorch_version": torch.__version__.partition("+")[0],
        "numpy_version": np.__version__,
        "required_packages_version": {},
        "name": manifest.title,
        "task": "Segmentation of " + ", ".join(manifest.structures),
        "description": "Exported from Rinkaku, which blanks what lies outside the body before the network "
        "sees it, averages in the mirrored picture and cuts each structure at its own "
        "threshold; see docs/README.md.",
        "authors": "the group that trained it",
        "copyright": "see docs/README.md",
        "network_data_format": {"inputs": {"image": image}, "outputs": {"pred": pred}},
        MANIFEST: manifest.to_json(),
    }


def _json(body: dict[str, Any]) -> bytes:
    return (json.dumps(body, indent=1) + "\n").encode()
