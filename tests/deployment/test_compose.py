"""The hospital form: docker-compose.yml's own commands and settings, as plain processes.

PostgreSQL is the one of the test run, Redis is started by the file's command, the object store is a local S3
server; only addresses and folders are replaced.  Then the main job goes through all of it.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import boto3
import httpx
import pydicom
import pytest
import yaml
from dicomweb_client.api import DICOMwebClient
from moto.server import ThreadedMotoServer
from pydicom import Dataset
from pynetdicom import AE
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from rt.phantom.study import phantom_dicom

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
OURS = [name for name, service in COMPOSE["services"].items() if service["image"].startswith("rinkaku")]
POSTGRES = os.environ.get("RINKAKU_TEST_POSTGRES_URL")
SECRETS = {
    "RINKAKU_DOMAIN": "contours.example",
    "RINKAKU_ADMIN_PASSWORD": "correct horse battery",
    "RINKAKU_DB_PASSWORD": "db-secret",
    "RINKAKU_REDIS_PASSWORD": "redis-secret",
    "RINKAKU_S3_SECRET_KEY": "s3-secret-key",
}
ORGANS = {"Brainstem", "SpinalCord", "Parotid_R", "Parotid_L", "Esophagus", "Larynx", "Bone_Mandible"}
PATIENCE_S = 600
"""For a machine that does other things too; nothing is asserted about time."""


def filled(value: Any, given: dict[str, str]) -> str:
    """A value of the file with its variables, as compose fills them in; a required one must be given."""

    def one(match: re.Match[str]) -> str:
        name, operator, word = match["name"], match["operator"], match["word"]
        if name in given:
            return given[name]
        if operator == ":-":
            return str(word)
        raise KeyError(f"{name}: {word}")

    return re.sub(r"\$\{(?P<name>\w+)(?P<operator>:[-?])?(?P<word>[^}]*)\}", one, str(value))


def wait_until(condition: Any, what: str) -> Any:
    until = time.monotonic() + PATIENCE_S
    tick = threading.Event()
    while not (found := condition()):
        assert time.monotonic() < until, f"waited too long: {what}"
        tick.wait(0.2)
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Hospital:
    """The services of the file that are ours, running on this machine."""

    folder: Path
    addresses: dict[str, str]
    """Address in the file → address here."""
    port: int = field(default_factory=free_port)
    dicom_port: int = field(default_factory=free_port)
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def settings(self, service: str) -> dict[str, str]:
        found = {}
        for name, value in COMPOSE["services"][service].get("environment", {}).items():
            here = filled(value, SECRETS)
            for there, address in self.addresses.items():
                here = here.replace(there, address)
            found[name] = here
        here = {"RINKAKU_HOST": "127.0.0.1", "RINKAKU_DICOM_HOST": "127.0.0.1"}
        return found | here | {"RINKAKU_PORT": str(self.port), "RINKAKU_DICOM_PORT": str(self.dicom_port)}

    def start(self, service: str, *more: str, program: str | None = None) -> subprocess.Popen[bytes]:
        words = [filled(word, SECRETS) for word in COMPOSE["services"][service]["command"]]
        words[0] = program or str(Path(sys.executable).with_name(words[0]))
        environment = {name: value for name, value in os.environ.items() if not name.startswith("RINKAKU_")}
        with (self.folder / f"{service}.log").open("ab") as log:
            process = subprocess.Popen(
                [*words, *more], env=environment | self.settings(service), cwd=ROOT, stdout=log, stderr=log
            )
        self.started.append(process)
        return process

    def run(self, service: str, *command: str) -> str:
        """Output of another command with a service's settings, as by `docker compose exec`."""
        program = str(Path(sys.executable).with_name(command[0]))
        environment = os.environ | self.settings(service)
        return subprocess.run(
            [program, *command[1:]], env=environment, cwd=ROOT, check=True, capture_output=True, text=True
        ).stdout.strip()

    def stop(self) -> None:
        for process in reversed(self.started):
            process.terminate()
            process.wait(30)


@pytest.fixture
def hospital(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hospital]:
    if POSTGRES is None:
        pytest.skip("needs PostgreSQL and Redis: scripts/with_services.py")
    server = make_url(POSTGRES.replace("postgresql://", "postgresql+psycopg://", 1))
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE rinkaku"))
    objects = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    objects.start()
    s3_host, s3_port = objects.get_host_and_port()
    keys = {"aws_access_key_id": "rinkaku", "aws_secret_access_key": "s3", "region_name": "us-east-1"}
    boto3.client("s3", endpoint_url=f"http://{s3_host}:{s3_port}", **keys).create_bucket(Bucket="rinkaku")
    redis_port = free_port()
    addresses = {
        "postgres:5432": f"{server.host}:{server.port}",
        "redis:6379": f"127.0.0.1:{redis_port}",
        "objects:9000": f"{s3_host}:{s3_port}",
        "/var/lib/rinkaku": str(tmp_path / "work"),
    }
    running = Hospital(tmp_path, addresses)
    running.start("redis", "--port", str(redis_port), "--dir", str(tmp_path), program="redis-server")
    yield running
    running.stop()
    objects.stop()
    with admin.connect() as connection:
        connection.execute(text("DROP DATABASE rinkaku WITH (FORCE)"))
    admin.dispose()


