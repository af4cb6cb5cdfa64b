"""Label maps that clients save become revisions with their author."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable

import numpy as np
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import select

from backend.kit import db
from backend.labels.service import load_mask
from backend.labels.tables import Revision
from rt.dicom.nrrd import nrrd_bytes
from rt.geometry import Grid
from rt.nifti_header import nifti_header
from tests.backend.labels.conftest import Drawn, draw
from tests.factories.reviewing import review
from tests.factories.scenes import block

Login = Callable[..., dict[str, str]]
NAMES = [{"name": "Parotid_L", "idx": 1}, {"name": "Larynx", "idx": 2}]


def sent(
    client: TestClient, headers: dict[str, str], drawn: Drawn, data: bytes, info: list[dict[str, object]],
    name: str = "1.2.3.nii.gz",
) -> Response:  # fmt: skip
    token = headers["Authorization"].removeprefix("Bearer ")
    url = f"/monailabel/{token}/datastore/label?image={drawn.scene.series.series_instance_uid}&tag=final"
    params = json.dumps({"label_info": info, "client_id": "user-xyz", "model": "head-neck-oar"})
    return client.put(url, data={"params": params}, files={"label": (f"/tmp/a b/{name}", data)})


def label_map(drawn: Drawn) -> np.ndarray:
    labels = np.zeros(drawn.scene.grid.shape_kji, np.uint8)
    labels[2, 3:6, 3:6], labels[5, 2:4, 2:4] = 1, 2
    return labels


def test_saved_label_is_a_revision_with_author_and_provenance(
    client: TestClient, drawn: Drawn, login: Login
) -> None:
    labels = label_map(drawn)
    data = gzip.compress(nifti_header(drawn.scene.grid, "uint8") + labels.tobytes())
    headers = login("annotator")
    answer = sent(client, headers, drawn, data, NAMES)
    assert answer.json()["saved"] == ["Parotid_L", "Larynx"], answer.text
    with db.session_scope(read_only=True) as session:
        query = select(Revision).where(Revision.structure_id == drawn.structure_id, Revision.number == 2)
        row = session.scalars(query).one()
        assert np.array_equal(load_mask(row, drawn.scene.grid), labels == 1)
    assert (row.tool, row.reason) == ("monailabel", "MONAI Label: user-xyz head-neck-oar")
    assert row.author_id is not None
    assert sent(client, headers, drawn, data, NAMES).json()["saved"] == [], "the same again is nothing new"


def test_slicers_renumbered_map_is_read_in_order(client: TestClient, drawn: Drawn, login: Login) -> None:
    data = nifti_header(drawn.scene.grid, "uint8") + label_map(drawn).tobytes()
    info = [{"name": "Parotid_L", "idx": 3}, {"name": "Larynx", "idx": 7}]
    assert sent(client, login("annotator"), drawn, data, info).json()["saved"] == ["Parotid_L", "Larynx"]
    info = [{"name": "Parotid_R", "idx": 2}, {"name": "Brainstem", "idx": 3}]
    second = nifti_header(drawn.scene.grid, "uint8") + (label_map(drawn) * (label_map(drawn) == 2)).tobytes()
    assert sent(client, login("annotator"), drawn, second, info).json()["saved"] == ["Brainstem"]


def test_what_does_not_fit_is_refused_and_nothing_stored(
    client: TestClient, drawn: Drawn, login: Login
) -> None:
    grid, labels, headers = drawn.scene.grid, label_map(drawn).tobytes(), login("annotator")
    shifted = Grid.of(grid.shape_kji, grid.spacing_ijk_mm, (0.0, 0.0, 0.0), np.eye(3))
    right = nifti_header(grid, "uint8") + labels
    cases = [
        (nifti_header(shifted, "uint8") + labels, NAMES), (right, NAMES[:1]), (right, []),
        (b"NRRD0004", NAMES), (right, [{"name": "a\0", "idx": 1}]), (right, [{"name": "a", "idx": "x"}]),
        (right[:-5], NAMES),
    ]  # fmt: skip
    for data, info in cases:
        answer = sent(client, headers, drawn, data, info)
        assert (400 <= answer.status_code < 500, answer.headers["content-type"]) == (
            True,
            "application/problem+json",
        ), answer.text
    assert sent(client, login("reader"), drawn, right, NAMES).status_code == 403
    with db.session_scope(read_only=True) as session:
        assert len(session.scalars(select(Revision)).all()) == 1


def test_nrrd_and_bare_bytes_are_label_maps_too(client: TestClient, drawn: Drawn, login: Login) -> None:
    labels, headers = label_map(drawn), login("annotator")
    right = nrrd_bytes(labels, drawn.scene.grid)
    head, _, voxels = right.partition(b"\n\n")
    packed = head.replace(b"encoding: raw", b"encoding: gzip") + b"\n\n" + gzip.compress(voxels)
    assert sent(client, headers, drawn, packed, NAMES).json()["saved"] == ["Parotid_L", "Larynx"]
    assert sent(client, headers, drawn, right, NAMES).json()["saved"] == [], "the same, not packed"
    shorter = labels.copy()
    shorter[5] = 0
    bare = sent(client, headers, drawn, (shorter > 0).tobytes(), NAMES, name="label.bin")
    assert (bare.json()["saved"], bare.json()["kept"]) == ([], ["Larynx"]), bare.text
    assert sent(client, headers, drawn, b"\1", NAMES, name="label.bin").json()["type"].endswith("shape")


def test_what_a_map_leaves_empty_is_not_declared_absent(
    client: TestClient, drawn: Drawn, login: Login
) -> None:
    nothing = nifti_header(drawn.scene.grid, "uint8") + bytes(label_map(drawn).size)
    answer = sent(client, login("annotator"), drawn, nothing, NAMES).json()
    assert (answer["saved"], answer["kept"]) == ([], ["Parotid_L"]), "Larynx was never drawn"


def test_names_have_the_rules_of_the_pages(client: TestClient, drawn: Drawn, login: Login) -> None:
    data = nifti_header(drawn.scene.grid, "uint8") + label_map(drawn).tobytes()
    headers, larynx = login("annotator"), NAMES[1]
    same = sent(client, headers, drawn, data, [{"name": "parotid_l", "idx": 1}, larynx])
    assert (same.status_code, same.json()["type"]) == (409, "/problems/name-taken")
    for name in ("a\\b", "a\u200bb", "", "x" * 65):
        assert sent(client, headers, drawn, data, [{"name": name, "idx": 1}, larynx]).status_code == 422
    twice = [{"name": "Larynx", "idx": 1}, larynx]
    assert sent(client, headers, drawn, data, twice).status_code == 422


def test_what_is_under_review_stays_as_it_is_signed(client: TestClient, drawn: Drawn, login: Login) -> None:
    data, headers = nifti_header(drawn.scene.grid, "uint8") + label_map(drawn).tobytes(), login("annotator")
    for act, role in (("submit", "annotator"), ("approve", "reviewer")):
        assert review(client, drawn.set_id, act, login(role)).status_code == 200
        answer = sent(client, headers, drawn, data, NAMES).json()
        assert "Parotid_L" in answer["kept"] and "Parotid_L" not in answer["saved"]
    [shown] = [
        one
        for one in client.get(f"/api/structure-sets/{drawn.set_id}", headers=headers).json()["structures"]
        if one["name"] == "Parotid_L"
    ]
    assert (shown["state"], shown["head"]["number"]) == ("approved", 1)


def test_an_overlap_that_a_map_cannot_hold_is_not_cut_away(
    client: TestClient, drawn: Drawn, login: Login
) -> None:
    inner = block(drawn.scene.grid, slice(3, 4), slice(8, 10), slice(7, 9))
    assert (inner & drawn.mask).any()
    draw(drawn.scene, "Larynx", inner)
    labels = drawn.mask.astype(np.uint8)
    labels[inner] = 2
    headers = login("annotator")
    same = nifti_header(drawn.scene.grid, "uint8") + labels.tobytes()
    assert sent(client, headers, drawn, same, NAMES).json()["saved"] == [], "nothing was changed"
    labels[4, 13, 11] = 1 - labels[4, 13, 11]
    changed = nifti_header(drawn.scene.grid, "uint8") + labels.tobytes()
    assert sent(client, headers, drawn, changed, NAMES).json()["saved"] == ["Parotid_L"]
    with db.session_scope(read_only=True) as session:
        query = select(Revision).where(Revision.structure_id == drawn.structure_id, Revision.number == 2)
        mask = load_mask(session.scalars(query).one(), drawn.scene.grid)
    assert np.array_equal(mask, (labels == 1) | inner)
