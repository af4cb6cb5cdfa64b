"""Names: what clinics write becomes TG-263, and a side is never guessed."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rt.nomenclature import default_colour, is_name_from, standard_name, structure_kind, tg263_name
from rt.nomenclature_colours import PALETTE
from rt.nomenclature_index import structures

OFFERED = Path(__file__).parents[2] / "frontend/src/features/labels/structure-names.json"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Brainstem", "Brainstem"),
        ("BrainStem", "Brainstem"),
        ("brain_stem", "Brainstem"),
        ("Hirnstamm", "Brainstem"),
        ("脳幹", "Brainstem"),
        ("SpinalCord", "SpinalCord"),
        ("Spinal Cord", "SpinalCord"),
        ("Rückenmark", "SpinalCord"),
        ("Rueckenmark", "SpinalCord"),
        ("脊髄", "SpinalCord"),
        ("RightParotid", "Parotid_R"),
        ("LeftParotid", "Parotid_L"),
        ("parotid gland, lt", "Parotid_L"),
        ("PAROTID_RT", "Parotid_R"),
        ("Parotis links", "Parotid_L"),
        ("Ohrspeicheldrüse re", "Parotid_R"),
        ("左耳下腺", "Parotid_L"),
        ("耳下腺（右）", "Parotid_R"),
        ("Oesophagus", "Esophagus"),
        ("Speiseröhre", "Esophagus"),
        ("Kehlkopf", "Larynx"),
        ("Mandible", "Bone_Mandible"),
        ("Bone_Mandible", "Bone_Mandible"),
        ("下顎骨", "Bone_Mandible"),
        ("Lungs", "Lungs"),
        ("右肺", "Lung_R"),
        ("BODY", "External"),
        ("PTV70", "PTV_7000"),
        ("PTV 56 Gy", "PTV_5600"),
        ("ctv_5400cGy", "CTV_5400"),
        ("GTVp", "GTVp"),
        ("SpinalCord_PRV05", "SpinalCord_PRV05"),
        ("Brainstem PRV 3mm", "Brainstem_PRV03"),
        ("Left cochlea PRV", "Cochlea_PRV_L"),
    ],
)
def test_free_text_becomes_the_tg263_name(text: str, name: str) -> None:
    match = tg263_name(text)
    assert match is not None
    assert match.name == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Parotid",
        "Lens",
        "Parotid_L_R",
        "左右耳下腺",
        "Mandible_L",
        "Larynx right",
        "GTV_Mass",
        "zzOpt",
        "PTV999999",
    ],
)
def test_what_is_not_certain_is_not_named(text: str) -> None:
    assert tg263_name(text) is None


def test_table_is_consistent() -> None:
    names = [structure.base for structure in structures()]
    assert len(names) >= 60
    assert len(set(names)) == len(names)
    for structure in structures():
        assert re.fullmatch(r"#[0-9a-f]{6}", structure.colour)
        assert len(structure.base) + 2 * structure.paired <= 16
        assert structure.kind in {"ORGAN", "EXTERNAL", "SUPPORT", "BOLUS", "GTV", "CTV", "PTV"}


@pytest.mark.parametrize("structure", structures(), ids=lambda s: s.base)
def test_every_name_and_synonym_finds_its_own_structure(structure) -> None:  # type: ignore[no-untyped-def]
    for word in (structure.base, *structure.synonyms):
        for suffix, side in (("_L", "L"), ("_R", "R")) if structure.paired else (("", None),):
            match = tg263_name(word + suffix)
            assert match is not None
            assert match.name == structure.base + suffix
            assert match.side == side


WORDS = [
    "left",
    "R",
    "左",
    "PRV",
    "05",
    "PTV",
    "70",
    "_",
    " ",
    "Lung",
    "s",
    "耳下腺",
    "Parotid",
    "gland",
    "ö",
    "\u0000",
]


@given(st.lists(st.sampled_from(WORDS), max_size=6))
def test_any_text_is_named_stably_or_not_at_all(words: list[str]) -> None:
    text = "".join(words)
    match = tg263_name(text)
    if match is not None:
        again = tg263_name(match.name)
        assert again is not None
        assert again.name == match.name


@pytest.mark.parametrize(
    ("name", "kind"),
    [("PTV_7000", "PTV"), ("GTV_Mass", "GTV"), ("itv boost", "CTV"), ("Couch", "SUPPORT"), ("Ring", "ORGAN")],
)
def test_kind_follows_the_name(name: str, kind: str) -> None:
    assert structure_kind(name) == kind


def test_known_structures_have_their_colour_whatever_is_beside() -> None:
    assert (
        default_colour("左耳下腺") == default_colour("Parotid_L") == default_colour("Parotid_L", ["#4fd67a"])
    )


def test_unknown_structures_get_colours_that_are_told_apart_and_from_those_beside() -> None:
    """Twelve rings and margins in a head and neck set."""
    colours = [
        default_colour(name) for name in ("PTV_7000", "CTV_7000", "Parotid_L", "Parotid_R", "SpinalCord")
    ]
    for number in range(12):
        colours.append(default_colour(f"Ring {number} cm", colours))
    rgb = [np.array([int(one[at : at + 2], 16) for at in (1, 3, 5)]) for one in colours]
    assert min(np.abs(a - b).sum() for a, b in itertools.combinations(rgb, 2)) >= 50
    for one in rgb[5:]:
        assert one.max() - one.min() >= 60, "none is grey"
        assert one.max() >= 140, "dark lines are lost on a grey image"
    assert default_colour("Ring", PALETTE) in PALETTE, "there is one also when all are taken"


@pytest.mark.parametrize("base", [one.base for one in structures() if one.paired])
def test_right_and_left_are_told_apart_by_their_colours(base: str) -> None:
    colours = [default_colour(f"{base}_{side}") for side in "LR"]
    left, right = (np.array([int(one[at : at + 2], 16) for at in (1, 3, 5)]) for one in colours)
    assert np.abs(left - right).sum() >= 75
    assert min(left.max(), right.max()) >= 140, "dark lines are lost on a grey image"


@pytest.mark.parametrize("levels", [(70, 63, 56), (70, 60, 54), (66, 60, 54), (60, 50), (78, 60, 45)])
def test_targets_of_one_plan_can_be_told_apart(levels: tuple[int, ...]) -> None:
    names = [f"{target}_{dose}00" for target in ("PTV", "CTV", "GTV") for dose in levels]
    colours = [np.array([int(default_colour(name)[at : at + 2], 16) for at in (1, 3, 5)]) for name in names]
    nearest = min(np.abs(one - other).sum() for one, other in itertools.combinations(colours, 2))
    assert nearest >= 60
    for dose in levels:
        red, green, blue = (int(default_colour(f"PTV{dose}Gy")[at : at + 2], 16) for at in (1, 3, 5))
        assert red >= max(green + 80, min(blue, 190)), "a PTV is red, magenta or orange"


@pytest.mark.parametrize(
    ("name", "original", "follows"),
    [
        ("Parotid_L", "左耳下腺", True),
        ("Parotid_L_2", "Parotis li", True),
        ("my thing_2", "my thing", True),
        ("Parotid_R", "左耳下腺", False),
        ("Larynx", "drawn by the night shift", False),
        ("Parotid_L_2b", "左耳下腺", False),
    ],
)
def test_a_name_is_told_from_another_that_came_later(name: str, original: str, follows: bool) -> None:
    assert is_name_from(name, original) is follows


def test_the_names_that_the_viewer_offers_are_ours() -> None:
    offered = json.loads(OFFERED.read_text("utf-8"))
    for name in itertools.chain.from_iterable(offered.values()):
        match = tg263_name(name)
        assert match is not None and match.name == name


def test_relative_levels_have_colours_of_their_own() -> None:
    colours = {default_colour(f"PTV_{level}") for level in ("High", "Mid", "Low", "Mid01")}
    assert len(colours) == 3
    assert default_colour("PTV_High") == default_colour("PTV_7000")


def test_a_numbered_name_of_an_import_keeps_what_its_first_name_means() -> None:
    assert standard_name("SpinalCord_2", "Myelon") == "SpinalCord"
    assert standard_name("Parotid_L_3", "Parotis li") == "Parotid_L"
    assert standard_name("Myelon", "whatever") == "SpinalCord"
    for name, original in (
        ("SpinalCord_2", ""),
        ("SpinalCord_2", "Larynx"),
        ("flap_2", "flap"),
        ("Cord x", "Myelon"),
    ):
        assert standard_name(name, original) is None, name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Pankreas", "Pancreas"), ("肺L", "Lung_L"), ("L肺", "Lung_L"), ("腎R", "Kidney_R"), ("R眼", "Eye_R"),
        ("精囊", "SeminalVes"), ("Bulbus dexter", "Eye_R"), ("Bulbus sinister", "Eye_L"),
        ("Nervus opticus dexter", "OpticNrv_R"), ("Ren sinister", "Kidney_L"), ("Pulmo dexter", "Lung_R"),
        ("Atrium dextrum", "Atrium_R"), ("Parotis beidseits", "Parotids"), ("肺全体", "Lungs"),
        ("Penisbulbus", "PenileBulb"), ("Niere bds.", "Kidneys"),
        # a lung without the tumour is usually meant, and what has no side gets none
        ("正常肺", None), ("肺", None), ("肝L", None), ("骨L", None), ("肺右L", None), ("Leber dexter", None),
    ],
)  # fmt: skip
def test_latin_sides_and_letters_on_japanese_organs_are_understood(text: str, name: str | None) -> None:
    match = tg263_name(text)
    assert (match and match.name) == name
