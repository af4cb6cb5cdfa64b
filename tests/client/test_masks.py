"""The client's wire form of masks, held against the server's own bytes."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from rinkaku_client import decode_mask, encode_mask, mask_sha256
from rinkaku_client.masks import HEADER
from rinkaku_client.problems import BadMask
from rt import masks
from rt.errors import MaskError

SHAPES = st.tuples(*[st.integers(1, 9)] * 3)
MASKS = SHAPES.flatmap(lambda shape: arrays.arrays(np.bool_, shape))


@given(MASKS)
def test_bytes_are_the_servers(mask):
    assert encode_mask(mask) == masks.encode_mask(mask)
    assert mask_sha256(mask) == masks.mask_sha256(mask)


@given(MASKS)
def test_the_servers_bytes_are_read(mask):
    np.testing.assert_array_equal(decode_mask(masks.encode_mask(mask), mask.shape), mask)
    np.testing.assert_array_equal(decode_mask(masks.encode_mask(mask)), mask)


def test_bytes_do_not_depend_on_the_order_in_memory():
    mask = np.zeros((4, 5, 6), dtype=bool)
    mask[1:3, 2:4, 1:5] = True
    assert encode_mask(np.asfortranarray(mask)) == masks.encode_mask(mask)


def wire(box=(0, 0, 0, 1, 1, 2), bits=b"\x03", magic=b"RKM1"):
    return HEADER.pack(magic, 2, 3, 4, *box) + zlib.compress(bits)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"RKM1", "header"),
        (wire(magic=b"RKM2"), "header"),
        (wire(box=(0, 0, 0, 1, 1, 5)), "not inside"),
        (wire(box=(1, 0, 0, 1, 1, 2)), "not inside"),
        (wire(bits=b"\x03\x00"), "exactly"),
        (wire(bits=b""), "exactly"),
        (wire() + b"x", "exactly"),
        (wire(bits=b"\x07"), "beyond"),
        (wire()[: HEADER.size] + b"no zlib", "zlib"),
    ],
)
def test_what_is_not_a_mask_is_refused_as_on_the_server(data, what):
    with pytest.raises(BadMask, match=what):
        decode_mask(data)
    with pytest.raises(MaskError):
        masks.decode_mask(data, (2, 3, 4))


def test_mask_of_another_grid_is_refused():
    with pytest.raises(BadMask, match=r"\(2, 3, 4\) is not on a grid of \(2, 3, 5\)"):
        decode_mask(wire(), (2, 3, 5))


@pytest.mark.parametrize("array", [np.zeros((2, 3), dtype=bool), np.zeros((2, 3, 4), dtype=np.uint8)])
def test_what_is_not_a_bool_array_kji_is_not_sent(array):
    with pytest.raises(BadMask, match="bool array"):
        encode_mask(array)
