"""The 482 reference values of IBSI's digital phantom, each within its tolerance."""

from __future__ import annotations

import csv
import math
from collections import Counter
from functools import cache
from pathlib import Path
from typing import get_args

import pytest

from rt.radiomics import IBSI_FAMILIES, Discretisation, Extraction, Settings, extract
from rt.radiomics.settings import Aggregation
from rt.resample import read_nifti

IBSI = Path(__file__).parents[4] / "shared" / "data" / "ibsi"
WHOLE_NUMBERS = Settings(
    discretisation=Discretisation("fixed-bin-size", 1),
    ivh_discretisation=None,
    families=IBSI_FAMILIES,
    filtered_families=(),
    aggregations=get_args(Aggregation),
)

pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.skipif(not IBSI.exists(), reason="the IBSI phantom is not in ../shared/data"),
]


@cache
def phantom() -> Extraction:
    image, grid = read_nifti(IBSI / "digital_phantom" / "image" / "phantom.nii.gz")
    mask, _ = read_nifti(IBSI / "digital_phantom" / "mask" / "mask.nii.gz")
    return extract(image, mask > 0, grid, WHOLE_NUMBERS)


def references() -> list[tuple[str, float, float]]:
    """Tag, reference value and tolerance; a value without a tolerance is known to three digits."""
    with (IBSI / "dig_phantom.csv").open(encoding="utf-8-sig") as file:
        rows = [row for row in csv.DictReader(file, delimiter=";") if row["reference value"]]
    return [(row["tag"], float(row["reference value"]), float(row["tolerance"])) for row in rows]


def half_a_digit(value: float) -> float:
    """What rounding to three digits may take away."""
    return 0.5 * 10 ** (math.floor(math.log10(abs(value))) - 2) * (1 + 1e-9) if value else 1e-12


def test_all_482_values_of_the_digital_phantom_are_within_tolerance() -> None:
    found = phantom().values
    missed = [
        (tag, value, found.get(f"original_{tag}"))
        for tag, value, tolerance in references()
        if not abs(found.get(f"original_{tag}", math.inf) - value) <= max(tolerance, half_a_digit(value))
    ]
    assert not missed
    assert len(references()) == 482


def test_every_feature_of_ibsi_has_a_reference_value_and_none_is_undefined() -> None:
    extraction = phantom()
    assert set(extraction.values) == {f"original_{tag}" for tag, _, _ in references()}
    assert not extraction.undefined


def test_families_have_as_many_values_as_the_table_in_the_documentation_says() -> None:
    table = (Path(__file__).parents[3] / "docs" / "radiomics.md").read_text()
    for family, count in Counter(tag.split("_")[0] for tag, _, _ in references()).items():
        assert f"| `{family}` | {count} |" in table
