"""Architectures side by side: the atlas, the table, what goes wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.comparison.config import Comparison, ComparisonError, comparison, only, read_comparison
from models.comparison.run import RESULTS, TABLE, Stopped, Watcher, run_comparison
from models.data import Sample
from models.inference.atlas import Atlas, AtlasOptions, predict_from_atlases
from models.preprocessing import NetworkImage
from rt.errors import RtError
from rt.geometry import Grid
from rt.manifest import DatasetManifest
from rt.metrics import dice
from tests.models.synthetic import toy_manifest

ATLAS = {"name": "Atlas", "architecture": "atlas", "options": {"atlases": 2, "candidates": 2}}
NETWORK = {
    "name": "Small U-Net",
    "architecture": "unet25d",
    "options": {"channels": [4, 8], "slices": 3},
    "minutes": 0.002,
}


def _head(shift: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """A picture in the network's range and one structure in it, moved by voxels (k, j, i)."""
    k, j, i = np.mgrid[:36, :44, :48]
    k, j, i = k - shift[0], j - shift[1], i - shift[2]
    body = ((k - 18) / 14) ** 2 + ((j - 22) / 16) ** 2 + ((i - 24) / 18) ** 2 < 1
    bone = ((k - 18) / 4) ** 2 + ((j - 14) / 4) ** 2 + ((i - 24) / 12) ** 2 < 1
    organ = ((k - 18) / 6) ** 2 + ((j - 24) / 5) ** 2 + ((i - 16) / 5) ** 2 < 1
    values = np.where(organ, 0.25, np.where(bone, 0.9, np.where(body, -0.2, -1.0)))
    return values.astype(np.float32), organ


def _atlas(shift: tuple[int, int, int], known: bool = True) -> Atlas:
    values, organ = _head(shift)
    sample = Sample("a", values.astype(np.int16), organ.astype(np.uint8), np.array([known]), ())
    return Atlas.of(sample, values, ("Organ",))


@pytest.mark.parametrize("fusion", ["majority", "local"])
def test_the_atlas_finds_a_structure_of_a_shifted_patient(fusion: Any) -> None:
    values, organ = _head((2, -3, 4))
    image = NetworkImage(values, Grid.of(values.shape, [3.0] * 3, [10, 20, 30], np.eye(3)))
    atlases = [_atlas((0, 0, 0)), _atlas((-2, 1, 0)), _atlas((1, 0, 0), known=False)]
    assert dice(_head((0, 0, 0))[1], organ) < 0.6
    seen = predict_from_atlases(atlases, ("Organ",), image, AtlasOptions(2, 3, fusion))
    assert seen.probability.shape == (1, *values.shape)
    assert dice(seen.probability[0] > 0.5, organ) > 0.85


def test_a_structure_that_no_atlas_has_is_drawn_nowhere() -> None:
    values, _ = _head((0, 0, 0))
    image = NetworkImage(values, Grid.of(values.shape, [3.0] * 3, [0, 0, 0], np.eye(3)))
    seen = predict_from_atlases([_atlas((0, 0, 0), known=False)], ("Organ",), image, AtlasOptions(1, 1))
    assert not seen.probability.any()


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> DatasetManifest:
    folder = tmp_path_factory.mktemp("toy")
    toy_manifest(folder, ("train", "train", "validation")).write(folder / "manifest.json")
    return DatasetManifest.read(folder / "manifest.json")


def _comparison(manifest: DatasetManifest, *entries: dict[str, Any]) -> Comparison:
    return comparison(manifest, {"entries": entries, "patch": 32, "overlap": 0.0})


