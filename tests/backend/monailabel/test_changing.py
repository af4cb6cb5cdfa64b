"""Labels taken away and reviewed, images sent in: what the Reviewer and scripts do."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import select

from backend.kit import db
from backend.labels.tables import Review, Structure
from backend.projects.tables import Project
from backend.studies.tables import Study
from rt.geometry import Grid
from rt.resample import write_nifti
from tests.backend.labels.conftest import Drawn, Save, draw
from tests.factories.dicom import encode, make_ct_series
from tests.factories.scenes import block

Address = Callable[..., str]
Login = Callable[..., dict[str, str]]


def acts(client: TestClient, drawn: Drawn, act: str, headers: dict[str, str]) -> None:
    path = f"/api/structure-sets/{drawn.set_id}/{act}"
    assert client.post(path, json={}, headers=headers).is_success


def reviewed(client: TestClient, base: str, drawn: Drawn, tag: str = "original", **meta: object) -> Response:
    """As the Reviewer sends it: urlencoded."""
    url = f"{base}/datastore/updatelabelinfo"
    query = {"label": drawn.scene.series.series_instance_uid, "tag": tag}
    return client.put(url, params=query, data={"params": json.dumps({"segmentationMeta": meta})})


def fetched(client: TestClient, base: str, drawn: Drawn, tag: str = "original") -> None:
    uid = drawn.scene.series.series_instance_uid
    assert client.get(f"{base}/datastore/label?label={uid}&tag={tag}").status_code == 200


def state_of(drawn: Drawn) -> str:
    with db.session_scope(read_only=True) as session:
        return session.get_one(Structure, drawn.structure_id).state


def test_the_reviewers_approval_is_a_signature(
    client: TestClient, address: Address, drawn: Drawn, login: Login
) -> None:
    acts(client, drawn, "submit", login("annotator"))
    base = address("reviewer")
    unseen = reviewed(client, base, drawn, status="approved")
    assert (unseen.status_code, unseen.json()["type"]) == (428, "/problems/label-not-fetched")
    fetched(client, base, drawn)
    assert reviewed(client, base, drawn, status="approved", level="hard", comment="fine").json() == {}
    assert state_of(drawn) == "approved"
    with db.session_scope(read_only=True) as session:
        signature = session.scalars(select(Review).where(Review.act == "approved")).one()
    assert (signature.comment, signature.structure_id) == ("fine", drawn.structure_id)


def test_what_changed_since_it_was_fetched_is_not_signed(
    client: TestClient, address: Address, drawn: Drawn, login: Login, save: Save
) -> None:
    """The annotator changes the contour while the reviewer looks at the one before."""
    base, other = address("reviewer"), address("clinician")
    fetched(client, base, drawn)
    again = drawn.mask.copy()
    again[2] = ~again[2]
    answer = save(drawn.structure_id, again, 1, login("annotator"))
    assert answer.status_code == 201, answer.text
    acts(client, drawn, "submit", login("annotator"))
    fetched(client, other, drawn, "version_1")
    for tag in ("original", "version_1"):
        refused = reviewed(client, base, drawn, tag=tag, status="approved")
        assert refused.status_code in (404, 428), (tag, refused.text)
    assert state_of(drawn) == "submitted"
    fetched(client, base, drawn, "version_1")
    assert reviewed(client, base, drawn, tag="version_1", status="approved").json() == {}
    with db.session_scope(read_only=True) as session:
        signature = session.scalars(select(Review).where(Review.act == "approved")).one()
    assert signature.revision == 2


def test_one_newer_structure_of_a_label_keeps_the_others_from_being_signed(
    client: TestClient, address: Address, drawn: Drawn, login: Login, save: Save
) -> None:
    second = draw(drawn.scene, "Brainstem", block(drawn.scene.grid, slice(1, 4), slice(2, 5), slice(2, 5)))
    base = address("reviewer")
    fetched(client, base, drawn)
    assert save(second.structure_id, ~second.mask, 1, login("annotator")).status_code == 201
    acts(client, drawn, "submit", login("annotator"))
    refused = reviewed(client, base, drawn, status="approved")
    assert (refused.status_code, refused.json()["type"]) == (412, "/problems/stale-revision")
    assert refused.json()["head"] == 2
    assert state_of(drawn) == "submitted"
    fetched(client, base, drawn)
    assert reviewed(client, base, drawn, status="approved").json() == {}
    assert (state_of(drawn), state_of(second)) == ("approved", "submitted")


def test_what_a_colleague_fetched_is_not_what_the_reviewer_looked_at(
    client: TestClient, address: Address, drawn: Drawn, login: Login
) -> None:
    acts(client, drawn, "submit", login("annotator"))
    fetched(client, address("clinician"), drawn)
    refused = reviewed(client, address("reviewer"), drawn, status="approved")
    assert (refused.status_code, refused.json()["type"]) == (428, "/problems/label-not-fetched")


def test_a_client_that_saves_has_what_it_saved_beside_what_it_fetched(
    client: TestClient, address: Address, drawn: Drawn, login: Login
) -> None:
    second = draw(drawn.scene, "Brainstem", block(drawn.scene.grid, slice(1, 4), slice(2, 5), slice(2, 5)))
    base, uid = address("clinician"), drawn.scene.series.series_instance_uid
    url = f"{base}/datastore/label?label={uid}&tag=original"
    fetched(client, base, drawn)
    labels = np.asarray(drawn.mask, np.uint8)
    labels[0] = 1
    params = json.dumps({"label_info": [{"name": "Parotid_L", "idx": 1}]})
    sent_map = client.put(
        f"{base}/datastore/label?image={uid}",
        data={"params": params}, files={"label": ("label.bin", labels.tobytes())},
    )  # fmt: skip
    assert sent_map.json()["saved"] == ["Parotid_L"], sent_map.text
    acts(client, drawn, "submit", login("annotator"))
    assert reviewed(client, base, drawn, status="approved").json() == {}, "the other one is as it was"
    assert (state_of(drawn), state_of(second)) == ("submitted", "approved")
    own = reviewed(client, base, drawn, tag="version_1", status="approved")
    assert (own.status_code, own.json()["type"]) == (403, "/problems/own-work")
    assert client.get(url).status_code == 404


def test_a_flag_returns_and_says_why(
    client: TestClient, address: Address, drawn: Drawn, login: Login
) -> None:
    acts(client, drawn, "submit", login("annotator"))
    base = address("reviewer")
    silent = reviewed(client, base, drawn, status="flagged", comment="")
    assert (silent.status_code, silent.json()["field"]) == (422, "comment")
    assert reviewed(client, base, drawn, status="flagged", comment="too small").status_code == 200
    assert state_of(drawn) == "returned"
    uid = drawn.scene.series.series_instance_uid
    info = client.get(f"{base}/datastore/label/info?label={uid}&tag=original").json()
    assert info["segmentationMeta"]["status"] == "flagged"


def test_reviews_have_the_rules_of_the_pages(
    client: TestClient, address: Address, drawn: Drawn, login: Login
) -> None:
    base = address("reviewer")
    early = reviewed(client, base, drawn, status="approved")
    assert (early.status_code, early.json()["type"]) == (409, "/problems/illegal-transition")
    both = login("clinician")
    acts(client, drawn, "submit", both)
    own = reviewed(client, address(both), drawn, status="approved")
    assert (own.status_code, own.json()["type"]) == (403, "/problems/own-work")
    assert reviewed(client, address("annotator"), drawn, status="approved").status_code == 403
    assert reviewed(client, base, drawn, tag="version_7", status="approved").status_code == 404
    assert reviewed(client, base, drawn, status="segmented").json() == {}, "no act of review"
    assert state_of(drawn) == "submitted"
    url = f"{base}/datastore/updatelabelinfo?label={drawn.scene.series.series_instance_uid}&tag=original"
    assert client.put(url, data={"params": "no json"}).status_code == 422
    assert client.put(url, data={"params": '{"segmentationMeta": 7}'}).json() == {}


def test_a_label_is_taken_away_unless_it_is_signed(
    client: TestClient, address: Address, drawn: Drawn, login: Login
) -> None:
    uid, base = drawn.scene.series.series_instance_uid, address("annotator")
    acts(client, drawn, "submit", login("annotator"))
    signed = client.delete(f"{base}/datastore/label?id={uid}&tag=original")
    assert (signed.status_code, signed.json()["type"]) == (409, "/problems/structure-signed")
    path = f"/api/structure-sets/{drawn.set_id}/return"
    assert client.post(path, json={"comment": "no"}, headers=login("reviewer")).is_success
    assert client.delete(f"{address('reader')}/datastore/label?id={uid}&tag=original").status_code == 403
    assert client.delete(f"{base}/datastore/label?id={uid}&tag=original").status_code == 200
    assert client.delete(f"{base}/datastore/label?id={uid}&tag=original").status_code == 404
    with db.session_scope(read_only=True) as session:
        assert session.get(Structure, drawn.structure_id) is None


def sent(
    client: TestClient, base: str, name: str, data: bytes, path: str = "/datastore/?image=spleen_7"
) -> Response:
    return client.put(base + path, data={"params": "{}"}, files={"file": (name, data)})


@pytest.fixture
def nifti(tmp_path: Path) -> bytes:
    hu = np.random.default_rng(1).integers(-1000, 2000, (5, 6, 7)).astype(np.int16)
    write_nifti(tmp_path / "ct.nii.gz", hu, Grid.of(hu.shape, (1.0, 1.0, 2.0), (0.0, 0.0, 0.0), np.eye(3)))
    return (tmp_path / "ct.nii.gz").read_bytes()


@pytest.mark.parametrize("path", ["/datastore/?image=spleen_7", "/datastore/image?image=spleen_7"])
def test_an_uploaded_image_gets_the_id_that_it_is_known_by(
    client: TestClient, address: Address, project: Project, nifti: bytes, path: str
) -> None:
    with db.session_scope() as session:
        session.get_one(Project, project.id).allow_nifti = True
    base = address("annotator")
    uid = sent(client, base, "/tmp/Slicer-x/1.2.3.nii.gz", nifti, path).json()["image"]
    assert uid in client.get(f"{base}/datastore/?output=all").json()["objects"]
    assert client.get(f"{base}/datastore/image?image={uid}").status_code == 200
    with db.session_scope(read_only=True) as session:
        assert session.scalars(select(Study)).one().description == "spleen_7.nii.gz"
    assert sent(client, base, "again.nii.gz", nifti).json()["image"] == uid, "the same file is the same image"


def test_an_uploaded_dicom_file_keeps_its_own_id(client: TestClient, address: Address) -> None:
    ct = make_ct_series((1, 32, 32))[0]
    answer = sent(client, address("annotator"), "C:\\temp\\a.dcm", encode(ct), "/datastore/")
    assert answer.json() == {"image": ct.SeriesInstanceUID}, answer.text


def test_images_that_are_refused_say_why(
    client: TestClient, address: Address, project: Project, nifti: bytes
) -> None:
    base = address("annotator")
    closed = sent(client, base, "x.nii.gz", nifti)
    assert (closed.status_code, closed.json()["reason"]) == (422, "nifti-not-allowed")
    assert sent(client, base, "x.png", b"no image").json()["type"] == "/problems/image-refused"
    assert sent(client, address("reader"), "x.nii.gz", nifti).status_code == 403
    missing = client.put(f"{base}/datastore/", data={"params": "{}"})
    assert (missing.status_code, missing.json()["field"]) == (422, "file")
