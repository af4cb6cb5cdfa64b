"""A structure set on its way out: as RTSTRUCT, as SEG, or as NIfTI files in a zip.

Rejected structures stay here; those without a voxel leave as empty ones.  UIDs are derived from what is
written, so writing the same state twice gives the same object.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np

from backend.exports.archive import Archive, safe_name
from backend.exports.errors import NotAsDicom, NothingToExport
from backend.kit.storage import storage
from backend.labels.service import load_mask
from backend.labels.tables import Review, Revision, Structure, StructureSet
from backend.projects.deidentification import Deidentifier
from backend.studies.schemas import RegistrationOut
from backend.version import VERSION
from rt.dicom.deidentify import structure_name
from rt.dicom.outgoing import ObjectHeader, SeriesReference, StructureOut, write_bytes
from rt.dicom.parse import read_stored
from rt.dicom.profiles import GENERIC, ExportProfile
from rt.dicom.rtstruct import Contour, contours_from_json, write_rtstruct
from rt.dicom.rtstruct_source import source_items
from rt.dicom.seg import write_seg
from rt.dicom.uids import derived_uid
from rt.masks import Mask
from rt.nomenclature import is_name_from

FIRST_SERIES_NUMBER = 9001
"""Of published structure sets; the SEG of a set has the number after its RTSTRUCT's."""


@dataclass(frozen=True)
class Leaving:
    """One structure with its newest revision, if it has one."""

    structure: Structure
    head: Revision | None


@dataclass(frozen=True)
class OutgoingSet:
    """Everything that the writers need, read from the database beforehand."""

    structure_set: StructureSet
    position: int
    """Place of the set among those of its study, from 0."""
    reference: SeriesReference
    leaving: tuple[Leaving, ...]
    approval: Review | None
    """The newest approval when all that was drawn is approved."""
    contours_only: tuple[Leaving, ...] = ()
    """What came in as points or lines and leaves so, in an RTSTRUCT alone."""
    source_sha256: str | None = None
    """Blob of the RTSTRUCT that the set came in as."""
    stale_numbers: frozenset[int] = frozenset()
    """Numbers of the structures that are behind what they are derived from."""
    unknown_names: tuple[str, ...] = ()
    """Structures that stay here: rejected, not found, or without a contour that encloses anything."""

    @property
    def written_at(self) -> datetime:
        """When the newest of its contents was made."""
        moments = [one.head.created_at for one in self.leaving if one.head]
        return max([self.structure_set.created_at, *moments, *([self.approval.at] if self.approval else [])])

    def sop_instance_uid(self, modality: str, profile: ExportProfile = GENERIC) -> str:
        """The UID of an object with these contents."""
        contents = [
            f"{one.structure.number}|{one.structure.name}|{one.structure.colour}|{one.structure.kind}|"
            f"{one.head.sha256 if one.head else ''}|{_is_automatic(one)}{_named_before(one, '|')}"
            for one in self.leaving
        ]
        if self.source_sha256 is not None:
            contents.append(f"source|{self.source_sha256}")
        if self.structure_set.registration is not None:
            contents.append(f"registration|{json.dumps(self.structure_set.registration, sort_keys=True)}")
        approval = self.approval.id if self.approval else ""
        label = self.structure_set.label
        if modality == "RTSTRUCT":
            contents += [
                f"contours|{one.structure.number}|{_first_name(one)}|{one.structure.colour}|"
                f"{one.head.contours_sha256 if one.head else ''}"
                for one in self.contours_only
            ]
        if profile.holes != GENERIC.holes:
            contents.append(f"holes: {profile.holes}")
        return derived_uid("instance", self.structure_set.id, modality, VERSION, label, approval, *contents)

    def header(self, modality: str, profile: ExportProfile = GENERIC) -> ObjectHeader:
        """Identity and approval."""
        return ObjectHeader(
            label=self.structure_set.label,
            sop_instance_uid=self.sop_instance_uid(modality, profile),
            series_instance_uid=derived_uid("series", self.structure_set.id, modality),
            written_at=self.written_at,
            series_number=FIRST_SERIES_NUMBER + 2 * self.position,
            software_version=VERSION,
            approved_by=self.approval.user_name if self.approval else None,
            approved_at=self.approval.at if self.approval else None,
            description=_brought_by(self.structure_set),
        )


def _brought_by(owner: StructureSet) -> str:
    """Which registration brought the contours of a set to its images."""
    if owner.registration is None:
        return ""
    said = RegistrationOut.model_validate(owner.registration)
    return f"Contours of frame of reference {said.frame_of_reference_uid}, moved by registration {said.uids}"


def rtstruct_bytes(
    outgoing: OutgoingSet,
    profile: ExportProfile = GENERIC,
    structures: Sequence[StructureOut] | None = None,
) -> bytes:
    """The set as an RT Structure Set; slices still as they came in have the very same points.

    What came in as one keeps its private elements and observations.  `structures` are those of the set where
    the caller has them read already.
    """
    source = None
    if outgoing.source_sha256 is not None:
        source = source_items(read_stored(storage().get(outgoing.source_sha256)))
    structures = structures or structures_of_rtstruct(outgoing)
    header = outgoing.header("RTSTRUCT", profile)
    return write_bytes(write_rtstruct(outgoing.reference, structures, header, source, profile=profile))


