"""A study as viewers meet it: a CT of four slices, its contours, and a dose of several frames."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from fastapi.testclient import TestClient
from httpx import Response
from pydicom import Dataset

from tests.factories.dicom import encode, make_ct_series, make_rtdose, make_rtstruct

Login = Callable[..., dict[str, str]]
Stow = Callable[..., Response]
SQUARE = [(4.0, 4.0), (9.0, 4.0), (9.0, 9.0), (4.0, 9.0)]
CIRCLE = [(6 + 3 * np.cos(a), 8 + 3 * np.sin(a)) for a in np.linspace(0, 2 * np.pi, 2100, endpoint=False)]
"""A contour too long to stand in the JSON."""


def address(dataset: Dataset, level: str = "instance") -> str:
    """Where a data set is retrieved, at a level."""
    study = f"/dicomweb/studies/{dataset.StudyInstanceUID}"
    series = f"{study}/series/{dataset.SeriesInstanceUID}"
    return {"study": study, "series": series, "instance": f"{series}/instances/{dataset.SOPInstanceUID}"}[
        level
    ]


def parts_of(body: bytes) -> list[tuple[str, bytes]]:
    """Content-Type and bytes of each part, read as cornerstone and dicomweb-client in JavaScript read them:
    the boundary is the first line, header names count to the letter."""
    boundary = body[: body.index(b"\r\n")]
    assert boundary.startswith(b"--") and body.endswith(b"\r\n" + boundary + b"--\r\n")
    parts = []
    for piece in body.removesuffix(b"\r\n" + boundary + b"--\r\n").split(boundary + b"\r\n")[1:]:
        head, data = piece.split(b"\r\n\r\n", 1)
        (kind,) = [
            line.removeprefix("Content-Type: ")
            for line in head.decode().split("\r\n")
            if line.startswith("Content-Type: ")
        ]
        parts.append((kind, data))
    return [
        (kind, data if number == len(parts) else data.removesuffix(b"\r\n"))
        for number, (kind, data) in enumerate(parts, 1)
    ]


@pytest.fixture
def stow(client: TestClient, login: Login) -> Stow:
    """Stores data sets or files by STOW-RS as a clinician."""
    headers = login("clinician") | {
        "Content-Type": 'multipart/related; type="application/dicom"; boundary="b-b"'
    }

    def send(*files: Dataset | bytes, to: str = "/dicomweb/studies") -> Response:
        encoded = [file if isinstance(file, bytes) else encode(file) for file in files]
        body = b"".join(b"\r\n--b-b\r\nContent-Type: application/dicom\r\n\r\n" + file for file in encoded)
        return client.post(to, content=body + b"\r\n--b-b--", headers=headers)

    return send


@dataclass(frozen=True)
class Sent:
    """What was sent, and the headers of somebody who may read it."""

    ct: list[Dataset]
    contours: Dataset
    dose: Dataset
    headers: dict[str, str]


@pytest.fixture
def sent(stow: Stow, login: Login) -> Sent:
    """The study, stored."""
    ct = make_ct_series((4, 16, 12))
    contours = make_rtstruct(ct, {"PTV": {1: SQUARE}, "Larynx": {2: CIRCLE}})
    dose = make_rtdose(ct, np.arange(3 * 5 * 4, dtype=float).reshape(3, 5, 4), (4.0, 4.0, 3.0))
    for dataset in (contours, dose):
        dataset.PatientName = ct[0].PatientName
    answer = stow(*ct, contours, dose)
    assert "00081198" not in answer.json(), answer.text
    return Sent(ct, contours, dose, login("reader"))
