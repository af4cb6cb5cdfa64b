"""Networks: the shipped ones registered, the one in use found, promoted and rolled back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from backend.accounts.actor import Actor
from backend.audit import service as audit
from backend.config import get_settings
from backend.jobs import service as jobs
from backend.kit.errors import InvalidInput, NotFound
from backend.kit.pagination import ALL, Part
from backend.kit.storage import storage
from backend.projects import service as projects
from backend.projects.service import Permission
from backend.training import repository
from backend.training.errors import HeldBack, NoEarlierVersion, NotCompared
from backend.training.gate import Standing, stand
from backend.training.tables import Deployment, NetworkPicture, NetworkVersion, Run
from backend.webhooks import service as webhooks
from rt.completion import ByRule, made_by_rule, offered_names


def register_shipped(session: Session) -> None:
    """Make every version below the weights folder known; what is known by its weights stays as it is.

    Trained versions share the numbers: a shipped one whose number a clinic's own has taken gets the next.
    """
    for path in sorted(get_settings().weights.glob("*/*/manifest.json")):
        manifest: dict[str, Any] = json.loads(path.read_text())
        name, number = manifest["name"], manifest["version"]
        shipped = repository.shipped_with(session, name, manifest["weights_sha256"])
        if shipped is not None:
            _add_pictures(session, shipped, path.parent)
            continue
        if repository.version_by_number(session, name, number) is not None:
            number = next_version_number(session, name)
        version = _shipped(path.parent, manifest, number)
        session.add(version)
        session.flush()
        _add_pictures(session, version, path.parent)


def _shipped(folder: Path, manifest: dict[str, Any], number: int) -> NetworkVersion:
    weights = (folder / "weights.safetensors").read_bytes()
    if hashlib.sha256(weights).hexdigest() != manifest["weights_sha256"]:
        raise InvalidInput(f"weights of {folder.name} do not have the SHA-256 of their manifest")
    metrics, card = folder / "metrics.json", (folder / "CARD.md").read_text()
    return NetworkVersion(
        name=manifest["name"],
        version=number,
        title=manifest["title"],
        origin="shipped",
        manifest=manifest | {"version": number},
        structures=list(offered_names(manifest["structures"], manifest.get("completion", ""))),
        weights_sha256=storage().put(weights),
        card=card.replace(f", version {manifest['version']}\n", f", version {number}\n", 1),
        metrics=json.loads(metrics.read_text()) if metrics.exists() else {},
    )


def modality_of(version: NetworkVersion) -> str:
    """The modality of the images that a version reads."""
    window = version.manifest.get("window") or {}
    return str(window.get("modality") or ("MR" if "bright_quantile" in window else "CT"))


def detects(version: NetworkVersion) -> bool:
    """Whether a version points at places for a reader to judge, and draws no contours."""
    return bool(version.manifest.get("purpose") == "candidates")


def rules_of(version: NetworkVersion) -> dict[str, ByRule]:
    """The structures of a version that a rule makes, not the network, with the rule."""
    manifest = version.manifest
    return made_by_rule(manifest.get("structures", ()), manifest.get("completion", ""))


def _add_pictures(session: Session, version: NetworkVersion, folder: Path) -> None:
    """Make the pictures beside a shipped version's weights known, if they are not."""
    told = folder / "pictures.json"
    if not told.exists() or repository.pictures(session, [version.id]):
        return
    for entry in json.loads(told.read_text()):
        stored = storage().put((folder / "pictures" / f"{entry['rank']}.png").read_bytes())
        session.add(
            NetworkPicture(
                version_id=version.id,
                rank=entry["rank"],
                case_name=entry["case"],
                dice=entry["dice"],
                slice_number=entry["slice"],
                sha256=stored,
            )
        )


def visible_versions(session: Session, actor: Actor) -> list[NetworkVersion]:
    """Shipped and imported versions and those of the actor's projects."""
    return list(repository.versions(session, projects.visible_project_ids(session, actor)))


def usable_version(session: Session, project_id: str, version_id: str) -> NetworkVersion:
    """A version that the project may use; NotFound for another project's."""
    found = repository.version(session, version_id)
    if found is None or found.project_id not in (None, project_id):
        raise NotFound("no such network version")
    return found


