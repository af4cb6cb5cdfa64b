"""Parsing in a process of its own."""

from __future__ import annotations

import gzip
import os
import signal
import threading
from pathlib import Path

import numpy as np
import pytest

from rt.dicom.parse import parse_instance
from rt.dicom.sandbox import ParserProcess
from rt.errors import DicomError, DicomTooLarge, DicomTruncated
from tests.factories import dicom as factory
from tests.factories.nifti import header


def test_the_child_gives_what_the_door_gives() -> None:
    data = factory.encode(factory.make_ct_series((1, 32, 32))[0])
    with ParserProcess() as parser:
        assert parser.parse(data) == parse_instance(data)


def test_pixels_are_decoded_in_the_child() -> None:
    slice_ = factory.make_ct_series((1, 32, 32))[0]
    with ParserProcess() as parser:
        frames = parser.frames(parse_instance(factory.encode(slice_)).data)
    assert frames.dtype == np.uint16
    assert np.array_equal(frames[0], slice_.pixel_array)


def test_a_refusal_keeps_its_type_and_place() -> None:
    with ParserProcess() as parser, pytest.raises(DicomTruncated) as caught:
        parser.parse(factory.truncated())
    assert caught.value.where is not None
    assert "7FE0" in caught.value.where


def test_a_file_that_kills_the_child_costs_only_itself() -> None:
    good = factory.encode(factory.make_ct_series((1, 32, 32))[0])
    with ParserProcess(memory_bytes=600 * 2**20) as parser:
        before = parser.parse(good)
        bomb = factory.encode(factory.make_ct_series((1, 8, 8))[0]) + bytes(500 * 2**20)
        with pytest.raises(DicomTooLarge):
            parser.parse(bomb)
        assert parser.parse(good) == before


def test_a_child_that_hangs_is_ended() -> None:
    good = factory.encode(factory.make_ct_series((1, 32, 32))[0])
    with ParserProcess(wall_s=0.5) as parser:
        parser._wall_s = 60.0
        parser.parse(good)
        child = parser._child
        assert child is not None
        os.kill(child.pid, signal.SIGSTOP)
        parser._wall_s = 0.2
        with pytest.raises(DicomTooLarge):
            parser.parse(good)
        parser._wall_s = 60.0
        assert parser.parse(good).modality == "CT"
        assert child.poll() is not None


def test_threads_share_one_parser() -> None:
    series = [factory.encode(s) for s in factory.make_ct_series((12, 16, 16))]
    seen: list[str] = []
    with ParserProcess() as parser:
        threads = [
            threading.Thread(
                target=lambda part: seen.extend(parser.parse(d).sop_instance_uid for d in part),
                args=(series[n::3],),
            )
            for n in range(3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(set(seen)) == 12


def test_no_secret_of_the_parent_reaches_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINKAKU_SECRET_KEY", "do not tell")
    with ParserProcess() as parser:
        parser.parse(factory.encode(factory.make_ct_series((1, 8, 8))[0]))
        child = parser._child
        assert child is not None
        with open(f"/proc/{child.pid}/environ", "rb") as environment:
            assert b"do not tell" not in environment.read()


def test_closing_ends_the_child() -> None:
    parser = ParserProcess()
    parser.parse(factory.encode(factory.make_ct_series((1, 8, 8))[0]))
    child = parser._child
    parser.close()
    assert child is not None
    assert child.poll() is not None


def nifti(path: Path, shape_ijk: tuple[int, int, int], voxels: bytes, code: int = 2, bits: int = 8) -> Path:
    dim, kind = (40, "<8h", (3, *shape_ijk, 1, 1, 1, 1)), (70, "<2h", (code, bits))
    path.write_bytes(gzip.compress(header(dim=dim, kind=kind) + voxels, 1))
    return path


def test_nifti_is_held_once_and_as_it_came(tmp_path: Path) -> None:
    """In float32, whole and twice over, these voxels would need 512 MiB more than there is."""
    shape, bytes_ = (512, 512, 256), 2**26
    path = nifti(tmp_path / "a.nii.gz", shape, bytes(bytes_ - 1) + b"\7")
    with ParserProcess(memory_bytes=600 * 2**20) as parser:
        slices = parser.nifti_slices(path, "a.nii.gz")
        first = parse_instance(next(slices))
        last = parse_instance(list(slices)[-1])
    assert (first.instance_number, last.instance_number) == (1, 256)
    assert last.dataset.pixel_array[-1, -1] == 7


def test_nifti_without_room_costs_only_itself(tmp_path: Path) -> None:
    path = nifti(tmp_path / "a.nii.gz", (512, 512, 500), b"", code=16, bits=32)
    good = factory.encode(factory.make_ct_series((1, 32, 32))[0])
    with ParserProcess(memory_bytes=600 * 2**20) as parser:
        before = parser.parse(good)
        with pytest.raises(DicomTooLarge, match="memory"):
            list(parser.nifti_slices(path, "a.nii.gz"))
        assert parser.parse(good) == before


def test_what_follows_a_bad_header_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.nii"
    path.write_bytes(header(kind=(70, "<h", (128,))) + bytes(5 * 2**20))
    good = factory.encode(factory.make_ct_series((1, 32, 32))[0])
    with ParserProcess() as parser:
        with pytest.raises(DicomError, match="type 128"):
            list(parser.nifti_slices(path, "a.nii"))
        child = parser._child
        assert parser.parse(good).modality == "CT"
        assert parser._child is child
