"""A listening server of ours, and DCMTK's programs to call it."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from backend.config import get_settings
from backend.dimse import service
from backend.dimse.schemas import Caller, TitleIn
from backend.dimse.server import DicomServer
from backend.kit import db
from backend.projects.tables import Project
from tests.factories.dicom import encode

TITLE = "CONTOURS"
"""AE title of the default project."""
CALLER = "PACS"


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


def dcmtk(program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run one of DCMTK's programs; the test is skipped where it is not installed."""
    if shutil.which(program) is None:
        pytest.skip(f"needs DCMTK's {program}: scripts/system_packages.sh")
    words = [program, *(str(argument) for argument in arguments)]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)


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