def version_in_use(session: Session, project_id: str, network: str) -> NetworkVersion | None:
    """The promoted version, or the newest shipped one."""
    deployment = repository.active_deployment(session, project_id, network)
    if deployment is not None:
        return repository.version(session, deployment.version_id)
    return repository.newest_shipped(session, network)


def next_version_number(session: Session, name: str) -> int:
    """The number that the next version of a network gets."""
    return repository.next_version_number(session, name)


def promote(
    session: Session, actor: Actor, project_id: str, version_id: str, override_reason: str | None = None
) -> Deployment:
    """Use this version in the project from now on.

    HeldBack when it draws structures worse than the version in use, beyond the margin, NotCompared when it
    was trained and not measured beside that version; both pass with a reason, which is audited.
    """
    projects.require(session, actor, project_id, Permission.TRAIN)
    version = usable_version(session, project_id, version_id)
    in_use = version_in_use(session, project_id, version.name)
    standing = _standing(session, version, in_use)
    if standing is not None and override_reason is None:
        _refuse(standing, in_use)
    if standing is not None and (standing.held or standing.comparison == "not-compared"):
        changes: dict[str, Any] = {"version": version.version, "reason": override_reason}
        changes |= {"structures": standing.held, "comparison": standing.comparison}
        act = "training.gate.overridden"
        audit.record(session, actor.user_id, act, "network_version", version.id, project_id, changes)
    return _deploy(session, actor, project_id, version, rolled_back=False)


def _standing(session: Session, version: NetworkVersion, in_use: NetworkVersion | None) -> Standing | None:
    """Beside the version in use; None of a version that was not trained here."""
    run = session.get(Run, version.run_id) if version.run_id else None
    return stand(run, in_use) if run is not None else None


def _refuse(standing: Standing, in_use: NetworkVersion | None) -> None:
    if standing.held:
        detail = f"worse on the locked patients: {', '.join(standing.held)}"
        raise HeldBack(detail, structures=standing.held)
    if standing.comparison == "not-compared" and in_use is not None:
        raise NotCompared(f"{in_use.name} v{in_use.version} is in use; the two were not measured together")


def rollback(session: Session, actor: Actor, project_id: str, network: str) -> Deployment:
    """Use what was in use before the present version."""
    projects.require(session, actor, project_id, Permission.TRAIN)
    history = [d for d in repository.deployments(session, project_id) if d.network == network]
    if not history:
        raise NoEarlierVersion(f"{network} was never promoted in this project: nothing to go back to")
    shipped = repository.newest_shipped(session, network)
    stack = _stacked([shipped.id] if shipped else [], reversed(history))
    previous = repository.version(session, stack[-2]) if len(stack) > 1 else None
    if previous is None:
        raise NoEarlierVersion(f"{network} has no earlier version to go back to")
    return _deploy(session, actor, project_id, previous, rolled_back=True)


def _stacked(versions: list[str], deployed: Iterable[Deployment]) -> list[str]:
    """Ids of the versions in use one upon the other: going back takes the upper one away for good."""
    for one in deployed:
        if one.rolled_back:
            del versions[-1:]
        if versions[-1:] != [one.version_id]:
            versions.append(one.version_id)
    return versions


def _deploy(
    session: Session, actor: Actor, project_id: str, version: NetworkVersion, *, rolled_back: bool
) -> Deployment:
    repository.retire_deployments(session, project_id, version.name)
    row = Deployment(
        project_id=project_id,
        network=version.name,
        version_id=version.id,
        rolled_back=rolled_back,
        promoted_by=actor.user_id,
    )
    session.add(row)
    session.flush()
    act = "training.version.rolled_back" if rolled_back else "training.version.promoted"
    audit.record(
        session, actor.user_id, act, "network_version", version.id, project_id, {"version": version.version}
    )
    jobs.announce(session, "run", version.run_id or version.id, project_id)
    told = {
        "network": version.name,
        "version": version.version,
        "version_id": version.id,
        "rolled_back": rolled_back,
    }
    webhooks.emit(session, project_id, "network.promoted", row.id, told)
    return row


def deployments(
    session: Session, actor: Actor, project_id: str, part: Part = ALL
) -> list[tuple[Deployment, NetworkVersion]]:
    """Promotions of the project, newest first, with their versions."""
    projects.require(session, actor, project_id, Permission.READ)
    rows = repository.deployments(session, project_id, part)
    return [(row, usable_version(session, project_id, row.version_id)) for row in rows]
