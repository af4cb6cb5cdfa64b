"""Addresses with tokens, a CT with what a network drew on it, and MONAI Label's own client."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from backend.kit import db
from backend.projects.tables import Project
from backend.training.tables import NetworkVersion
from tests.backend.labels.conftest import drawn, save, scene
from tests.factories.patients import Arrived, send_ct

__all__ = ["drawn", "save", "scene"]

Address = Callable[..., str]


@pytest.fixture
def address(login: Callable[..., dict[str, str]], project: Project) -> Address:
    """`address("annotator")` is the address with that person's token; headers of a login will do, too."""

    def of(role: str | dict[str, str] | None = "clinician", slug: str = "") -> str:
        headers = role if isinstance(role, dict) else login(role, installation=False)
        token = headers["Authorization"].removeprefix("Bearer ")
        return f"/monailabel/{token}" + (f"/{slug}" if slug else "")

    return of


@pytest.fixture
def network(project: Project) -> NetworkVersion:
    """A row of a network that is looked at, never run."""
    with db.session_scope() as session:
        made = NetworkVersion(
            name="head-neck-oar", version=1, title="Organs", origin="shipped", manifest={},
            structures=["Brainstem", "Parotid_L"], weights_sha256="", card="",
        )  # fmt: skip
        session.add(made)
        return made


@pytest.fixture
def arrived(project: Project, tmp_path: Path) -> Arrived:
    """A small CT that came in as DICOM."""
    return send_ct(project, tmp_path)


@pytest.fixture
def real() -> ModuleType:
    """The module of MONAI Label's own client; it needs `cgi`, which Python 3.13 has no more."""
    module: ModuleType = pytest.importorskip(
        "monailabel.client.client", reason="monailabel or cgi is not there", exc_type=ImportError
    )
    return module
