"""Private attributes that the standard calls safe: what of them stays under the option, and what does not."""

from __future__ import annotations

import pytest
from pydicom import Dataset

from rt.dicom.deidentify import Option, Profile
from rt.dicom.deidentify.table import safe_private
from tests.factories.dicom import encode, make_ct_series
from tests.factories.markers import MARKER
from tests.rt.test_deidentify import out, read


def test_the_philips_suv_factor_stays_under_the_safe_private_option_only():
    ct = make_ct_series((1, 8, 8))[0]
    block = ct.private_block(0x7053, "Philips PET Private Group", create=True)
    block.add_new(0x00, "DS", "0.5")
    block.add_new(0x01, "LO", "else")
    kept = read(out(encode(ct), Profile(frozenset({Option.SAFE_PRIVATE}))))
    assert kept[0x7053, 0x1000].value == 0.5
    assert (0x7053, 0x1001) not in kept
    assert (0x7053, 0x0010) not in read(out(encode(ct)))


def test_the_table_of_safe_private_attributes_is_whole():
    table = safe_private()
    assert len(table) == 479
    assert table["Philips PET Private Group", 0x7053, 0x09] == "DS"
    assert table["SIEMENS MR HEADER", 0x0019, 0x27] == "FD"
    assert table["GEMS_PARM_01", 0x0043, 0x39] == "IS"
    assert set(table.values()) - {""} <= {
        "AT", "CS", "DS", "FD", "FL", "IS", "LO", "LT", "OB", "OW", "OW/OB", "SH", "SL", "SQ", "SS", "ST",
        "UI", "UL", "US",
    }  # fmt: skip
    assert all(group % 2 and 0 <= element <= 0xFF for _, group, element in table)


@pytest.mark.parametrize("implicit", [False, True])
def test_safe_private_numbers_and_codes_stay_and_texts_bytes_and_sequences_go(implicit):
    """Narrower than the table: what holds words or bytes of any kind goes."""
    ct = make_ct_series((1, 8, 8))[0]
    siemens = ct.private_block(0x0019, "SIEMENS MR HEADER", create=True)
    siemens.add_new(0x0C, "IS", "1000")
    siemens.add_new(0x0D, "CS", "DIRECTIONAL")
    siemens.add_new(0x0E, "FD", [0.0, 0.6, 0.8])
    siemens.add_new(0x28, "FD", [1.0])
    philips = ct.private_block(0x2001, "Philips Imaging DD 001", create=True)
    philips.add_new(0x03, "FL", 800.0)
    philips.add_new(0x50, "LO", MARKER)
    philips.add_new(0x5F, "SQ", [Dataset()])
    philips.add_new(0xFF, "OB", MARKER.encode() + b"\0" * (len(MARKER) % 2))
    stranger = ct.private_block(0x0043, "SIEMENS MR HEADER", create=True)
    stranger.add_new(0x39, "IS", "1")
    syntax = "1.2.840.10008.1.2" if implicit else "1.2.840.10008.1.2.1"
    kept = read(out(encode(ct, syntax), Profile(frozenset({Option.SAFE_PRIVATE}))))
    private = {int(one.tag) for one in kept if one.tag.is_private}
    expected = {0x00190010, 0x0019100C, 0x0019100D, 0x0019100E, 0x20010010, 0x20011003}
    assert private == expected
    assert (kept[0x0019100C].value, kept[0x0019100D].value) == (1000, "DIRECTIONAL")


@pytest.mark.parametrize(
    ("element", "vr", "value"),
    [
        (0x0D, "CS", "MUSTERMANN"),
        (0x0D, "LO", "a word"),
        (0x0D, "UN", b"lower case text "),
        (0x0C, "UN", b"Mustermann"),
        (0x0E, "UN", b"odd"),
        (0x0E, "UN", b"a letter of 160 bytes in numbers" * 5),
    ],
)
def test_text_under_the_name_of_a_safe_private_attribute_goes(element, vr, value):
    ct = make_ct_series((1, 8, 8))[0]
    ct.PatientName = "Mustermann^Max"
    ct.private_block(0x0019, "SIEMENS MR HEADER", create=True).add_new(element, vr, value)
    kept = read(out(encode(ct), Profile(frozenset({Option.SAFE_PRIVATE}))))
    assert not [one.tag for one in kept if one.tag.is_private]
