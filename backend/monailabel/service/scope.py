"""Whose token an address has, and the project, images and networks that it means."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Row
from sqlalchemy.orm import Session

from backend.accounts.actor import Actor
from backend.kit.db import session_scope
from backend.kit.errors import NotFound
from backend.monailabel import repository
from backend.projects import service as projects
from backend.projects.service import Permission
from backend.projects.tables import Project
from backend.studies.tables import Patient, Series, Study
from backend.training import networks
from backend.training.tables import NetworkVersion

Image = Row[Series, Study, Patient]


@dataclass(frozen=True)
class Scope:
    """Whose token the address has, and the project that it names, if any."""

    actor: Actor
    slug: str | None


@dataclass(frozen=True)
class File:
    """A file on its way out, of known length."""

    name: str
    size: int
    pieces: Iterator[bytes]


def whole_file(name: str, data: bytes) -> File:
    """A file that is in memory."""
    return File(name, len(data), iter((data,)))


def project_of(session: Session, scope: Scope, permission: Permission) -> Project:
    """The project named, or the owner's: the installation's default, else the first one joined."""
    if scope.slug is not None:
        return projects.project_by_slug(session, scope.actor, scope.slug, permission)
    own = [project for project, _ in projects.projects_of(session, scope.actor.user_id)]
    if not own:
        raise NotFound("there is no such project")
    chosen = next((project for project in own if project.is_default), own[0])
    return projects.require(session, scope.actor, chosen.id, permission)


def check(scope: Scope, permission: Permission) -> None:
    """Refuse who may not do this, before anything that he sends is read."""
    with session_scope(read_only=True) as session:
        project_of(session, scope, permission)


def image_of(session: Session, scope: Scope, image: str, permission: Permission = Permission.READ) -> Image:
    """The image of this SeriesInstanceUID in the project."""
    project = project_of(session, scope, permission)
    found = repository.images(session, project.id, image)
    if not found:
        raise NotFound("there is no such image")
    return found[0]


def networks_in_use(session: Session, actor: Actor, project: Project) -> list[NetworkVersion]:
    """The version in use of every network that the project may use, by name."""
    names = sorted(
        {
            one.name
            for one in networks.visible_versions(session, actor)
            if one.project_id in (None, project.id)
        }
    )
    found = [networks.version_in_use(session, project.id, name) for name in names]
    return [one for one in found if one is not None]


def network_of(session: Session, actor: Actor, project: Project, model: str) -> NetworkVersion:
    """The version in use of the network of this name; NotFound names those that there are."""
    found = networks_in_use(session, actor, project)
    wanted = next((one for one in found if one.name == model), None)
    if wanted is None:
        names = ", ".join(one.name for one in found) or "none"
        raise NotFound(f"there is no network of this name; there are: {names}")
    return wanted
