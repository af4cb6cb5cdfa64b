"""Parsing in a process of its own."""

from __future__ import annotations

import os
import signal
import threading

import numpy as np
import pytest

from rt.dicom.parse import parse_instance
from rt.dicom.sandbox import ParserProcess
from rt.errors import DicomTooLarge, DicomTruncated
from tests.factories import dicom as factory


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
