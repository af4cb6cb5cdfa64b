"""A listening server of ours, and DCMTK's programs to call it."""

from __future__ import annotations

import gc
import json
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydicom.dataset import Dataset

from backend.config import get_settings
from backend.dimse import service
from backend.dimse.schemas import Caller, PeerIn, TitleIn
from backend.dimse.server import DicomServer
from backend.kit import db
from backend.projects.tables import Project
from tests.factories.dicom import encode

TITLE = "CONTOURS"
"""AE title of the default project."""
CALLER = "PACS"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """pynetdicom closes no socket that failed to connect: in these tests nobody minds."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.filterwarnings("ignore::ResourceWarning"))


@pytest.fixture(autouse=True)
def collect_sockets() -> Iterator[None]:
    """Sockets that a test left open go with it, not in the middle of another test."""
    yield
    gc.collect()


@dataclass(frozen=True)
class Ours:
    """Where our server listens."""

    port: int
    project: Project

    def address(self, title: str = TITLE, caller: str = CALLER) -> list[str]:
        """The arguments of DCMTK's programs that lead to it."""
        return ["-aet", caller, "-aec", title, "127.0.0.1", str(self.port)]


@pytest.fixture
def ours(project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ours]:
    """A server, with one title of the default project, whose queries are answered to `PACS` only."""
    scratch = get_settings().data / "scratch"
    scratch.mkdir(parents=True)
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    give_title(project, callers=[Caller(title=CALLER)], allow_query=True)
    server = DicomServer("127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield Ours(int(server.server_address[1]), project)
    server.stop()
    server.close()
    thread.join()


def give_title(
    project: Project, title: str = TITLE, *, callers: Sequence[Caller] = (), allow_query: bool = False
) -> None:
    """Give the project an AE title."""
    with db.session_scope() as session:
        body = TitleIn(callers=list(callers), allow_query=allow_query)
        service.put_title(session, None, project.id, title, body)


def name_peer(
    project: Project, title: str, port: int, *, commitment: bool = False, tls: bool = False
) -> None:
    """Let the project send to a peer on this machine."""
    with db.session_scope() as session:
        body = PeerIn(host="127.0.0.1", port=port, commitment=commitment, tls=tls)
        service.put_peer(session, None, project.id, title, body)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], bool]) -> None:
    """For what another process or thread does; nothing is asserted about time."""
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


@dataclass(frozen=True)
class Orthanc:
    """An Orthanc of this test's own, empty, with `rinkaku` among its modalities."""

    dicom_port: int
    http: httpx.Client

    def ask(self, path: str, body: dict[str, Any]) -> Any:
        """POST; its answer."""
        answer = self.http.post(path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def instances(self) -> set[str]:
        """SOP Instance UIDs that it holds."""
        shown = self.http.get("/instances?expand").json()
        return {one["MainDicomTags"]["SOPInstanceUID"] for one in shown}


@pytest.fixture
def orthanc(ours: Ours, tmp_path: Path) -> Iterator[Orthanc]:
    """Whatever the Debian package may have started is left alone."""
    program = shutil.which("Orthanc") or shutil.which("Orthanc", path="/usr/sbin")
    if program is None:
        pytest.skip("needs Orthanc: scripts/system_packages.sh")
    folder, dicom_port, http_port = tmp_path / "orthanc", free_port(), free_port()
    folder.mkdir()
    settings = {
        "Name": "peer", "StorageDirectory": str(folder), "IndexDirectory": str(folder), "Plugins": [],
        "HttpPort": http_port, "DicomPort": dicom_port, "DicomAet": "ORTHANC", "DicomCheckCalledAet": True,
        "RemoteAccessAllowed": False, "AuthenticationEnabled": False,
        "DicomModalities": {"rinkaku": [TITLE, "127.0.0.1", ours.port]},
    }  # fmt: skip
    (folder / "settings.json").write_text(json.dumps(settings))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, str(folder / "settings.json")], stdout=log, stderr=log)
    give_title(ours.project, callers=[Caller(title=CALLER), Caller(title="ORTHANC")], allow_query=True)
    name_peer(ours.project, "ORTHANC", dicom_port)
    with httpx.Client(base_url=f"http://127.0.0.1:{http_port}", timeout=60) as http:
        running = Orthanc(dicom_port, http)
        wait_until(lambda: process.poll() is not None or _answers(http))
        assert process.poll() is None, (folder / "log").read_text()
        yield running
    process.terminate()
    process.wait(60)


def _answers(http: httpx.Client) -> bool:
    try:
        return http.get("/system").status_code == 200
    except httpx.TransportError:
        return False


def dcmtk(program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run one of DCMTK's programs; the test is skipped where it is not installed."""
    if shutil.which(program) is None:
        pytest.skip(f"needs DCMTK's {program}: scripts/system_packages.sh")
    words = [program, *(str(argument) for argument in arguments)]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def storescp(ours: Ours, tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """`storescp(*options)` starts DCMTK's, known as the peer STORAGE; the folder into which it writes."""
    folder, port, started = tmp_path / "storescp", free_port(), list[subprocess.Popen[bytes]]()

    def start(*options: str | Path) -> Path:
        folder.mkdir()
        dcmtk("storescp", "--version")
        words = ["storescp", *(str(option) for option in options), "-od", str(folder)]
        started.append(subprocess.Popen([*words, "-aet", "STORAGE", str(port)]))
        name_peer(ours.project, "STORAGE", port, tls="+tls" in options)
        wait_until(lambda: _listens(port))
        return folder

    yield start
    for process in started:
        process.terminate()
        process.wait(30)


@pytest.fixture
def files(tmp_path: Path) -> Callable[..., list[Path]]:
    """`files(datasets)` writes them below the test's folder."""

    def write(datasets: Sequence[Dataset], **options: str) -> list[Path]:
        folder = tmp_path / "sent"
        folder.mkdir(exist_ok=True)
        paths = []
        for dataset in datasets:
            path = folder / f"{dataset.SOPInstanceUID}.dcm"
            path.write_bytes(encode(dataset, **options))
            paths.append(path)
        return paths

    return write