def test_a_failing_entry_is_in_the_table_and_the_others_run(
    manifest: DatasetManifest, tmp_path: Path
) -> None:
    wrong = NETWORK | {"name": "Wrong", "options": {"channels": [4, 8], "depth": 2}}
    told: list[str] = []
    results = run_comparison(
        _comparison(manifest, wrong, ATLAS, NETWORK), tmp_path, Watcher(lambda *said: told.append(said[0]))
    )
    by_name = {row["name"]: row for row in results["entries"]}
    assert "depth" in by_name["Wrong"]["problem"]["detail"]
    assert by_name["Wrong"]["rank"] is None
    atlas, network = by_name["Atlas"], by_name["Small U-Net"]
    assert results["entries"][0] is atlas
    assert atlas["mean_dice"] > 0.5
    assert atlas["structures"]["Ball_R"]["n"] == 1
    assert network["training"]["iterations"] >= 1
    assert network["training"]["parameters"] > 100
    assert min(network["seconds"], network["peak_mib"]) > 0
    assert atlas["difference"] is None
    assert network["difference"]["best"] == "Atlas"
    assert network["difference"]["all"]["mean"] <= 0
    assert json.loads((tmp_path / RESULTS).read_text()) == results
    table = (tmp_path / TABLE).read_text()
    assert "| 1 | Atlas |" in table
    assert "**Wrong** failed" in table

    told.clear()
    assert run_comparison(_comparison(manifest, ATLAS, NETWORK), tmp_path, Watcher(
        lambda *said: told.append(said[0]))
    )["entries"] == results["entries"][:2]  # fmt: skip
    assert told == []
    mended = run_comparison(_comparison(manifest, ATLAS | {"name": "Wrong"}), tmp_path)
    assert mended["entries"][0]["problem"] is None
    longer = run_comparison(_comparison(manifest, NETWORK | {"minutes": 9.0}), tmp_path)
    assert "other settings" in longer["entries"][0]["problem"]["detail"]


def test_a_stop_ends_the_comparison(manifest: DatasetManifest, tmp_path: Path) -> None:
    with pytest.raises(Stopped):
        run_comparison(_comparison(manifest, NETWORK), tmp_path, Watcher(stop=lambda: True))


def test_a_structure_that_nobody_contoured_is_refused_by_name(
    manifest: DatasetManifest, tmp_path: Path
) -> None:
    with pytest.raises(ComparisonError, match="0 patients"):
        comparison(manifest, {"entries": [ATLAS], "patients": 0})
    with pytest.raises(ComparisonError, match="Lens_L: nobody contoured it"):
        only(manifest, ("Ball_R", "Lens_L"))
    half = toy_manifest(tmp_path, ("train", "validation"))
    cases = (half.cases[0], replace(half.cases[1], bits={"Ball_R": 0}))
    with pytest.raises(ComparisonError, match="Ball_L: nobody contoured it in a case that is measured"):
        _comparison(replace(half, cases=cases), ATLAS)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"architecture": "unet4d"}, "there is no architecture 'unet4d'"),
        ({"colour": "red"}, "colour"),
        ({"adversary": {"strength": 1}}, "strength"),
        ({"minutes": 0}, "more than no minutes"),
    ],
)
def test_an_entry_that_makes_no_sense_is_refused(
    manifest: DatasetManifest, change: dict[str, Any], said: str
) -> None:
    with pytest.raises(ComparisonError, match=f"Small U-Net.*{said}"):
        _comparison(manifest, NETWORK | change)
    with pytest.raises(ComparisonError, match="fusion"):
        _comparison(manifest, ATLAS | {"options": {"fusion": "loudest"}})


def test_a_file_is_read_and_one_patient_in_two_splits_is_refused(
    manifest: DatasetManifest, tmp_path: Path
) -> None:
    path = tmp_path / "compare.toml"
    body = 'structures = ["Ball_R"]\nminutes = 2\n[[entries]]\nname = "Atlas"\narchitecture = "atlas"\n'
    path.write_text(f'manifest = "{manifest.root / "manifest.json"}"\n{body}')
    read = read_comparison(path)
    assert read.manifest.structures == ("Ball_R",)
    assert read.entries[0].minutes == 2
    same = json.loads((manifest.root / "manifest.json").read_text())
    for case in same["cases"]:
        case["patient"] = "one"
    (tmp_path / "same.json").write_text(json.dumps(same))
    path.write_text(f'manifest = "same.json"\n{body}')
    with pytest.raises(RtError, match="one: patient stands in two splits"):
        read_comparison(path)
    path.write_text("structures = [")
    with pytest.raises(ComparisonError, match="neither TOML nor JSON"):
        read_comparison(path)
