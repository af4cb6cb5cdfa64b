"""Rising effort is told once: on the chart, in the audit trail and to open browsers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from fastapi.testclient import TestClient
from sqlalchemy import select

from backend.audit.tables import AuditEntry
from backend.jobs.tables import Event
from backend.kit import db
from backend.labels.tables import Effort, Revision, Structure, StructureSet
from backend.projects.tables import Project
from backend.training.drift import watch
from backend.training.tables import NetworkVersion
from tests.factories.scenes import make_scene

Login = Callable[..., dict[str, str]]
START = datetime(2026, 6, 1, 12, tzinfo=UTC)


def _approved(project: Project, surface_dice: list[float]) -> None:
    """One approved larynx a day, which one network drew."""
    with db.session_scope() as session:
        scene = make_scene(session, project)
        version = NetworkVersion(
            name="net", version=1, title="", origin="shipped", manifest={}, structures=["Larynx"],
            weights_sha256="", card="",
        )  # fmt: skip
        owner = StructureSet(
            study_row_id=scene.study.id, series_row_id=scene.series.id, label="AI", origin="ai"
        )
        session.add_all([version, owner])
        session.flush()
        for number, agreement in enumerate(surface_dice):
            structure = Structure(
                structure_set_id=owner.id, number=number + 1, name="Larynx", colour="#000000", head=1,
                state="approved",
            )  # fmt: skip
            session.add(structure)
            session.flush()
            session.add(
                Revision(
                    structure_id=structure.id, number=1, parent=0, sha256="0" * 64, volume_cc=10.0, slices=2,
                    changed_voxels=0, network_version_id=version.id,
                )
            )  # fmt: skip
            session.add(
                Effort(
                    structure_id=structure.id, revision=1, network_version_id=version.id,
                    added_path_length_mm=100.0, surface_dice=agreement, dice=0.9, seconds=1.0, slices=1,
                    at=START + timedelta(days=number),
                )
            )  # fmt: skip


def _told() -> list[dict[str, object]]:
    with db.session_scope(read_only=True) as session:
        rows = session.scalars(select(AuditEntry).filter_by(action="training.drift.alarmed"))
        return [row.changes for row in rows]


def test_a_rise_alarms_once_and_the_chart_says_so(project: Project, client: TestClient, login: Login) -> None:
    _approved(project, [0.95, 0.93] * 10 + [0.80] * 5)
    for _ in range(2):
        with db.session_scope() as session:
            watch(session, project.id)
    (told,) = _told()
    assert (told["structure"], told["measure"]) == ("Larynx", "surface_error")
    with db.session_scope(read_only=True) as session:
        assert session.scalars(select(Event).filter_by(kind="drift")).one().project_id == project.id
    url = f"/api/projects/{project.id}/drift"
    first, second = client.get(url, headers=login("reader")).json()["items"]
    assert (first["measure"], first["network_version"]) == ("surface_error", "net v1")
    assert first["alarmed_at"] is not None
    assert first["points"][-1]["alarm"] is True
    assert first["points"][-1]["average"] > first["points"][-1]["limit"]
    assert (second["measure"], second["alarmed_at"]) == ("path_per_volume", None)
    assert second["points"][0]["value"] == 10.0
    assert (first["weeks"][0]["week"], first["weeks"][0]["n"]) == ("2026-W23", 7)
    assert client.get(url, headers=login(None)).status_code == 404


def test_steady_effort_tells_nobody(project: Project) -> None:
    _approved(project, [0.95, 0.93] * 20)
    with db.session_scope() as session:
        assert watch(session, project.id) == []
    assert _told() == []
