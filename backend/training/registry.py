"""What is known of a network version beside its weights: its pictures, who signed it off, how it differs.

A version never changes, so a signature holds for ever; a version that nobody of a project signed says so
wherever the project uses it.  Pictures show patients: they go with the study that they show.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from backend.accounts.actor import Actor
from backend.audit import service as audit
from backend.jobs import service as jobs
from backend.kit.errors import NotFound
from backend.kit.storage import storage
from backend.projects import service as projects
from backend.projects.service import Permission
from backend.training import networks, repository
from backend.training.errors import AlreadySigned, OwnTraining
from backend.training.tables import NetworkPicture, NetworkVersion, Run, VersionSignature
from rt.statistics import mean_interval


@dataclass(frozen=True)
class Known:
    """A version's pictures and signatures, those that the reader may see."""

    pictures: list[NetworkPicture]
    signatures: list[VersionSignature]


@dataclass(frozen=True)
class Figures:
    """One structure in two versions: mean Dice with its interval, and the paired difference."""

    structure: str
    base: tuple[int, float, float, float] | None
    """Patients, mean, low and high end of the 95 % interval."""
    other: tuple[int, float, float, float] | None
    paired: tuple[int, float, float, float] | None
    """Other minus base over the same patients; None where they were measured on different data."""


@dataclass(frozen=True)
class Difference:
    """A value of the manifest that differs; None where a version has no such value."""

    path: str
    base: Any
    other: Any


def known(
    session: Session, versions: Iterable[NetworkVersion], project_ids: Iterable[str]
) -> dict[str, Known]:
    """By version's id; signatures of these projects only."""
    ids = [version.id for version in versions]
    found = {version_id: Known([], []) for version_id in ids}
    for picture in repository.pictures(session, ids):
        found[picture.version_id].pictures.append(picture)
    for signature in repository.signatures(session, ids, list(project_ids)):
        found[signature.version_id].signatures.append(signature)
    return found


def is_signed(session: Session, project_id: str, version_id: str) -> bool:
    """Somebody of the project signed it off."""
    return bool(repository.signatures(session, [version_id], [project_id]))


def sign(session: Session, actor: Actor, project_id: str, version_id: str, remark: str) -> VersionSignature:
    """Sign a version off for the project: it was looked at, and may draw here.

    Raises
    ------
    OwnTraining
        The signer started the training that made it.
    AlreadySigned
        It is signed; as a version never changes there is nothing to sign again.
    """
    projects.require(session, actor, project_id, Permission.REVIEW)
    version = networks.usable_version(session, project_id, version_id)
    run = session.get(Run, version.run_id) if version.run_id else None
    if run is not None and run.created_by == actor.user_id:
        raise OwnTraining("who started the training does not sign what came of it")
    if is_signed(session, project_id, version_id):
        raise AlreadySigned(f"{version.name} v{version.version} is signed off in this project")
    row = VersionSignature(
        project_id=project_id,
        version_id=version.id,
        signer_id=actor.user_id,
        signer_name=actor.display_name,
        remark=remark,
        weights_sha256=version.weights_sha256,
        manifest_sha256=manifest_sha256(version),
    )
    session.add(row)
    session.flush()
    signed = {"weights": row.weights_sha256, "manifest": row.manifest_sha256}
    act = "training.version.signed"
    audit.record(session, actor.user_id, act, "network_version", version.id, project_id, signed)
    jobs.announce(session, "run", version.run_id or version.id, project_id)
    return row


def manifest_sha256(version: NetworkVersion) -> str:
    """SHA-256 of the manifest as JSON with sorted keys."""
    return hashlib.sha256(json.dumps(version.manifest, sort_keys=True).encode()).hexdigest()


def picture(session: Session, actor: Actor, project_id: str, version_id: str, rank: str) -> bytes:
    """The PNG of a version's best, median or worst case, or of its example."""
    projects.require(session, actor, project_id, Permission.READ)
    version = networks.usable_version(session, project_id, version_id)
    for row in repository.pictures(session, [version.id]):
        if row.rank == rank:
            return storage().get(row.sha256)
    raise NotFound("this version has no such picture")


def compare(
    session: Session, actor: Actor, project_id: str, base_id: str, other_id: str
) -> tuple[list[NetworkVersion], list[Figures], list[Difference]]:
    """Two versions side by side: figures per structure, and what differs in their manifests."""
    projects.require(session, actor, project_id, Permission.READ)
    pair = [networks.usable_version(session, project_id, version_id) for version_id in (base_id, other_id)]
    base, other = pair
    same_data = _data_of(base) is not None and _data_of(base) == _data_of(other)
    before, after = _dice(base), _dice(other)
    names = list(dict.fromkeys([*base.structures, *other.structures]))
    rows = [
        Figures(
            name,
            _mean([*before.get(name, {}).values()]),
            _mean([*after.get(name, {}).values()]),
            _paired(before.get(name, {}), after.get(name, {})) if same_data else None,
        )
        for name in names
    ]
    return pair, rows, differences(base.manifest, other.manifest)


def _data_of(version: NetworkVersion) -> str | None:
    found: str | None = version.metrics.get("evaluated_on")
    return found


def _dice(version: NetworkVersion) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for score in version.metrics.get("scores", []):
        found.setdefault(score["structure"], {})[score["case"]] = score["dice"]
    return found


def _paired(before: dict[str, float], after: dict[str, float]) -> tuple[int, float, float, float] | None:
    return _mean([after[case] - before[case] for case in after if case in before])


def _mean(values: list[float]) -> tuple[int, float, float, float] | None:
    if not values:
        return None
    low, high = mean_interval(np.array(values))
    return len(values), float(np.mean(values)), low, high


def differences(base: dict[str, Any], other: dict[str, Any]) -> list[Difference]:
    """Leaves of two manifests that differ, by their dotted paths; number and hash of the version left out."""
    before, after = _leaves(base), _leaves(other)
    paths = sorted({*before, *after} - {"version"})
    return [
        Difference(path, before.get(path), after.get(path))
        for path in paths
        if before.get(path) != after.get(path)
    ]


def _leaves(body: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in body.items():
        found |= _leaves(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return found
