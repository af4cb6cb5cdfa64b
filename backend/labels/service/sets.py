"""Structure sets and the structures in them: find, make, rename, delete, and who may."""

from __future__ import annotations

import itertools
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy.orm import Session

from backend.accounts.actor import Actor
from backend.audit import service as audit
from backend.jobs import service as jobs
from backend.kit.errors import Conflict, InvalidInput, NotFound
from backend.labels import repository
from backend.labels.errors import NameTaken, SignedStructure
from backend.labels.service.blinding import refuse_while_blind
from backend.labels.service.following import request_derivation
from backend.labels.service.progress import refresh_study
from backend.labels.states import State
from backend.labels.tables import Structure, StructureSet
from backend.projects import service as projects
from backend.projects.service import Permission
from backend.projects.tables import Project
from backend.studies.tables import Series, Study
from rt.dicom.rtstruct import LARGEST_NUMBER
from rt.geometry import Grid
from rt.nomenclature import default_colour, structure_kind

AI_LABEL = "Rinkaku AI"
"""Label of the set that networks draw in and people correct."""
WORKING = "ai"
"""Its origin."""
LONGEST_LABEL = 64
"""Characters of a set's label."""
PUBLICATION_DELAY_S, PUBLICATION_LATEST_S = 2.0, 10.0
"""A set is written when nothing has changed for so long, and at the latest so long after the first change."""


@dataclass(frozen=True)
class SetScope:
    """A structure set that the actor may use, with what it belongs to."""

    structure_set: StructureSet
    study: Study
    project: Project


@dataclass(frozen=True)
class NewStructure:
    """A structure to be; colour, kind and number are chosen when not given."""

    name: str
    colour: str | None = None
    kind: str | None = None
    original_name: str = ""
    number: int | None = None


def open_set(session: Session, actor: Actor, set_id: str, permission: Permission) -> SetScope:
    """The set, if the actor may do this with it; what is not his is not there."""
    found = repository.structure_set(session, set_id)
    return _scope(session, actor, found, permission, "structure set")


def open_structure(
    session: Session, actor: Actor, structure_id: str, permission: Permission
) -> tuple[Structure, SetScope]:
    """The structure and its set, if the actor may do this with it."""
    found = repository.structure(session, structure_id)
    owner = repository.structure_set(session, found.structure_set_id) if found else None
    scope = _scope(session, actor, owner, permission, "structure")
    if found is None:
        raise NotFound("there is no such structure")
    return found, scope


def _scope(
    session: Session, actor: Actor, found: StructureSet | None, permission: Permission, noun: str
) -> SetScope:
    study = repository.study(session, found.study_row_id) if found else None
    if found is None or study is None:
        raise NotFound(f"there is no such {noun}")
    try:
        project = projects.require(session, actor, study.project_id, permission)
    except NotFound as hidden:
        raise NotFound(f"there is no such {noun}") from hidden
    return SetScope(found, study, project)


def grid_of(series: Series) -> Grid:
    """The grid that masks of this series are on."""
    if series.volume is None:
        raise Conflict("this series has no volume to draw on", series_id=series.id)
    return Grid.from_json(series.volume["grid"])


def set_grid(session: Session, structure_set: StructureSet) -> Grid:
    """The grid of a set's image."""
    return grid_of(repository.series(session, structure_set.series_row_id))


def working_set(session: Session, series: Series) -> StructureSet:
    """The set in which networks draw on a series and people correct; made when there is none.

    It comes with its structures locked, so that what draws several in one transaction never waits for a
    person who waits for it.
    """
    repository.lock_series(session, series.id)
    found = repository.set_of_series(session, series.id, WORKING)
    if found is None:
        return add_set(session, series, AI_LABEL, WORKING)
    repository.lock_set(session, found.id)
    repository.lock_structures(session, found.id)
    return found


def add_set(
    session: Session, series: Series, label: str, origin: str, source_instance_id: str | None = None
) -> StructureSet:
    """A new empty set on a series that has a volume."""
    grid_of(series)
    made = StructureSet(
        study_row_id=series.study_row_id,
        series_row_id=series.id,
        label=label,
        origin=origin,
        source_instance_id=source_instance_id,
    )
    session.add(made)
    session.flush()
    return made


def free_label(session: Session, series: Series, label: str) -> str:
    """The label, with a number where another set on the image has it already."""
    taken = {
        one.label
        for one in repository.sets_of_study(session, series.study_row_id)
        if one.series_row_id == series.id
    }
    ends = itertools.chain([""], (f" ({n})" for n in itertools.count(2)))
    return next(one for end in ends if (one := label[: LONGEST_LABEL - len(end)] + end) not in taken)


def create_set(session: Session, actor: Actor, study_id: str, series_id: str, label: str) -> StructureSet:
    """A person's new set on an image series of a study."""
    study = repository.study(session, study_id)
    if study is None:
        raise NotFound("there is no such study")
    projects.require(session, actor, study.project_id, Permission.ANNOTATE)
    series = next((s for s in repository.series_of_study(session, study_id) if s.id == series_id), None)
    if series is None:
        raise InvalidInput("the series is not one of this study", field="series_id")
    made = add_set(session, series, label, "manual")
    audit.record(
        session, actor.user_id, "labels.set.created", "structure-set", made.id, project_id=study.project_id
    )
    jobs.announce(session, "structure-set", made.id, study.project_id)
    return made


def find_structure(session: Session, structure_set: StructureSet, name: str) -> Structure | None:
    """The structure of this name in a set."""
    rows = repository.structures_of_sets(session, [structure_set.id])
    return next((row for row in rows if row.name == name), None)


