"""Pages of other origins, the log, tokens, weights, and what is not offered."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from backend.app import create_app
from backend.config import get_settings
from backend.jobs.service import JobRequest, enqueue
from backend.jobs.tables import JobLog
from backend.kit import db
from backend.kit.storage import storage
from backend.projects.tables import Project
from backend.training.tables import NetworkVersion
from tests.factories.patients import Arrived

Address = Callable[..., str]
OHIF = "https://ohif.hospital.example"


def preflight(client: TestClient, path: str, origin: str = OHIF) -> dict[str, str]:
    asked = {
        "Origin": origin, "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }  # fmt: skip
    return dict(client.options(path, headers=asked).headers)


def test_a_preflight_is_answered_before_anybody_asks_who_it_is(client: TestClient) -> None:
    told = preflight(client, "/monailabel/any-token/infer/head-neck-oar")
    assert told["access-control-allow-origin"] == OHIF
    assert told["access-control-allow-credentials"] == "true"
    assert "PUT" in told["access-control-allow-methods"]
    assert {"Authorization", "Content-Type"} <= set(told["access-control-allow-headers"].split(", "))


def test_answers_and_refusals_are_readable_by_pages_of_other_origins(
    client: TestClient, address: Address
) -> None:
    for base, status in ((address(), 200), ("/monailabel/wrong", 401)):
        answer = client.get(f"{base}/info/", headers={"Origin": OHIF})
        assert answer.status_code == status
        assert answer.headers["access-control-allow-origin"] == OHIF
        assert "Content-Disposition" in answer.headers["access-control-expose-headers"]


def test_the_own_api_stays_closed_to_other_origins(client: TestClient) -> None:
    assert "access-control-allow-origin" not in preflight(client, "/api/projects")
    assert "access-control-allow-origin" not in client.get("/api/projects", headers={"Origin": OHIF}).headers
    assert (
        "access-control-allow-origin" not in client.get("/dicomweb/studies", headers={"Origin": OHIF}).headers
    )


def test_a_cookie_opens_nothing_here(client: TestClient, address: Address) -> None:
    headers = {"Cookie": "rinkaku_session=x", "Authorization": f"Bearer {address().rsplit('/', 1)[-1]}"}
    assert client.get("/monailabel/wrong/info/", headers=headers).status_code == 401


def test_origins_can_be_named(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINKAKU_MONAILABEL_ORIGINS", f"{OHIF}, http://localhost:3000")
    get_settings.cache_clear()
    with TestClient(create_app()) as client:
        assert preflight(client, "/monailabel/x/info/")["access-control-allow-origin"] == OHIF
        told = preflight(client, "/monailabel/x/info/", "https://elsewhere.example")
        assert "access-control-allow-origin" not in told


def test_the_log_is_of_the_projects_own_jobs(client: TestClient, address: Address, project: Project) -> None:
    with db.session_scope() as session:
        own = enqueue(session, JobRequest("presegment", {}, project.id))
        other = enqueue(session, JobRequest("sweep-storage", {}, None))
        session.add_all(JobLog(job_id=own.id, attempt=1, line=f"line {n}") for n in range(3))
        session.add(JobLog(job_id=other.id, attempt=1, line="of no project"))
    base = address("reader")
    told = client.get(f"{base}/logs/?lines=2&html=true&refresh=3")
    assert told.headers["content-type"].startswith("text/plain")
    lines = told.text.splitlines()
    assert [line.split(" ", 2)[2] for line in lines] == ["presegment line 1", "presegment line 2"]
    assert client.get(f"{base}/logs/?lines=0").status_code == 422
    assert client.get(f"{address(None)}/logs/").status_code == 404


def test_the_token_is_the_one_in_the_address(client: TestClient, address: Address) -> None:
    base = address("reader")
    assert client.get(f"{base}/auth/").json()["enabled"] is False
    form = {"username": "x", "password": "y", "grant_type": "password"}
    told = client.post(f"{base}/auth/token", data=form).json()
    assert told == {"access_token": base.rsplit("/", 1)[-1], "token_type": "Bearer"}
    assert client.get(f"{base}/auth/token/valid").status_code == 200
    assert client.get("/monailabel/wrong/auth/token/valid").status_code == 401
    assert client.post("/monailabel/wrong/auth/token", data=form).status_code == 401


def test_weights_leave_with_the_right_to_export(
    client: TestClient, address: Address, project: Project
) -> None:
    with db.session_scope() as session:
        session.add(
            NetworkVersion(
                name="head-neck-oar", version=3, title="", origin="shipped", manifest={}, structures=["A"],
                weights_sha256=storage().put(b"weights"), card="",
            )
        )  # fmt: skip
    base = address("clinician")
    told = client.get(f"{base}/model/info/head-neck-oar").json()
    file = client.get(f"{base}/model/head-neck-oar")
    assert (file.content, file.headers["content-length"]) == (b"weights", "7")
    assert "head-neck-oar-3.safetensors" in file.headers["content-disposition"]
    assert told["checksum"] == f"SHA256:{storage().put(b'weights')}"
    assert told["modified_time"] > 0
    assert client.get(f"{address('annotator')}/model/head-neck-oar").status_code == 403
    assert client.get(f"{base}/model/other").status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/scoring/dice"), ("GET", "/scoring/"), ("POST", "/batch/infer/head-neck-oar"),
        ("GET", "/batch/infer"), ("PUT", "/model/x"), ("DELETE", "/model/x"), ("GET", "/logs/gpu"),
        ("GET", "/datastore/dataset"), ("PUT", "/datastore/label/info"), ("POST", "/infer/wsi/x"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("slug", ["", "default"])
def test_what_has_no_counterpart_says_so(
    client: TestClient, address: Address, method: str, path: str, slug: str
) -> None:
    answer = client.request(method, address("reader", slug) + path)
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-offered")
    assert client.request(method, f"/monailabel/wrong{path}").status_code == 401


def test_ohif_reads_its_images_by_the_same_address(
    client: TestClient, address: Address, arrived: Arrived, project: Project
) -> None:
    uid, origin = arrived.study.study_instance_uid, {"Origin": OHIF, "Sec-Fetch-Site": "cross-site"}
    for base in (address("reader"), address("reader", project.slug)):
        found = client.get(f"{base}/proxy/dicom/qido/studies?StudyInstanceUID={uid}", headers=origin)
        assert [one["0020000D"]["Value"] for one in found.json()] == [[uid]]
        assert found.headers["access-control-allow-origin"] == OHIF
        assert (
            client.get(f"{base}/proxy/dicom/wado/studies/{uid}/metadata", headers=origin).status_code == 200
        )
        refused = client.post(f"{base}/proxy/dicom/stow/studies", content=b"x", headers=origin)
        assert refused.status_code == 403, "a reader stores nothing"
    assert client.get("/monailabel/wrong/proxy/dicom/qido/studies").status_code == 401
    own = {"Authorization": f"Bearer {address('reader').rsplit('/', 1)[-1]}"}
    assert client.get("/monailabel/wrong/proxy/dicom/qido/studies", headers=own).status_code == 401
    assert client.get(f"{address(None)}/proxy/dicom/qido/studies").json() == []
