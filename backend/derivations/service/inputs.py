"""What a derivation is computed from, fetched in a transaction, or the typed reason why it cannot be.

A structure that is not known for certain is never taken for an empty one: each case has an error of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from backend.accounts.actor import Actor
from backend.derivations import repository
from backend.derivations.errors import (
    DoseDeleted,
    SourceDeleted,
    SourceOnOtherGrid,
    SourceStale,
    SourceUnknown,
)
from backend.dose import service as dose
from backend.labels import service as labels
from backend.labels.expressions import Expression, dose_series_ids, in_words, structure_ids
from backend.labels.schemas import DerivedFrom, DoseSource, StructureSource
from backend.labels.tables import Derivation, Revision, Structure, StructureSet
from backend.projects.service import Permission
from backend.studies import service as studies
from backend.studies.registrations import Link
from backend.studies.tables import Series
from rt.geometry import Grid

NOT_ASSEMBLED: Mapping[str, Series] = {}


@dataclass(frozen=True)
class Inputs:
    """Rows that a derivation is computed from; none belongs to a transaction any more."""

    expression: Expression
    grid: Grid
    structures: Mapping[str, tuple[Structure, Revision]]
    """Sources with their newest revisions, by id."""
    doses: Mapping[str, tuple[Series, Link | None]]
    """Dose series, and what brings each to the image where it lies elsewhere, by id."""

    @property
    def words(self) -> str:
        """The expression in English."""
        return in_words(self.expression, {key: row.name for key, (row, _) in self.structures.items()})

    def dose_sources(self, assembled: Mapping[str, Series] = NOT_ASSEMBLED) -> dict[str, DoseSource]:
        """The doses as a derivation names them, by id; `assembled` are those with their voxels."""
        return {
            key: labels.dose_source(assembled.get(key, series), link)
            for key, (series, link) in self.doses.items()
        }

    def used(self, assembled: Mapping[str, Series]) -> dict[str, Any]:
        """What was used, for the row; `assembled` are the dose series with their voxels."""
        found = DerivedFrom(
            expression=self.expression,
            structures=[
                StructureSource(id=row.id, name=row.name, number=revision.number)
                for row, revision in self.structures.values()
            ],
            doses=list(self.dose_sources(assembled).values()),
        )
        return found.model_dump(mode="json")


def check_allowed(session: Session, actor: Actor, expression: Expression, used: DerivedFrom | None) -> None:
    """NotFound where the actor may not look at a structure or dose named, whether it exists or not.

    Of what was `used` before, it is known that he may, and `gather` says what became of it.
    """
    before = {one.id for one in used.structures} if used else set()
    for structure_id in structure_ids(expression):
        if structure_id not in before:
            labels.open_structure(session, actor, structure_id, Permission.READ)
    for series_id in dose_series_ids(expression):
        studies.get_series(session, actor, series_id, Permission.READ)


def gather(session: Session, owner: StructureSet, expression: Expression, used: DerivedFrom | None) -> Inputs:
    """What an expression is computed from now; `used` tells what deleted sources were called.

    Raises
    ------
    SourceDeleted, SourceUnknown, SourceStale, SourceOnOtherGrid
        Of a structure.
    DoseDeleted, NotADose, OtherFrame
        Of a dose.
    """
    image = repository.image(session, owner)
    called = {one.id: one.name for one in used.structures} if used else {}
    return Inputs(
        expression,
        labels.grid_of(image),
        {one: _source(session, image, one, called) for one in structure_ids(expression)},
        {one: _dose(session, image, one) for one in dose_series_ids(expression)},
    )


def _source(
    session: Session, image: Series, structure_id: str, called: Mapping[str, str]
) -> tuple[Structure, Revision]:
    structure = repository.structure(session, structure_id)
    if structure is None:
        name = called.get(structure_id, structure_id)
        raise SourceDeleted(f"{name} was deleted", name=name)
    name = structure.name
    own = repository.structure_set(session, structure.structure_set_id)
    _check_image(session, image, own, name)
    derivation = repository.derivation(session, structure_id)
    if derivation is not None and derivation.problem and structure.head == derivation.computed:
        raise SourceStale(f"{name} is stale itself", name=name)
    head = repository.head(session, structure)
    computed = head is not None and head.tool == labels.DERIVE
    if head is None or (labels.is_unknown(structure, head) and not computed):
        raise SourceUnknown(f"nothing is known of {name}: it is rejected, not found or not drawn", name=name)
    return structure, head


def _check_image(session: Session, image: Series, own: StructureSet, name: str) -> None:
    """A set of another series is as good where the image is on the same grid of the same frame."""
    if own.series_row_id == image.id:
        return
    other = repository.series(session, own.series_row_id)
    alike = (
        own.study_row_id == image.study_row_id
        and other is not None
        and image.frame_of_reference_uid is not None
        and other.frame_of_reference_uid == image.frame_of_reference_uid
        and labels.grid_of(other).is_close(labels.grid_of(image))
    )
    if not alike:
        raise SourceOnOtherGrid(f"{name} is drawn on another image", name=name)


def _dose(session: Session, image: Series, series_id: str) -> tuple[Series, Link | None]:
    series = repository.series(session, series_id)
    if series is None:
        raise DoseDeleted("the dose is not there any more")
    return series, dose.check_dose(session, image, series)


def newest_change(inputs: Inputs, derivation: Derivation) -> Revision | None:
    """The newest revision among the sources that is another one than was used; None where none is."""
    used = {one.id: one.number for one in DerivedFrom.model_validate(derivation.used).structures}
    changed = [
        revision for row, revision in inputs.structures.values() if used.get(row.id) != revision.number
    ]
    return max(changed, key=lambda revision: revision.created_at, default=None)
