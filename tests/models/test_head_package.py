"""A version of the head network from two small trainings: organs and tumours in one file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from models import head_lesions, head_package
from models.datasets import head_pictures
from models.datasets.head_labels import STRUCTURES, head_from_labels
from models.evaluation import Score
from models.head_lesions import LesionCount, count_lesions, summarise_lesions
from models.head_package import HeadMembers, Release
from models.inference.segment import segment, without_specks
from models.networks import build_network
from models.registry.members import Member, side_by_side
from models.registry.network import load_network, read_version
from models.training.lesion_lessons import LesionLessons
from rt.geometry import Grid
from tests.models.heads import GRID, ball, toy_labels

HEAD = head_from_labels("head_14", toy_labels(), GRID)
OPTIONS = {"channels": [4, 8], "blocks": [1, 1]}


def _member(structures: int, bias: float) -> Member:
    torch.manual_seed(structures)
    network = build_network("subpixel_unet3d", structures, OPTIONS)
    torch.nn.init.constant_(network.head.bias, bias)  # type: ignore[arg-type, union-attr]
    return Member("subpixel_unet3d", OPTIONS, network.state_dict())


def test_networks_side_by_side_draw_what_each_draws_alone() -> None:
    first, second = _member(2, -1.0), _member(1, 1.0)
    both = side_by_side([(first, 2), (second, 1)])
    together = build_network(both.architecture, 3, both.options).eval()
    together.load_state_dict(both.weights)
    image = torch.randn(1, 1, 16, 16, 16)
    alone = []
    for member, count in ((first, 2), (second, 1)):
        network = build_network(member.architecture, count, OPTIONS).eval()
        network.load_state_dict(member.weights)
        alone.append(network(image))
    torch.testing.assert_close(together(image), torch.cat(alone, dim=1))
    with pytest.raises(ValueError, match="3 structures, not 4"):
        build_network(both.architecture, 4, both.options)


def test_lesions_are_counted_as_a_reader_counts_them() -> None:
    big, small, missed = ball((30, 30, 30), 8), ball((30, 60, 60), 2), ball((60, 60, 30), 6)
    drawn = ball((32, 30, 30), 8) | ball((30, 60, 60), 3) | ball((70, 90, 70), 3)
    count = count_lesions("a", drawn, big | small | missed, 0.001)
    assert sorted(zip(count.sizes_cc, count.found, strict=True))[0][1], "the small one is found"
    assert (sum(count.found), len(count.found), count.false) == (2, 3, 1)
    figures = summarise_lesions([count, LesionCount("healthy", [], [], 2)])
    assert figures["sensitivity"] == pytest.approx(2 / 3)
    assert (figures["sensitivity_small"], figures["sensitivity_large"]) == (1.0, 0.5)
    assert figures["false_per_scan"] == pytest.approx(1.5)


def test_specks_are_left_out() -> None:
    mask = ball((30, 30, 30), 4) | ball((60, 60, 60), 1)
    assert np.array_equal(without_specks(mask, 10), ball((30, 30, 30), 4))


def test_a_lesson_shows_its_tumours_and_nothing_outside_the_picture() -> None:
    lessons = LesionLessons([HEAD], [HEAD], 2, 32)
    lessons.ranges = replace(lessons.ranges, lesion_probability=1.0, cut_probability=1.0)
    lessons.settle(torch.device("cpu"))
    torch.manual_seed(1)
    batch = lessons.batch(4, np.random.default_rng(1))
    assert batch.image.shape == batch.target.shape == (4, 1, 32, 32, 32)
    assert batch.target.sum() > 0
    assert not batch.target[batch.image == -1].any(), "what is not in the picture is not asked for"


def test_a_version_of_organs_and_tumours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(head_pictures, "SCANS", (("t1-enhanced", 4),))
    monkeypatch.setattr(head_pictures, "LESION_SCANS", (("t1-enhanced", 4, 1.0), ("t1-enhanced", 4, 0.0)))
    monkeypatch.setattr(head_pictures, "SIDE_MM", 96)
    monkeypatch.setattr(head_package, "TRIED", (0.3, 0.7))
    monkeypatch.setattr(head_lesions, "TRIED", (0.3, 0.7))
    members, said = HeadMembers(_member(len(STRUCTURES), 0.0), _member(1, -9.0)), []
    head_package.package_heads(members, ([HEAD], [HEAD]), Release(tmp_path, "A test."), said.append)
    manifest, weights, card = read_version(tmp_path)
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert manifest.structures == (*STRUCTURES, "GTV")
    assert manifest.rule("GTV").may_be_absent
    assert metrics["lesions"]["sensitivity"] == 0.0, "a network that sees no tumour finds none"
    assert metrics["structures"]["GTV"]["dice"]["mean"] == 0.0
    assert "lesions in 2 scans 0.00 were found" in card
    grid = Grid.of(HEAD.tissues.shape, [1.0] * 3, [0.0] * 3, np.eye(3))
    drawn = segment(load_network(manifest, weights), HEAD.tissues.astype(np.float32), grid)
    assert "GTV" not in drawn.masks, "no tumour: no empty contour"
    assert all(finding.structure != "GTV" for finding in drawn.findings)
    assert {"Eye_R", "Lens_L", "Pituitary"} <= set(drawn.masks)
    scores = [Score(**score) for score in metrics["scores"]]
    pictures = head_package.picture_heads(load_network(manifest, weights), [HEAD], scores)
    names = {score.case for score in scores}
    assert pictures and {picture.case for picture in pictures} <= names
