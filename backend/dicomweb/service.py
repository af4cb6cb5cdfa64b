"""DICOMweb as functions: searching, finding what a request names, and handing out its bytes.

Everything happens within a `Scope`: the projects that the caller may see, or the one that the address names.
Rows are read first and the transaction is closed; blobs stream afterwards, an instance at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from backend.accounts.actor import Actor
from backend.dicomweb import repository
from backend.dicomweb.json_model import attributes, bulk_value
from backend.dicomweb.media import DICOM, Accepted, instance_syntax, not_acceptable
from backend.dicomweb.pixels import encodable, in_syntax
from backend.dicomweb.query import Level, Named, Query
from backend.dicomweb.rows import StudyCounts, instance_attributes, series_attributes, study_attributes
from backend.kit.db import session_scope
from backend.kit.errors import NotFound
from backend.kit.storage import CHUNK_BYTES, storage
from backend.projects.service import (
    Permission,
    default_project,
    project_by_slug,
    require,
    visible_project_ids,
)
from backend.studies.imports import target_of
from backend.studies.intake import Target
from backend.studies.settling import assemble_series
from backend.studies.tables import Instance, Series
from rt.dicom.kinds import EXPLICIT_LITTLE_ENDIAN
from rt.dicom.parse import read_stored
from rt.errors import DicomError


@dataclass(frozen=True)
class Scope:
    """Whose eyes a request has, and the project that its address names, if any."""

    actor: Actor
    slug: str | None


@dataclass(frozen=True)
class ProjectScope:
    """One project, for who was let into it on the DICOM network."""

    project_id: str


@dataclass(frozen=True)
class Stored:
    """A stored instance and where it stands."""

    instance: Instance
    series: Series


def search(scope: Scope | ProjectScope, query: Query) -> list[dict[str, Any]]:
    """QIDO-RS: what matches, in the JSON model."""
    with session_scope(read_only=True) as session:
        project_ids = _project_ids(session, scope)
        found = repository.search(session, project_ids, query)
        studies = {row[0].id for row in found}
        modalities = repository.modalities(session, studies)
        by_study = repository.instance_counts(session, Series.study_row_id, studies)
        series = {row[2].id for row in found} if query.level is Level.SERIES else set()
        by_series = repository.instance_counts(session, Series.id, series)
    results = []
    for row in found:
        names, count = modalities.get(row[0].id, ([], 0))
        values = dict(study_attributes(row[0], row[1], StudyCounts(names, count, by_study.get(row[0].id, 0))))
        if query.level is not Level.STUDY:
            values |= series_attributes(row[0], row[2], by_series.get(row[2].id))
        if query.level is Level.INSTANCE:
            values |= instance_attributes(row[0], row[2], row[3])
        results.append(attributes(values))
    return results


def find(scope: Scope | ProjectScope, named: Named) -> list[Stored]:
    """The instances that an address names, in order; NotFound when there are none to be seen."""
    with session_scope(read_only=True) as session:
        found = repository.instances(session, _project_ids(session, scope), named)
    if not found:
        raise NotFound("there is nothing with these UIDs")
    return [Stored(instance, series) for instance, series in found]


def _project_ids(session: Session, scope: Scope | ProjectScope) -> Sequence[str]:
    if isinstance(scope, ProjectScope):
        return [scope.project_id]
    if scope.slug is None:
        return visible_project_ids(session, scope.actor)
    return [project_by_slug(session, scope.actor, scope.slug, Permission.READ).id]


def store_target(scope: Scope, study_instance_uid: str | None) -> Target:
    """Where STOW-RS puts instances: the project of the address, or the default one."""
    with session_scope() as session:
        if scope.slug is None:
            project = require(session, scope.actor, default_project(session).id, Permission.IMPORT)
        else:
            project = project_by_slug(session, scope.actor, scope.slug, Permission.IMPORT)
        return target_of(project, scope.actor.user_id, study_instance_uid)


def dicom_parts(
    found: Sequence[Stored], accepted: Sequence[Accepted]
) -> Iterator[tuple[str, Iterator[bytes]]]:
    """WADO-RS: each instance as a part, read when its turn comes.

    NotAcceptable, before anything is read, where no instance can be had in a transfer syntax that is named.
    Where some can, the others come in Explicit VR Little Endian, and their Content-Type says so.
    """
    syntaxes = [
        instance_syntax(accepted, s.instance.transfer_syntax_uid, encodable(s.instance)) for s in found
    ]
    if not any(syntaxes):
        stored = [s.instance.transfer_syntax_uid for s in found]
        raise not_acceptable(DICOM, [*stored, EXPLICIT_LITTLE_ENDIAN, *encodable(found[0].instance)])
    return _dicom_parts(found, syntaxes)


def _dicom_parts(
    found: Sequence[Stored], syntaxes: Sequence[str | None]
) -> Iterator[tuple[str, Iterator[bytes]]]:
    for stored, chosen in zip(found, syntaxes, strict=True):
        instance, syntax = stored.instance, chosen or EXPLICIT_LITTLE_ENDIAN
        if syntax == instance.transfer_syntax_uid:
            yield f"{DICOM}; transfer-syntax={syntax}", _pieces(instance.sha256)
        else:
            syntax, data = in_syntax(instance, syntax)
            yield f"{DICOM}; transfer-syntax={syntax}", iter((data,))


def _pieces(sha256: str) -> Iterator[bytes]:
    with storage().open(sha256) as stream:
        while piece := stream.read(CHUNK_BYTES):
            yield piece


def bulk_data(stored: Stored, path: str) -> bytes:
    """The value that a BulkDataURI names, as `bulk_value` writes it."""
    try:
        return bulk_value(read_stored(storage().get(stored.instance.sha256)), path)
    except DicomError as error:
        raise NotFound(error.detail) from error


def assemble(series_ids: Sequence[str]) -> None:
    """Make the volumes of series that have just come."""
    for series_id in series_ids:
        assemble_series(series_id)
