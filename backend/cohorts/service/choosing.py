"""Which contour on which image is measured for each patient, and whether that is still what was measured.

Of a patient's studies the earliest that has the contour is taken, since a predictor is what was known then;
in it the newest contour of that name on an image of that kind.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from backend.cohorts import repository
from backend.cohorts.repository import Candidate
from backend.cohorts.tables import FeatureSet
from backend.labels import service as labels
from backend.labels.tables import Revision
from rt.nomenclature import standard_name

MOST_READERS = 4
"""Other people's contours of the same structure that are measured for the agreement of readers."""
DOSE = "RTDOSE"


@dataclass(frozen=True)
class Choice:
    """What is measured for a patient, or why nothing can be."""

    chosen: dict[str, Any] | None
    """{study_id, series_id, structure_id, revision, mask, ai, readers}: `mask` is the SHA-256 of the mask,
    `ai` and `readers` have the same last three of contours that it is compared with."""
    slug: str | None = None
    detail: str | None = None


def choose(
    session: Session, project_id: str, wanted: FeatureSet, patient_ids: Collection[str]
) -> dict[str, Choice]:
    """The choice for each of these patients."""
    here = repository.ids_in_store(session, project_id, patient_ids)
    modality = None if wanted.modality == DOSE else wanted.modality
    imaged = repository.ids_with_images(session, project_id, patient_ids, wanted.modality)
    named: dict[str, list[Candidate]] = defaultdict(list)
    for one in repository.candidates(session, project_id, patient_ids, modality):
        if _is_called(one, wanted.structure):
            named[one.patient_id].append(one)
    ids = {one.structure.id for found in named.values() for one in found}
    known = _Known.load(session, ids)
    choices: dict[str, Choice] = {}
    for patient in patient_ids:
        if patient not in here:
            choices[patient] = Choice(None, "not-in-store", "the project has no study of this patient")
        elif patient not in imaged:
            choices[patient] = Choice(None, "no-such-image", f"no study of the patient has {wanted.modality}")
        elif patient not in named:
            detail = f"no {wanted.structure} is drawn on {wanted.modality} of the patient"
            choices[patient] = Choice(None, "no-such-structure", detail)
        else:
            choices[patient] = _best(named[patient], known, wanted)
    return choices


def _is_called(one: Candidate, name: str) -> bool:
    """By its name here, the name it came in with, or the standard one that these mean."""
    structure = one.structure
    if name.casefold() in (structure.name.casefold(), structure.original_name.casefold()):
        return True
    standard = standard_name(structure.name, structure.original_name)
    return standard is not None and standard.casefold() == name.casefold()


@dataclass(frozen=True)
class _Known:
    """Revisions of structures, the newest last, and the newest one approved of each."""

    revisions: dict[str, list[Revision]]
    approved: dict[str, int]

    @classmethod
    def load(cls, session: Session, structure_ids: Collection[str]) -> _Known:
        revisions: dict[str, list[Revision]] = defaultdict(list)
        for one in repository.revisions(session, structure_ids):
            revisions[one.structure_id].append(one)
        return cls(revisions, repository.newest_approvals(session, structure_ids))

    def of(self, one: Candidate, source: str) -> Revision | None:
        """The revision of a structure that this source means; None where it has none."""
        revisions = self.revisions.get(one.structure.id, [])
        if source == "approved":
            number = self.approved.get(one.structure.id)
            return next((rev for rev in revisions if rev.number == number), None)
        if source == "ai":
            return next((rev for rev in reversed(revisions) if _is_ai(rev)), None)
        head = revisions[-1] if revisions else None
        return None if labels.is_unknown(one.structure, head) else head


def _is_ai(revision: Revision) -> bool:
    return revision.author_id is None and revision.network_version_id is not None


def _is_human(one: Candidate, revision: Revision) -> bool:
    came = one.origin == "import" and revision.network_version_id is None
    return revision.author_id is not None or came


def _best(found: Sequence[Candidate], known: _Known, wanted: FeatureSet) -> Choice:
    fitting = [(one, revision) for one in found if (revision := known.of(one, wanted.source)) is not None]
    if not fitting:
        detail = f"{wanted.structure} is there, and has no revision that is {wanted.source}"
        return Choice(None, "no-such-revision", detail)
    first = min((one.study_date or "9", one.study_id) for one, _ in fitting)
    inside = [pair for pair in fitting if (pair[0].study_date or "9", pair[0].study_id) == first]
    one, revision = max(inside, key=lambda pair: (pair[1].created_at, pair[1].id))
    return Choice(
        {
            "study_id": one.study_id,
            "series_id": one.series_id,
            **_contour(revision),
            "ai": _corrected_or_ai(known.revisions[one.structure.id], revision),
            "readers": _readers(one, revision, found, known),
        }
    )


def _contour(revision: Revision) -> dict[str, Any]:
    return {"structure_id": revision.structure_id, "revision": revision.number, "mask": revision.sha256}


def _corrected_or_ai(revisions: Sequence[Revision], chosen: Revision) -> dict[str, Any] | None:
    """Of a person's contour what the network had drawn before; of a network's what a person made of it."""
    if _is_ai(chosen):
        later = [one for one in revisions if one.number > chosen.number and one.author_id and one.slices]
        return _contour(later[-1]) if later else None
    earlier = [one for one in revisions if one.number < chosen.number and _is_ai(one) and one.slices]
    return _contour(earlier[-1]) if earlier and chosen.author_id is not None else None


def _readers(
    one: Candidate, chosen: Revision, found: Sequence[Candidate], known: _Known
) -> list[dict[str, Any]]:
    """Contours of the same structure on the same images in other sets, as other people left them."""
    if not _is_human(one, chosen):
        return []
    others = []
    for other in found:
        revision = known.of(other, "latest")
        if other.series_id != one.series_id or other.set_id == one.set_id or revision is None:
            continue
        if _is_human(other, revision) and revision.slices:
            others.append(revision)
    return [_contour(revision) for revision in sorted(others, key=lambda rev: rev.id)[:MOST_READERS]]
