"""The raw volume as the viewer takes it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from fastapi.testclient import TestClient

from backend.projects.tables import Project
from backend.studies.volumes import middle_out_order
from tests.backend.studies.sending import send
from tests.factories.dicom import cylinder, make_ct_series

Login = Callable[..., dict[str, str]]
SHAPE = (7, 12, 10)


@pytest.fixture
def where(client: TestClient, login: Login, project: Project) -> str:
    """Address of a volume."""
    headers = login("clinician")
    series = make_ct_series(SHAPE, hu_kji=cylinder(SHAPE))
    (study_id,) = send(client, headers, project, series)["studies"]
    (row,) = client.get(f"/api/studies/{study_id}", headers=headers).json()["series"]
    assert row["volume"]["dtype"] == "int16"
    assert row["volume"]["unit"] == "HU"
    assert row["volume"]["sop_instance_uids"] == [s.SOPInstanceUID for s in series]
    assert row["volume"]["window"] == {"low": -160.0, "high": 240.0}
    return f"/api/series/{row['id']}/volume"


def test_the_stack_is_the_voxels_in_hounsfield_units(client: TestClient, login: Login, where: str) -> None:
    answer = client.get(where, headers=login("reader"))
    voxels = np.frombuffer(answer.content, dtype="<i2").reshape(SHAPE)
    assert np.array_equal(voxels, cylinder(SHAPE))
    assert answer.headers["content-length"] == str(2 * voxels.size)
    assert "content-encoding" not in answer.headers


def test_middle_out_gives_the_middle_slice_first(client: TestClient, login: Login, where: str) -> None:
    answer = client.get(where, params={"order": "middle-out"}, headers=login("reader"))
    voxels = np.frombuffer(answer.content, dtype="<i2").reshape(SHAPE)
    assert np.array_equal(voxels, cylinder(SHAPE)[[3, 4, 2, 5, 1, 6, 0]])


def test_what_the_browser_has_is_not_sent_again(client: TestClient, login: Login, where: str) -> None:
    headers = login("reader")
    first = client.get(where, headers=headers)
    assert first.headers["cache-control"] == "private, max-age=31536000, immutable"
    again = client.get(where, headers={**headers, "If-None-Match": first.headers["etag"]})
    other = client.get(
        where, params={"order": "middle-out"}, headers={**headers, "If-None-Match": first.headers["etag"]}
    )
    assert (again.status_code, again.content, other.status_code) == (304, b"", 200)


def test_strangers_get_no_voxels(client: TestClient, login: Login, where: str) -> None:
    assert client.get(where, headers=login(None)).status_code == 404
    assert client.get(where).status_code == 401


@pytest.mark.parametrize("count", [1, 2, 3, 8, 9])
def test_middle_out_names_every_slice_once(count: int) -> None:
    order = middle_out_order(count)
    assert sorted(order) == list(range(count))
    assert order[0] == count // 2
