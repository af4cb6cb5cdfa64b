"""Pictures of cases: the telling slice, both contours, any direction of the scan."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.evaluation import Score
from models.inference.segment import Segmentation
from models.registry.card import CardText, render_card
from models.registry.network import NetworkManifest, Provenance, WeightsError
from models.registry.package import write_pictures
from models.registry.pictures import BOTH, DRAWN, TRUTH, Shown, draw_picture, picture_cases, ranked_cases
from models.registry.provenance import code_sha256
from rt.geometry import Grid
from rt.manifest import Case
from tests.models.synthetic import STRUCTURES, toy_case, toy_grid, toy_manifest


def _scores(**dice: float) -> list[Score]:
    return [Score(case, "Ball_R", value, value, 1.0, False) for case, value in dice.items()]


def _colours(png: bytes) -> set[tuple[int, int, int]]:
    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).reshape(-1, 3)
    return {(int(r), int(g), int(b)) for r, g, b in pixels}


def _drawn(shown: Shown) -> tuple[bytes, int]:
    picture = draw_picture("worst", "one", 0.5, shown)
    return picture.png, picture.slice


def _near(colours: set[tuple[int, int, int]], wanted: tuple[int, int, int]) -> bool:
    return any(max(abs(a - b) for a, b in zip(one, wanted, strict=True)) < 40 for one in colours)


def test_cases_are_ranked_and_none_stands_for_two() -> None:
    assert ranked_cases(_scores(a=0.9, b=0.2, c=0.6)) == {
        "best": ("a", 0.9),
        "median": ("c", 0.6),
        "worst": ("b", 0.2),
    }
    assert ranked_cases(_scores(a=0.9, b=0.2)) == {"best": ("a", 0.9), "worst": ("b", 0.2)}
    assert ranked_cases(_scores(a=0.9)) == {"worst": ("a", 0.9)}
    assert ranked_cases([]) == {}


@pytest.mark.parametrize("sign", [1, -1])
def test_the_slice_of_largest_disagreement_is_shown_in_any_direction(sign: int) -> None:
    hu, masks = toy_case(1)
    grid = toy_grid()
    drawn = {name: mask.copy() for name, mask in masks.items()}
    drawn["Ball_R"][20] = False
    drawn["Ball_R"][20, 10:30, 30:40] = True
    corner = grid.to_lps([0, 0, 0 if sign > 0 else grid.shape_kji[0] - 1])
    turned = Grid.of(grid.shape_kji, grid.spacing_ijk_mm, corner, np.diag([1.0, 1.0, float(sign)]))
    turn = [{n: m[::sign] for n, m in side.items()} for side in (masks, drawn)]
    png, number = _drawn(Shown(hu[::sign], turned, *turn))
    assert number == (21 if sign > 0 else grid.shape_kji[0] - 20)
    assert all(_near(_colours(png), wanted) for wanted in (TRUTH, DRAWN))


def test_an_example_shows_most_structures_and_says_that_its_truth_is_unknown(tmp_path: Path) -> None:
    hu, masks = toy_case(1)
    both = {name: np.zeros_like(mask) for name, mask in masks.items()}
    for mask in both.values():
        mask[17, 10:30, 10:30] = True
    next(iter(both.values()))[:30, 5:40, 5:40] = True
    picture = draw_picture("example", "a head", None, Shown(hu, toy_grid(), {}, both))
    assert (picture.slice, picture.dice) == (18, None)
    assert _near(_colours(picture.png), DRAWN) and not _near(_colours(picture.png), TRUTH)
    (tmp_path / "CARD.md").write_text("# A card\n")
    write_pictures(tmp_path, [picture])
    assert "![example: a head, truth unknown, slice 18]" in (tmp_path / "CARD.md").read_text()


def test_equal_contours_are_white() -> None:
    hu, masks = toy_case(1)
    colours = _colours(_drawn(Shown(hu, toy_grid(), masks, masks))[0])
    assert _near(colours, BOTH) and not _near(colours, DRAWN)


def test_a_version_shows_its_cases_beside_its_card(tmp_path: Path) -> None:
    manifest = toy_manifest(tmp_path, ("validation",) * 3)
    scores = _scores(c0=0.9, c1=0.5, c2=0.7)

    def drawn(case: Case) -> Segmentation:
        return Segmentation(toy_case(int(case.id[1:]))[1], [])

    pictures = picture_cases(manifest, scores, drawn)
    assert [(p.rank, p.case) for p in pictures] == [("best", "c0"), ("median", "c2"), ("worst", "c1")]
    assert max(len(p.png) for p in pictures) < 150_000
    network = NetworkManifest(
        name="toy", version=1, title="Toy", architecture="unet3d", options={}, structures=STRUCTURES,
        spacing_mm=3.0, patch=32, weights_sha256="",
    )  # fmt: skip
    metrics = {"mean_dice": 0.7, "structures": {}, "scores": []}
    (tmp_path / "CARD.md").write_text(render_card(network, metrics, CardText("", "", "")))
    for _ in range(2):
        write_pictures(tmp_path, pictures)
    card = (tmp_path / "CARD.md").read_text()
    assert card.count("](pictures/worst.png)") == 1
    assert (tmp_path / "pictures" / "worst.png").read_bytes() == pictures[2].png


def test_a_manifest_says_where_its_weights_come_from() -> None:
    manifest = NetworkManifest(
        name="toy", version=1, title="Toy", architecture="unet3d", options={}, structures=STRUCTURES,
        spacing_mm=3.0, patch=32, weights_sha256="",
        provenance=Provenance("OpenKBP", "a" * 64, code_sha256=code_sha256()),
    )  # fmt: skip
    body = manifest.to_json()
    assert body["modality"] == "CT"
    assert NetworkManifest.from_json(body) == manifest
    with pytest.raises(WeightsError, match="modality"):
        NetworkManifest.from_json(body | {"modality": "MR"})
    older = {key: value for key, value in body.items() if key not in ("modality", "provenance")}
    assert NetworkManifest.from_json(older) == replace(manifest, provenance=Provenance())
