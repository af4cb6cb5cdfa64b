"""Code strings that de-identification keeps: terms of the standard, and nothing that names the patient."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom.dataset import Dataset

from rt.dicom.deidentify import Profile, Pseudonyms, deidentify
from rt.dicom.parse import parse_instance, read_stored
from rt.dicom.registration import read_registration
from tests.factories.dicom import encode, make_ct_series
from tests.factories.markers import MARKER
from tests.factories.registration import make_reg, matrix_of


def deidentified(dataset: Dataset) -> Dataset:
    """What leaves of a data set under the Basic Profile."""
    data = parse_instance(encode(dataset)).data
    return read_stored(deidentify(data, Profile(), Pseudonyms(bytes(range(32)))).data)


@pytest.mark.parametrize("keyword", ["BodyPartExamined", "ScanOptions", "RotationDirection"])
def test_case_12_a_marker_in_a_code_that_is_kept_is_emptied(keyword: str) -> None:
    ct = make_ct_series((1, 8, 8))[0]
    ct.PatientName = f"{MARKER}^A"
    setattr(ct, keyword, MARKER.upper())
    done = deidentified(ct)
    assert done[keyword].value in ("", None)


@pytest.mark.parametrize(
    ("given", "left"),
    [("HEADNECK", "HEADNECK"), ("DR SATO 4711", ""), ("TRIAL_17", ""), ("Lung", None), ("", "")],
)
def test_a_body_part_is_a_term_of_the_standard_or_nothing(given: str, left: str | None) -> None:
    ct = make_ct_series((1, 8, 8))[0]
    ct.BodyPartExamined = given
    assert (deidentified(ct).get("BodyPartExamined", None) or "") == (left or "")


def test_a_registration_still_links_the_same_frames() -> None:
    ct = make_ct_series((1, 8, 8))[0]
    matrix = matrix_of((3, 4, 5), (10, 20, 30))
    before = make_reg(ct.FrameOfReferenceUID, [("1.2.3.4", matrix)], like=ct)
    after = read_registration(deidentified(before))
    (moved,) = after.transforms.values()
    assert after.frame_of_reference_uid == deidentified(ct).FrameOfReferenceUID
    assert after.transforms.keys() != {"1.2.3.4"}
    assert np.abs(moved.matrix - matrix).max() < 1e-6