def seg_bytes(outgoing: OutgoingSet, structures: Sequence[StructureOut] | None = None) -> bytes:
    """The set as a binary Segmentation, one segment a structure."""
    structures = structures or structures_out(outgoing)
    return write_bytes(write_seg(outgoing.reference, structures, outgoing.header("SEG")))


WRITERS: dict[str, Callable[[OutgoingSet], bytes]] = {"RTSTRUCT": rtstruct_bytes, "SEG": seg_bytes}
"""The objects of a set that DICOMweb shows and peers are sent."""


def check_dicom(outgoing: OutgoingSet, leaving: Sequence[Leaving]) -> None:
    """Refuse what DICOM cannot express."""
    if not leaving:
        raise NothingToExport("the structure set is empty")
    if not outgoing.reference.sop_instance_uids:
        raise NotAsDicom("the images did not come as DICOM, one instance a slice; NIfTI is possible")


def structures_out(outgoing: OutgoingSet) -> list[StructureOut]:
    """What the writers of DICOM take."""
    check_dicom(outgoing, outgoing.leaving)
    return [_structure(one, outgoing) for one in outgoing.leaving]


def structures_of_rtstruct(outgoing: OutgoingSet) -> list[StructureOut]:
    """What the writer of RTSTRUCT takes: also points and lines, under the names that they came with."""
    check_dicom(outgoing, (*outgoing.leaving, *outgoing.contours_only))
    bare = [
        replace(_structure(one, outgoing), name=_first_name(one), original_name="")
        for one in outgoing.contours_only
    ]
    return [_structure(one, outgoing) for one in outgoing.leaving] + bare


def _first_name(one: Leaving) -> str:
    return one.structure.original_name or one.structure.name


def _structure(one: Leaving, outgoing: OutgoingSet) -> StructureOut:
    grid = outgoing.reference.grid
    mask: Mask = np.zeros(grid.shape_kji, dtype=np.bool_)
    contours: tuple[Contour, ...] = ()
    if one.head is not None:
        mask = load_mask(one.head, grid)
        if one.head.contours_sha256 is not None:
            contours = contours_from_json(json.loads(storage().get(one.head.contours_sha256)))
    return StructureOut(
        number=one.structure.number,
        name=one.structure.name,
        colour=one.structure.colour,
        kind=one.structure.kind,
        mask_kji=mask,
        original_contours=contours,
        automatic=_is_automatic(one),
        original_name=_named_before(one),
        source_number=one.structure.number if _came_in(one) else None,
    )


def _came_in(one: Leaving) -> bool:
    """True for what the set came in with, and not for what was added to it under a number that got free."""
    return one.structure.original_name != ""


def _named_before(one: Leaving, mark: str = "") -> str:
    """What it was called where it came from, after a mark; "" when that is its name or no more."""
    name, original = one.structure.name, one.structure.original_name
    return mark + original if original not in ("", name) and is_name_from(name, original) else ""


def _is_automatic(one: Leaving) -> bool:
    """True while nobody changed what software drew."""
    return one.head is not None and one.head.author_id is None and one.head.tool != "import"


def write_nifti_zip(outgoing: OutgoingSet, folder: Path, hidden: Deidentifier | None = None) -> Path:
    """A zip in `folder`: a `.nii.gz` of 0 and 1 for each drawn structure, and `structures.json`.

    With `hidden` names, label and UIDs are those that de-identified files have.
    """
    drawn = [(one, one.head) for one in outgoing.leaving if one.head is not None]
    grid = outgoing.reference.grid
    if not drawn:
        raise NothingToExport("nothing is drawn in this structure set")
    target = folder / "structures.zip"
    listed = []
    with Archive(target, folder) as archive:
        for one, head in drawn:
            named = (
                one.structure.name
                if hidden is None
                else structure_name(one.structure.name, one.structure.number)
            )
            file = f"{one.structure.number:03d}_{safe_name(named)}.nii.gz"
            archive.nifti(file, load_mask(head, grid), grid)
            listed.append(_listed(one, named, file))
        body = _described(outgoing, hidden) | {"structures": listed}
        archive.json("structures.json", body)
    return target


def _described(outgoing: OutgoingSet, hidden: Deidentifier | None) -> dict[str, object]:
    reference = outgoing.reference
    series, frame = reference.series_instance_uid, reference.frame_of_reference_uid
    return {
        "label": outgoing.structure_set.label if hidden is None else "",
        "series_instance_uid": series if hidden is None else hidden.uid(series),
        "frame_of_reference_uid": frame if hidden is None else hidden.uid(frame),
        "grid": reference.grid.to_json(),
        "deidentification": None if hidden is None else hidden.described(),
    }


def _listed(one: Leaving, name: str, file: str) -> dict[str, object]:
    head = one.head
    return {
        "file": file,
        "number": one.structure.number,
        "name": name,
        "kind": one.structure.kind,
        "colour": one.structure.colour,
        "state": one.structure.state,
        "revision": head.number if head else 0,
        "volume_cc": head.volume_cc if head else 0.0,
        "mask_sha256": head.sha256 if head else None,
    }
