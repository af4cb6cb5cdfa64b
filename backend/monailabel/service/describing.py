"""What `/info/` says: networks, trainings and counts in MONAI Label's words."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from backend.kit.storage import CHUNK_BYTES, storage
from backend.monailabel import repository
from backend.monailabel.service.datastore import FINAL, STRATEGIES, count_tags
from backend.monailabel.service.runs import train_stats
from backend.monailabel.service.scope import File, Scope, network_of, networks_in_use, project_of
from backend.projects.service import Permission
from backend.training.schemas import RunIn
from backend.training.tables import NetworkVersion


def info(session: Session, scope: Scope) -> dict[str, Any]:
    """What `/info/` says; never a top-level `config`, which Slicer takes for an old server."""
    project = project_of(session, scope, Permission.READ)
    versions = networks_in_use(session, scope.actor, project)
    names = dict.fromkeys(name for version in versions for name in version.structures)
    images = repository.images(session, project.id)
    counts = count_tags(session, images)
    return {
        "name": f"Rinkaku · {project.name}",
        "description": "Contours of organs at risk, drawn by networks and corrected by people",
        "version": "2.0",
        "labels": list(names),
        "models": {version.name: _model(version) for version in versions},
        "trainers": {version.name: _trainer(version) for version in versions},
        "strategies": {name: {"description": text} for name, text in STRATEGIES.items()},
        "scoring": {},
        "train_stats": train_stats(session, scope, project),
        "datastore": {"total": len(images), "completed": counts.get(FINAL, 0), "label_tags": counts},
    }


def label_indices(version: NetworkVersion) -> dict[str, int]:
    """The network's structures with their values in its label maps."""
    return {name: index for index, name in enumerate(version.structures, 1)}


def _model(version: NetworkVersion) -> dict[str, Any]:
    return {
        "type": "segmentation",
        "labels": label_indices(version),
        "dimension": 3,
        "description": f"{version.title}, version {version.version}",
        "config": {},
    }


def _trainer(version: NetworkVersion) -> dict[str, Any]:
    fields = RunIn.model_fields
    return {
        "description": f"{version.title}: goes on from version {version.version} with all that is approved",
        "config": {name: fields[name].default for name in ("iterations", "learning_rate")},
    }


def model_info(session: Session, scope: Scope, model: str) -> dict[str, Any]:
    """What weights are in use, since when."""
    project = project_of(session, scope, Permission.READ)
    version = network_of(session, scope.actor, project, model)
    stats = train_stats(session, scope, project).get(model)
    return {
        "checksum": f"SHA256:{version.weights_sha256}",
        "modified_time": int(version.created_at.timestamp()),
        **({"train_stats": stats} if stats else {}),
    }


def model_file(session: Session, scope: Scope, model: str) -> File:
    """The weights in use, as safetensors."""
    project = project_of(session, scope, Permission.EXPORT)
    version = network_of(session, scope.actor, project, model)
    name = f"{version.name}-{version.version}.safetensors"
    return File(name, storage().size(version.weights_sha256), _pieces(version.weights_sha256))


def _pieces(sha256: str) -> Any:
    with storage().open(sha256) as stream:
        while piece := stream.read(CHUNK_BYTES):
            yield piece


def log_lines(session: Session, scope: Scope, lines: int) -> str:
    """The last lines that workers wrote about jobs of the project, oldest first."""
    project = project_of(session, scope, Permission.READ)
    rows = repository.log_lines(session, project.id, lines)
    return "".join(f"{at:%Y-%m-%d %H:%M:%S} {kind} {line}\n" for at, kind, line in reversed(rows))