def test_every_secret_is_required():
    for service in COMPOSE["services"].values():
        for value in service.get("environment", {}).values():
            for name in re.findall(r"\$\{(\w*(?:PASSWORD|SECRET|KEY)\w*)", str(value)):
                with pytest.raises(KeyError, match=name):
                    filled(value, {key: "x" for key in SECRETS if key != name})


def test_only_the_proxy_and_the_dicom_service_are_reachable_from_outside():
    open_to_all = [name for name, service in COMPOSE["services"].items() if "ports" in service]
    assert open_to_all == ["proxy", "dicom"]


def test_every_long_running_service_starts_again_and_the_stores_keep_their_data():
    services = COMPOSE["services"]
    assert {name for name in services if services[name].get("restart") != "unless-stopped"} == {
        "migrate",
        "bucket",
    }
    for name in ("postgres", "objects"):
        volume = services[name]["volumes"][0].split(":")[0]
        assert volume in COMPOSE["volumes"]
        assert "healthcheck" in services[name]


@pytest.mark.postgres
@pytest.mark.timeout(1500)
def test_the_main_job_runs_through_the_hospital_form(hospital: Hospital) -> None:
    migrate = hospital.start("migrate")
    assert migrate.wait(120) == 0, (hospital.folder / "migrate.log").read_text()
    services = [name for name in OURS if name != "migrate"]
    assert services == ["api", "relay", "dicom", "worker-cpu", "worker-gpu", "worker-training"]
    for service in services:
        hospital.start(service)
    address = f"http://127.0.0.1:{hospital.port}"
    wait_until(lambda: answers(f"{address}/health"), "API up")
    token = hospital.run("api", "rinkaku", "token", "create")
    headers = {"Authorization": f"Bearer {token}"}

    slices = phantom_dicom(structures=())
    hospital.run("api", "rinkaku", "dicom", "title", "CONTOURS")
    by_dicom, by_web = slices[: len(slices) // 2], slices[len(slices) // 2 :]
    send_by_dicom(hospital.dicom_port, by_dicom)
    dicomweb = DICOMwebClient(f"{address}/dicomweb", headers=headers, timeout=300)
    dicomweb.store_instances(by_web)
    study_uid = slices[0].StudyInstanceUID

    with httpx.Client(base_url=f"{address}/api", headers=headers, timeout=30) as api:
        result = wait_until(lambda: drawn(api), "contours drawn")
    assert set(result["drawn"]) == ORGANS, result
    rtstruct = wait_until(lambda: contours(dicomweb, study_uid), "contours published as RTSTRUCT")
    referenced = rtstruct.ReferencedFrameOfReferenceSequence[0].FrameOfReferenceUID
    assert referenced == slices[0].FrameOfReferenceUID
    assert all(process.poll() is None for process in hospital.started if process is not migrate)


def send_by_dicom(port: int, datasets: list[Dataset]) -> None:
    """As a scanner does, once the service listens."""
    scanner = AE(ae_title="CT1")
    scanner.add_requested_context(datasets[0].SOPClassUID)

    def called() -> Any:
        association = scanner.associate("127.0.0.1", port, ae_title="CONTOURS")
        return association if association.is_established else None

    association = wait_until(called, "DICOM service up")
    assert {association.send_c_store(dataset).Status for dataset in datasets} == {0}
    association.release()


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def drawn(api: httpx.Client) -> dict[str, Any] | None:
    """Result of drawing on the whole scan: a job during which slices came is followed by another."""
    jobs = api.get("/jobs", params={"kind": "presegment"}).json()["items"]
    assert not [job["error"] for job in jobs if job["state"] == "failed"]
    done = [job["result"] for job in jobs if job["state"] == "succeeded"]
    return next((one for one in done if one.get("reason") not in ("awaits-volume", "images-changed")), None)


def contours(dicomweb: DICOMwebClient, study_uid: str) -> Dataset | None:
    """The study's RTSTRUCT by QIDO-RS and WADO-RS, once it has all organs: it is rewritten as they come."""
    found = dicomweb.search_for_series(study_uid, search_filters={"Modality": "RTSTRUCT"})
    if not found:
        return None
    series_uid = found[0]["0020000E"]["Value"][0]
    whole = dicomweb.retrieve_series(study_uid, series_uid)[0]
    buffer = BytesIO()
    whole.save_as(buffer, enforce_file_format=True)
    read = pydicom.dcmread(BytesIO(buffer.getvalue()))
    names = {roi.ROIName for roi in read.StructureSetROISequence}
    return read if names >= ORGANS else None
