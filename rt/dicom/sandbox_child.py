"""The child of rt.dicom.sandbox: limits itself, then answers requests from standard input until it ends."""

from __future__ import annotations

import json
import resource
import sys
from typing import Any, BinaryIO

from rt.dicom import lossless_jpeg
from rt.dicom.nifti import NiftiVolume, dicom_slice, label_map, read_nifti
from rt.dicom.nrrd import read_nrrd_labels
from rt.dicom.parse import examine
from rt.dicom.pieces import to_json
from rt.dicom.pixels import decode_frames
from rt.dicom.sandbox import FRAME, summary_json
from rt.dicom.transcode import transcode
from rt.errors import DicomError, DicomTooLarge, RtError


def main(memory_bytes: int, cpu_s: int) -> None:
    """Serve one request after another; each may take `cpu_s` seconds of CPU."""
    lossless_jpeg.prepare()
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    source, sink, answering = sys.stdin.buffer, sys.stdout.buffer, _Answering()
    while head := source.read(FRAME.size):
        length, _, raw_length = FRAME.unpack(head)
        request = json.loads(source.read(length))
        _allow(cpu_s)
        answer, raw = answering.to(request, _Body(source, raw_length))
        text = json.dumps(answer).encode()
        sink.write(FRAME.pack(len(text), 0, len(raw)) + text)
        sink.write(raw)
        sink.flush()


def _allow(cpu_s: int) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + 1 + cpu_s, hard))


class _Body:
    """The bytes of one request; those that nobody asked for are passed over."""

    def __init__(self, source: BinaryIO, length: int) -> None:
        self._source, self._left = source, length

    def read(self, size: int, /) -> bytes:
        data = self._source.read(min(size, self._left))
        self._left -= len(data)
        return data

    def all(self) -> bytes:
        return self.read(self._left)

    def finish(self) -> None:
        while self._left and self.read(2**20):
            pass


class _Answering:
    """Answers requests; of one it keeps something: the volume whose slices are asked for next."""

    def __init__(self) -> None:
        self._nifti: NiftiVolume | None = None

    def to(self, request: dict[str, Any], body: _Body) -> tuple[dict[str, Any], bytes]:
        try:
            return self._done(request, body)
        except RtError as error:
            return _said(error), b""
        except MemoryError:
            return _said(DicomTooLarge("needs more memory than a file may")), b""
        finally:
            body.finish()

    def _done(self, request: dict[str, Any], body: _Body) -> tuple[dict[str, Any], bytes]:
        if request["do"] == "nifti-slice":
            if self._nifti is None:
                raise DicomError("the parser that had read this file has ended")
            return {}, dicom_slice(self._nifti, request["k"], request["name"])
        self._nifti = None
        if request["do"] == "nifti":
            self._nifti = read_nifti(body)
            return {"slices": len(self._nifti.stored_kji)}, b""
        if request["do"] == "nifti-labels":
            labels, grid = label_map(read_nifti(body))
            return {"grid": grid.to_json()}, labels.tobytes()
        if request["do"] == "nrrd-labels":
            labels, grid = read_nrrd_labels(body)
            return {"grid": grid.to_json()}, labels.tobytes()
        if request["do"] == "parse":
            parsed, pieces = examine(body.all())
            said, fresh = to_json(pieces)
            return {**summary_json(parsed), "pieces": said}, fresh
        if request["do"] == "frames":
            frames = decode_frames(body.all(), request["frame"])
            return {"dtype": frames.dtype.str, "shape": list(frames.shape)}, frames.tobytes()
        if request["do"] == "transcode":
            return {}, transcode(body.all(), request["syntax"])
        return {}, b""


def _said(error: RtError) -> dict[str, Any]:
    """An error as JSON."""
    said = {"error": type(error).__name__, "detail": error.detail, "where": error.where}
    return {**said, "instance": error.instance}


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