def add_structure(session: Session, structure_set: StructureSet, new: NewStructure) -> Structure:
    """A new structure without a revision; its name is the only one of its kind in the set."""
    repository.lock_set(session, structure_set.id)
    present = repository.structures_of_sets(session, [structure_set.id])
    if any(row.name == new.name for row in present):
        raise NameTaken(f"{new.name} is already in this structure set", field="name", name=new.name)
    numbers = {row.number for row in present}
    wanted = new.number if new.number is not None and new.number not in numbers else None
    wish = _template_entry(session, structure_set, new.name)
    made = Structure(
        structure_set_id=structure_set.id,
        number=_unused_number(numbers) if wanted is None else wanted,
        name=new.name,
        original_name=new.original_name,
        colour=new.colour or wish.get("colour") or default_colour(new.name, {row.colour for row in present}),
        kind=new.kind or wish.get("kind") or structure_kind(new.name),
    )
    session.add(made)
    session.flush()
    return made


def _unused_number(used: Collection[int]) -> int:
    """The one after the largest; where an integer string cannot hold that, the smallest that is free."""
    after = max(used, default=0) + 1
    return after if 1 <= after <= LARGEST_NUMBER else next(n for n in itertools.count(1) if n not in used)


def ensure_structure(session: Session, structure_set: StructureSet, new: NewStructure) -> Structure:
    """The structure of this name in the set, made when there is none."""
    return find_structure(session, structure_set, new.name) or add_structure(session, structure_set, new)


def _template_entry(session: Session, structure_set: StructureSet, name: str) -> dict[str, str]:
    study = repository.study(session, structure_set.study_row_id)
    project = session.get(Project, study.project_id) if study else None
    template = project.template if project else []
    return next((entry for entry in template if entry.get("name") == name), {})


def create_structure(session: Session, actor: Actor, set_id: str, new: NewStructure) -> Structure:
    """A person adds a structure to a set."""
    scope = open_set(session, actor, set_id, Permission.ANNOTATE)
    repository.lock_set(session, set_id)
    _check_name(session, scope.structure_set, new.name)
    made = add_structure(session, scope.structure_set, new)
    _record(session, actor, "labels.structure.created", made, scope)
    return made


def change_structure(
    session: Session, actor: Actor, structure_id: str, name: str | None, colour: str | None
) -> Structure:
    """Rename or recolour; what is submitted or approved keeps its name."""
    _, scope = open_structure(session, actor, structure_id, Permission.ANNOTATE)
    repository.lock_set(session, scope.structure_set.id)
    structure = repository.lock_structure(session, structure_id)
    changes: dict[str, str] = {}
    if name is not None and name != structure.name:
        refuse_while_blind(structure)
        _check_not_signed(structure)
        _check_name(session, scope.structure_set, name, structure)
        changes = {"before": structure.name, "name": name}
        structure.name = name
    if colour is not None:
        structure.colour = colour
    audit.record(
        session, actor.user_id, "labels.structure.changed", "structure", structure_id,
        project_id=scope.project.id, changes=changes,
    )  # fmt: skip
    jobs.announce(session, "structure-set", scope.structure_set.id, scope.project.id)
    request_publication(session, scope.structure_set, scope.study, actor.user_id)
    return structure


def delete_structure(session: Session, actor: Actor, structure_id: str) -> None:
    """Delete a structure with its revisions, unless it is submitted or a signature stands on one of them."""
    _, scope = open_structure(session, actor, structure_id, Permission.ANNOTATE)
    structure = repository.lock_structure(session, structure_id)
    refuse_while_blind(structure)
    _check_not_signed(structure)
    if repository.newest_approval(session, structure_id) is not None:
        raise SignedStructure("a revision of this structure was approved")
    session.delete(structure)
    refresh_study(session, scope.study.id)
    _record(session, actor, "labels.structure.deleted", structure, scope)
    request_publication(session, scope.structure_set, scope.study, actor.user_id)
    request_derivation(session, structure_id, scope.study, actor.user_id)


def _check_name(
    session: Session, structure_set: StructureSet, name: str, renamed: Structure | None = None
) -> None:
    """People tell structures apart by more than upper and lower case; what software names is not refused."""
    others = repository.structures_of_sets(session, [structure_set.id])
    taken = next((o.name for o in others if o is not renamed and o.name.casefold() == name.casefold()), None)
    if taken is not None:
        raise NameTaken(f"{taken} is already in this structure set", field="name", name=taken)


def _check_not_signed(structure: Structure) -> None:
    """Whoever looks at a submitted structure signs the contour under the name that he sees."""
    if structure.state in (State.SUBMITTED, State.APPROVED):
        raise SignedStructure(
            f"{structure.name} is {structure.state}: its name and contour are what is signed",
            name=structure.name,
        )


def _record(session: Session, actor: Actor, action: str, structure: Structure, scope: SetScope) -> None:
    audit.record(session, actor.user_id, action, "structure", structure.id, project_id=scope.project.id)
    jobs.announce(session, "structure-set", scope.structure_set.id, scope.project.id)


def request_publication(
    session: Session, structure_set: StructureSet, study: Study, user_id: str | None
) -> None:
    """Ask for the set's RTSTRUCT and SEG to be written; what changes in a row is written once."""
    jobs.enqueue(
        session,
        jobs.JobRequest(
            "publish",
            {"structure_set_id": structure_set.id},
            study.project_id,
            study_id=study.id,
            created_by=user_id,
            coalesce_key=f"publish:{structure_set.id}",
            delay_s=PUBLICATION_DELAY_S,
            latest_s=PUBLICATION_LATEST_S,
        ),
    )
