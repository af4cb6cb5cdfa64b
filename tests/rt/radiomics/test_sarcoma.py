"""Real tumours on CT, MR and PET, from DICOM by our own readers to features by the presets."""

from __future__ import annotations

import math
import sys

import pytest

from rt.masks import volume_cc
from rt.radiomics import extract, presets
from tests.rt.radiomics.sarcoma import PRESETS, SARCOMA, patient

pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.skipif(not SARCOMA.exists(), reason="../shared/data/sarcoma is not here"),
]


@pytest.mark.parametrize("modality", PRESETS)
@pytest.mark.parametrize("name", ["STS_002", "STS_003", "STS_008"])
def test_real_tumours_have_all_features_of_their_preset(name: str, modality: str) -> None:
    image, mask, grid = patient(name, modality)
    extraction = extract(image, mask, grid, presets()[PRESETS[modality]])
    count, cc = len(extraction.values), volume_cc(mask, grid)
    sys.stdout.write(f"{name} {modality}: {cc:.1f} mL, {count} features, {extraction.undefined}\n")
    assert count >= 1300
    assert set(extraction.undefined.values()) <= {"the intensities sum to 0", "the mean is 0"}
    assert all(math.isfinite(value) for value in extraction.values.values())
    assert extraction.values["original_morph_vol_approx"] == pytest.approx(1000 * cc, rel=0.05)
