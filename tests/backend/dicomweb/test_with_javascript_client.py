"""The public dicomweb-client of JavaScript, which OHIF and cornerstone use, against a running server.

It is a development dependency of the pages (frontend/package.json) and runs in Node, over `fetch`.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.backend.dicomweb.conftest import SQUARE
from tests.factories.dicom import encode, make_ct_series, make_rtstruct

Login = Callable[..., dict[str, str]]
DRIVER = Path(__file__).with_name("javascript_client.mjs")
EXPLICIT, IMPLICIT, RLE = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.5"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def drive(live_server: str, headers: dict[str, str], folder: Path, files: list[bytes]) -> Any:
    """What the client got, as its driver prints it."""
    paths = []
    for number, data in enumerate(files):
        paths.append(folder / f"{number}.dcm")
        paths[-1].write_bytes(data)
    token = headers["Authorization"].removeprefix("Bearer ")
    command = ["node", str(DRIVER), f"{live_server}/dicomweb", token, *map(str, paths)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def test_the_client_of_ohif_stores_finds_and_retrieves(
    live_server: str, login: Login, tmp_path: Path
) -> None:
    ct = make_ct_series((3, 40, 32))
    contours = make_rtstruct(ct, {"PTV": {1: SQUARE}})
    files = [encode(dataset, IMPLICIT) for dataset in (*ct, contours)]
    got = drive(live_server, login("clinician"), tmp_path, files)

    assert len(got["stored"]["00081199"]["Value"]) == 4
    assert got["studies"][0]["0020000D"]["Value"] == [ct[0].StudyInstanceUID]
    assert sorted(one["00080060"]["Value"][0] for one in got["series"]) == ["CT", "RTSTRUCT"]
    assert [one["00080018"]["Value"][0] for one in got["instances"]] == [s.SOPInstanceUID for s in ct[1:]]

    assert (got["metadata"]["study"], len(got["metadata"]["series"])) == (4, 3)
    (alone,) = got["metadata"]["instance"]
    assert alone["00200032"]["Value"] == [float(v) for v in ct[1].ImagePositionPatient]
    assert [len(got["retrieved"][level]) for level in ("study", "series", "instance")] == [4, 3, 1]
    for part in (*got["retrieved"]["study"], *got["retrieved"]["instance"]):
        assert (part["type"], part["syntax"]) == ("application/dicom", EXPLICIT)
    assert got["retrieved"]["instance"][0]["sha256"] == got["retrieved"]["series"][1]["sha256"]

    pixels = {"sha256": sha256(ct[1].PixelData), "bytes": len(ct[1].PixelData)}
    octets = {"type": "application/octet-stream", "syntax": EXPLICIT}
    assert got["frames"]["native"] == got["frames"]["stored"] == [pixels | octets]
    for name, kind, syntax in (
        ("jp2", "image/jp2", "1.2.840.10008.1.2.4.90"),
        ("jls", "image/jls", "1.2.840.10008.1.2.4.80"),
        ("rle", "image/dicom-rle", RLE),
    ):
        (frame,) = got["frames"][name]
        assert (frame["type"], frame["syntax"]) == (kind, syntax)
        assert 0 < frame["bytes"] < pixels["bytes"]
    assert got["frames"]["baseline"] == 406
    assert [got["bulk"][kind][0]["sha256"] for kind in ("parts", "single")] == [pixels["sha256"]] * 2

    png, jpeg = "\x89PNG", "\xff\xd8\xff\xe0"
    assert got["pictures"] == {"rendered": png, "frame": png, "thumbnail": jpeg, "frameThumbnail": jpeg}
    assert len(got["partly"]["00081198"]["Value"]) == len(got["partly"]["00081199"]["Value"]) == 1
    assert got["refused"] == 409
