"""Versions of ours for other people's software: they give what they give here, and come back unchanged."""

from __future__ import annotations

import importlib
import io
import json
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from models.foreign.errors import ForeignUnsupported
from models.foreign.exporting import export_bundle, export_onnx
from models.inference.segment import segment
from models.networks import build_network
from models.preprocessing import CtWindow
from models.registry.network import NetworkManifest, StructureRule, WeightsError, load_network
from models.registry.package import pack_weights, with_weights
from tests.models.foreign import imported, loud, unet, write_bundle
from tests.models.synthetic import toy_case, toy_grid

PLAIN = {"architecture": "unet3d", "options": {"channels": [4, 8]}}
SUBPIXEL = {"architecture": "subpixel_unet3d", "options": {"channels": [4, 8], "blocks": [1, 1]}}
TOGETHER = {"architecture": "ensemble", "options": {"members": [PLAIN, SUBPIXEL]}}
BESIDE = {
    "architecture": "side_by_side",
    "options": {"members": [PLAIN | {"structures": 1}, SUBPIXEL | {"structures": 1}]},
}
SHAPES = pytest.mark.parametrize(
    "shape", [PLAIN, SUBPIXEL, TOGETHER, BESIDE], ids=lambda one: one["architecture"]
)


def version(shape: dict) -> tuple[NetworkManifest, bytes]:
    torch.manual_seed(1)
    module = loud(build_network(shape["architecture"], 2, shape["options"]))
    packed = pack_weights(
        {k: v * 0 - 0.1 if k.endswith("head.bias") else v for k, v in module.state_dict().items()}
    )
    manifest = NetworkManifest(
        name="toy", version=3, title="Toy", **shape, structures=("Ball_R", "Ball_L"), spacing_mm=6.0,
        patch=16, weights_sha256="", window=CtWindow(-300, 500),
        rules={"Ball_R": StructureRule(0.4, (1.0, 99.0))},
    )  # fmt: skip
    return with_weights(manifest, packed), packed


@SHAPES
@torch.inference_mode()
def test_our_importer_reads_an_exported_bundle_back_with_the_same_result(shape: dict, tmp_path: Path) -> None:
    manifest, packed = version(shape)
    (tmp_path / "toy.zip").write_bytes(export_bundle(manifest, packed, "# Card\n"))
    back = imported(tmp_path / "toy.zip")
    assert (back.manifest.name, back.manifest.source["kind"]) == ("toy", "monai-bundle")
    assert back.manifest.rules == manifest.rules
    hu, _ = toy_case(1)
    before = segment(load_network(manifest, packed), hu, toy_grid()).masks
    after = segment(load_network(back.manifest, back.weights), hu, toy_grid()).masks
    assert any(mask.any() for mask in before.values())
    assert all(np.array_equal(before[name], after[name]) for name in before)


@SHAPES
@torch.inference_mode()
def test_monais_own_tools_load_an_exported_bundle(
    shape: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from monai.bundle import ConfigParser

    manifest, packed = version(shape)
    with zipfile.ZipFile(io.BytesIO(export_bundle(manifest, packed, "# Card\n"))) as archive:
        archive.extractall(tmp_path)
    root = tmp_path / "toy-3"
    monkeypatch.syspath_prepend(str(root))
    for name in [name for name in sys.modules if name.split(".")[0] == "scripts"]:
        monkeypatch.delitem(sys.modules, name)
    importlib.invalidate_caches()
    parser = ConfigParser()
    parser.read_config(str(root / "configs" / "inference.json"))
    parser.read_meta(str(root / "configs" / "metadata.json"))
    theirs = parser.get_parsed_content("network_def")
    theirs.load_state_dict(torch.load(root / "models" / "model.pt", weights_only=True))
    ours = load_network(manifest, packed)
    image = torch.randn(1, 1, 16, 16, 16)
    torch.testing.assert_close(theirs.eval()(image), ours.module(image.to(ours.device)).cpu())
    inferer = parser.get_parsed_content("inferer")
    assert inferer(torch.zeros(1, 1, 20, 20, 20), theirs).shape == (1, 2, 20, 20, 20)
    assert len(parser.get_parsed_content("postprocessing").transforms) == 2
    assert parser["_meta_"]["network_data_format"]["outputs"]["pred"]["channel_def"]["1"] == "Ball_L"
    for name in [name for name in sys.modules if name.split(".")[0] == "scripts"]:
        del sys.modules[name]


@SHAPES
@torch.inference_mode()
def test_onnx_agrees_to_a_thousandth(shape: dict) -> None:
    import onnxruntime

    manifest, packed = version(shape)
    model = export_onnx(manifest, packed)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    network = load_network(manifest, packed)
    image = torch.randn(1, 1, 16, 16, 16)
    (logits,) = session.run(None, {"image": image.numpy()})
    expected = network.module(image.to(network.device)).float().cpu().numpy()
    assert logits.shape == (1, 2, 16, 16, 16)
    assert np.abs(logits - expected).max() < 1e-3
    properties = session.get_modelmeta().custom_metadata_map
    assert json.loads(properties["rinkaku"])["structures"] == ["Ball_R", "Ball_L"]


def test_an_imported_network_goes_out_as_onnx_but_not_as_a_bundle_of_ours(tmp_path: Path) -> None:
    import onnxruntime

    module = unet()
    foreign = imported(write_bundle(tmp_path, module))
    with pytest.raises(ForeignUnsupported, match="pass on the original"):
        export_bundle(foreign.manifest, foreign.weights, "")
    session = onnxruntime.InferenceSession(
        export_onnx(foreign.manifest, foreign.weights), providers=["CPUExecutionProvider"]
    )
    image = torch.randn(1, 1, 16, 16, 16)
    (logits,) = session.run(None, {"image": image.numpy()})
    with torch.inference_mode():
        assert np.abs(logits - module(image).numpy()).max() < 1e-3


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"options": {"channels": [4, 10**6]}}, (WeightsError, ForeignUnsupported)),
        ({"architecture": "monai"}, ForeignUnsupported),
        ({"spacing_mm": 0}, ForeignUnsupported),
        ({"patch": 10**6}, ForeignUnsupported),
        ({"completion": "os.system"}, ForeignUnsupported),
        ({"schema": 2}, WeightsError),
        ({"structures": ["Ball_R"]}, WeightsError),
    ],
)
def test_a_bundle_that_only_says_it_is_ours_is_checked(tmp_path: Path, change: dict, kind: type) -> None:
    manifest, packed = version(PLAIN)
    with zipfile.ZipFile(io.BytesIO(export_bundle(manifest, packed, ""))) as archive:
        archive.extractall(tmp_path)
    path = tmp_path / "toy-3" / "configs" / "metadata.json"
    body = json.loads(path.read_text())
    body["rinkaku"] |= change
    path.write_text(json.dumps(body))
    with pytest.raises(kind):
        imported(tmp_path / "toy-3")
