"""The wire form of masks: exact both ways, and every lie in it is named."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from rt.errors import MaskError
from rt.masks import (
    HEADER,
    bounding_box,
    changed_slices,
    decode_mask,
    drawn_slices,
    encode_mask,
    mask_sha256,
    volume_cc,
)
from tests.rt.grids import plain_grid

VECTORS = Path(__file__).parents[2] / "frontend" / "src" / "lib" / "mask.vectors.json"
masks = hnp.arrays(np.bool_, hnp.array_shapes(min_dims=3, max_dims=3, max_side=9))


def wire(shape: tuple[int, ...], box: tuple[int, ...], bits: bytes, magic: bytes = b"RKM1") -> bytes:
    return HEADER.pack(magic, *shape, *box) + zlib.compress(bits, 6)


@given(masks)
def test_decoding_gives_the_encoded_mask(mask: np.ndarray) -> None:
    assert np.array_equal(decode_mask(encode_mask(mask), mask.shape), mask)


@given(masks)
def test_equal_masks_have_equal_bytes_however_they_lie_in_memory(mask: np.ndarray) -> None:
    other = np.asfortranarray(mask)
    assert encode_mask(other) == encode_mask(mask)
    assert mask_sha256(other) == mask_sha256(mask)


@given(masks)
def test_box_is_the_tightest(mask: np.ndarray) -> None:
    box = bounding_box(mask)
    if box is None:
        assert not mask.any()
        return
    inside = mask[box]
    assert inside.sum() == mask.sum()
    for axis in range(3):
        assert inside.take(0, axis).any()
        assert inside.take(-1, axis).any()


def test_bytes_are_those_of_the_contract() -> None:
    mask = np.zeros((4, 5, 20), dtype=bool)
    mask[1, 2, 3] = mask[1, 2, 5] = mask[2, 3, 12] = True
    data = encode_mask(mask)
    assert data[:4] == b"RKM1"
    assert struct.unpack("<9I", data[4:40]) == (4, 5, 20, 1, 2, 3, 3, 4, 13)
    number = int.from_bytes(zlib.decompress(data[40:]), "little")
    assert [n for n in range(40) if number >> n & 1] == [0, 2, 2 * 2 * 10 - 1]


@pytest.mark.parametrize("vector", json.loads(VECTORS.read_text()), ids=lambda vector: vector["name"])
def test_the_browser_and_we_mean_the_same_bytes(vector: dict[str, Any]) -> None:
    data = base64.b64decode(vector["mask"])
    mask = decode_mask(data, tuple(vector["shape"]))
    assert np.count_nonzero(mask) == vector["count"]
    assert np.flatnonzero(mask)[:40].tolist() == vector["voxels"]
    assert encode_mask(mask) == data


def test_an_empty_mask_has_a_box_of_zeros() -> None:
    data = encode_mask(np.zeros((3, 4, 5), dtype=bool))
    assert struct.unpack("<9I", data[4:40]) == (3, 4, 5, 0, 0, 0, 0, 0, 0)
    assert not decode_mask(data, (3, 4, 5)).any()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "shorter"),
        (b"RKM1", "shorter"),
        (wire((2, 3, 4), (0, 0, 0, 1, 1, 1), b"\1", b"RKM2"), "RKM1"),
        (wire((2, 3, 5), (0, 0, 0, 1, 1, 1), b"\1"), "grid"),
        (wire((2, 3, 4), (0, 0, 0, 1, 1, 5), b"\1"), "box"),
        (wire((2, 3, 4), (1, 0, 0, 1, 1, 1), b"\1"), "box"),
        (wire((2, 3, 4), (1, 0, 0, 0, 1, 1), b"\1"), "box"),
        (wire((2, 3, 4), (0, 0, 0, 2, 3, 4), b"\1\1"), "exactly"),
        (wire((2, 3, 4), (0, 0, 0, 2, 3, 4), b"\1\1\1\1"), "exactly"),
        (wire((2, 3, 4), (0, 0, 0, 1, 1, 1), b"\3"), "beyond"),
        (wire((2, 3, 4), (0, 0, 0, 0, 0, 0), b"\1"), "exactly"),
        (wire((2, 3, 4), (0, 0, 0, 1, 1, 1), b"\1") + b"more", "exactly"),
        (wire((2, 3, 4), (0, 0, 0, 1, 1, 1), b"\1")[:-3], "exactly"),
        (HEADER.pack(b"RKM1", 2, 3, 4, 0, 0, 0, 1, 1, 1) + b"not zlib", "zlib"),
    ],
)
def test_what_is_not_a_mask_of_the_grid_is_refused_in_words(data: bytes, words: str) -> None:
    with pytest.raises(MaskError, match=words):
        decode_mask(data, (2, 3, 4))


def test_a_bomb_is_not_inflated() -> None:
    bomb = wire((2, 3, 4), (0, 0, 0, 2, 3, 4), bytes(200_000_000))
    with pytest.raises(MaskError, match="exactly"):
        decode_mask(bomb, (2, 3, 4))


@given(st.binary(max_size=200))
def test_noise_is_refused_or_decoded_never_anything_else(data: bytes) -> None:
    head = HEADER.pack(b"RKM1", 2, 3, 4, 0, 0, 0, 2, 3, 4)
    for candidate in (data, head + data):
        try:
            assert decode_mask(candidate, (2, 3, 4)).shape == (2, 3, 4)
        except MaskError as error:
            assert error.detail


def test_a_wider_box_is_read_and_written_back_tight() -> None:
    mask = decode_mask(wire((2, 3, 4), (0, 0, 0, 2, 3, 4), b"\1\0\0"), (2, 3, 4))
    assert decode_mask(encode_mask(mask), (2, 3, 4)).sum() == 1
    assert struct.unpack("<6I", encode_mask(mask)[16:40]) == (0, 0, 0, 1, 1, 1)


def test_volume_counts_voxels_in_cubic_centimetres() -> None:
    mask = np.zeros((4, 10, 10), dtype=bool)
    mask[1:3, 2:7, 3:8] = True
    assert volume_cc(mask, plain_grid((4, 10, 10), (2.0, 4.0, 2.5))) == pytest.approx(50 * 20 / 1000)


def test_changed_and_drawn_slices_are_named() -> None:
    before = np.zeros((5, 3, 3), dtype=bool)
    before[1:3] = True
    after = before.copy()
    after[2, 0, 0] = False
    after[4, 1, 1] = True
    assert drawn_slices(before) == [1, 2]
    assert changed_slices(before, after) == [2, 4]
    with pytest.raises(MaskError):
        changed_slices(before, after[:4])
