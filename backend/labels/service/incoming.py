"""What a structure set that came in says before it is written: its sets, structures, masks and names."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from backend.labels.service.moving import NOWHERE, Elsewhere
from backend.labels.service.revisions import StoredMask, store_mask
from backend.labels.service.sets import NewStructure
from backend.labels.service.sides import side_warning
from backend.studies.tables import Instance, Series
from rt.contours import ContourWarning
from rt.errors import DicomReferenceError
from rt.geometry import Grid
from rt.laterality import Placed, check_sides
from rt.masks import Mask
from rt.nomenclature import is_name_from, structure_kind, tg263_name

NOT_DRAWN_ON = "the images that it is drawn on are not here, or their geometry was refused"


class ImagesMissing(DicomReferenceError):
    """The images that a structure set is drawn on are not here."""


@dataclass(frozen=True)
class Incoming:
    """One structure read; `mask` is None when nothing was drawn."""

    new: NewStructure
    mask: StoredMask | None
    contours_sha256: str | None
    place: Placed | None = None
    doubts: tuple[dict[str, Any], ...] = ()
    """Warnings of plausibility."""


@dataclass(frozen=True)
class IncomingSet:
    """The structures on one series."""

    series: Series
    label: str
    structures: tuple[Incoming, ...]
    registration: dict[str, Any] | None = None
    """What brought it from another frame of reference."""
    warnings: tuple[ContourWarning, ...] = ()
    """Of a set that was brought; those of others are of the instance."""


@dataclass(frozen=True)
class Reading:
    """What an instance says that is not in the database yet, split by the series it is drawn on."""

    sets: tuple[IncomingSet, ...]
    warnings: tuple[ContourWarning, ...] | None
    """None where the instance was read before and only what registrations bring is new."""
    left_out: tuple[ContourWarning, ...] = ()
    """Structures of a frame of reference that nothing links to an image's."""


@dataclass(frozen=True)
class Source:
    """An instance with the patient and the series that it may be drawn on."""

    instance: Instance
    patient_id: str
    candidates: tuple[Series, ...]
    """Series of the study that have a volume."""
    is_read: bool = False
    """True when its sets on its own images are in the database."""
    elsewhere: Elsewhere = NOWHERE


def about(name: str, warnings: Iterable[ContourWarning]) -> list[ContourWarning]:
    """Warnings of one structure, with its name."""
    return [replace(w, detail=f"{name}: {w.detail}", structure=name) for w in warnings]


def in_frame(frame_of_reference_uid: str | None, candidates: Sequence[Series]) -> list[Series]:
    """The one series of a frame of reference: of several, the CT."""
    found = [
        s for s in candidates if s.volume and s.volume["frame_of_reference_uid"] == frame_of_reference_uid
    ]
    return sorted(found, key=lambda s: s.modality != "CT")[:1]


def doubted(structures: Sequence[Incoming]) -> tuple[Incoming, ...]:
    """The structures with what is odd about the sides in their names."""
    places = [one.place for one in structures if one.place is not None]
    doubts = {doubt.structure: side_warning(doubt) for doubt in check_sides(places)}
    return tuple(
        replace(one, doubts=(doubts[one.new.name],)) if one.new.name in doubts else one for one in structures
    )


def stored(mask: Mask, grid: Grid) -> StoredMask:
    """The mask of a first revision as a blob."""
    return store_mask(mask, np.zeros(grid.shape_kji, dtype=np.bool_), grid)


def kind_of(given: str, name: str) -> str:
    """The RT ROI Interpreted Type that came with a structure, or that its name has."""
    return given[:16] or structure_kind(name)


def original_name(given: str, description: str) -> str:
    """What a structure was first called: by its description where its name comes from that."""
    return (description if description and is_name_from(given, description) else given)[:64]


def names(originals: Iterable[str]) -> Iterator[str]:
    """TG-263 names where they are certain, else what was given; the same name again gets a number."""
    used: Counter[str] = Counter()
    for original in originals:
        match = tg263_name(original)
        name = match.name if match else clean(original) or "Unnamed"
        used[name] += 1
        while used[name] > 1:
            name = f"{name[:60]}_{used[name]}"
            used[name] += 1
        yield name


def clean(text: str) -> str:
    """At most 64 characters, none of control and no backslash."""
    plain = "".join(c for c in unicodedata.normalize("NFC", text) if c.isprintable() and c != "\\")
    return plain.strip()[:64]
