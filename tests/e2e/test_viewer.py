"""The viewer in a real Chromium against the running app: draw, undo, lose the tab, collide, review.

The steps are in `frontend/e2e/viewer.mjs`; here are the study and the people that they need.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from rt.masks import Mask, encode_mask
from tests.conftest import PASSWORD, ActorMaker
from tests.factories.dicom import encode, make_ct_series

FRONTEND = Path(__file__).parents[2] / "frontend"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
SHAPE = (40, 128, 128)
STRUCTURES = {"Brainstem": (50, 50), "SpinalCord": (70, 70), "Parotid_L": (60, 85)}

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
    pytest.mark.skipif(
        not (FRONTEND / "dist" / "index.html").is_file(), reason="the front end is not built (make run)"
    ),
]


def ball(row: int, column: int) -> Mask:
    """A ball of eight voxels' radius in the middle slices."""
    k, j, i = np.ogrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
    return np.asarray(((k - 20) * 1.5) ** 2 + (j - row) ** 2 + (i - column) ** 2 <= 64)


def make_study(http: httpx.Client) -> str:
    """A CT with three structures; the study's id."""

    def call(method: str, path: str, **options: Any) -> Any:
        answer = http.request(method, f"/api{path}", **options)
        assert answer.status_code < 300, answer.text
        return answer.json()

    project = call("GET", "/projects")["items"][0]["id"]
    batch = call("POST", f"/projects/{project}/imports", json={})["id"]
    for number, instance in enumerate(make_ct_series(SHAPE, spacing_ijk_mm=(2.0, 2.0, 3.0))):
        call("PUT", f"/imports/{batch}/files", params={"name": f"{number}.dcm"}, content=encode(instance))
    study = call("POST", f"/imports/{batch}/complete", json={})["studies"][0]
    series = call("GET", f"/studies/{study}")["series"][0]["id"]
    made = call("POST", f"/studies/{study}/structure-sets", json={"series_id": series, "label": "Clinical"})
    for name, (row, column) in STRUCTURES.items():
        structure = call("POST", f"/structure-sets/{made['id']}/structures", json={"name": name})
        call(
            "POST",
            f"/structures/{structure['id']}/revisions",
            json={"mask": base64.b64encode(encode_mask(ball(row, column))).decode()},
            headers={"If-Match": '"0"'},
        )
    return str(study)


def test_the_viewer_does_what_a_clinician_asks(
    live_server: str, actor: ActorMaker, login: Any, database: str
) -> None:
    with httpx.Client(base_url=live_server, headers=login("clinician"), timeout=60) as http:
        study = make_study(http)
    given = {
        "url": live_server,
        "study": study,
        "chromium": CHROMIUM,
        "password": PASSWORD,
        "drawer": actor("clinician").username,
        "reviewer": actor("clinician").username,
    }
    node = subprocess.run(
        ["node", "--test", "--test-reporter=spec", "e2e/viewer.mjs"],
        cwd=FRONTEND,
        env=os.environ | {"RINKAKU_E2E": json.dumps(given)},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert node.returncode == 0, node.stdout[-8000:] + node.stderr[-2000:]
