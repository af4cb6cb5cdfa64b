"""Shipped networks become known once, whatever numbers the clinic's own trainings have taken."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from sqlalchemy import select

from backend.kit import db
from backend.projects.tables import Project
from backend.training.networks import register_shipped, version_in_use
from backend.training.tables import NetworkVersion
from tests.conftest import forget_caches


def _ship(weights: Path, number: int, content: bytes) -> None:
    folder = weights / "toy" / str(number)
    folder.mkdir(parents=True)
    (folder / "weights.safetensors").write_bytes(content)
    (folder / "CARD.md").write_text(f"# Toy, version {number}\n\nOf version {number}.\n")
    manifest = {
        "name": "toy", "version": number, "title": "Toy", "structures": ["Larynx"],
        "weights_sha256": hashlib.sha256(content).hexdigest(),
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_a_release_is_known_though_a_training_has_taken_its_number(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RINKAKU_WEIGHTS", str(tmp_path))
    forget_caches()
    _ship(tmp_path, 1, b"one")
    with db.session_scope() as session:
        register_shipped(session)
        session.add(
            NetworkVersion(
                name="toy", version=2, title="Toy", origin="trained", project_id=project.id, manifest={},
                structures=["Larynx"], weights_sha256="", card="",
            )
        )  # fmt: skip
    _ship(tmp_path, 2, b"two")
    for _ in range(2):
        with db.session_scope() as session:
            register_shipped(session)
    with db.session_scope() as session:
        rows = session.scalars(select(NetworkVersion).order_by(NetworkVersion.version)).all()
        assert [(row.version, row.origin) for row in rows] == [(1, "shipped"), (2, "trained"), (3, "shipped")]
        assert rows[2].manifest["version"] == 3
        assert rows[2].card == "# Toy, version 3\n\nOf version 2.\n"
        newest = version_in_use(session, project.id, "toy")
        assert newest is not None and newest.id == rows[2].id
