"""The child of rt.dicom.sandbox: limits itself, then answers requests from standard input until it ends."""

from __future__ import annotations

import json
import resource
import sys
from typing import Any, BinaryIO

from rt.dicom import lossless_jpeg
from rt.dicom.parse import parse_instance
from rt.dicom.pixels import decode_frames
from rt.dicom.sandbox import FRAME, summary_json
from rt.errors import RtError


def main(memory_bytes: int, cpu_s: int) -> None:
    """Serve one request after another; each may take `cpu_s` seconds of CPU."""
    lossless_jpeg.prepare()
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while head := source.read(FRAME.size):
        length, _, raw_length = FRAME.unpack(head)
        request = json.loads(source.read(length))
        _allow(cpu_s)
        answer, raw = _answer(request, source, raw_length)
        text = json.dumps(answer).encode()
        sink.write(FRAME.pack(len(text), 0, len(raw)) + text)
        sink.write(raw)
        sink.flush()


def _allow(cpu_s: int) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + 1 + cpu_s, hard))


def _answer(request: dict[str, Any], source: BinaryIO, length: int) -> tuple[dict[str, Any], bytes]:
    try:
        data = source.read(length)
        if request["do"] == "parse":
            parsed = parse_instance(data)
            return summary_json(parsed), parsed.data
        frames = decode_frames(data, request["frame"])
        return {"dtype": frames.dtype.str, "shape": list(frames.shape)}, frames.tobytes()
    except RtError as error:
        return {"error": type(error).__name__, "detail": error.detail, "where": error.where}, b""
    except MemoryError:
        return {"error": "DicomTooLarge", "detail": "needs more memory than a file may", "where": None}, b""


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
