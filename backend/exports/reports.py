"""A structure set as bytes, and what these bytes say when they are read again."""

from __future__ import annotations

import hashlib

from backend.exports.errors import UnknownProfile
from backend.exports.objects import (
    OutgoingSet,
    rtstruct_bytes,
    seg_bytes,
    structures_of_rtstruct,
    structures_out,
)
from backend.exports.schemas import DicomFormat, ExportReport, LeftOut, ProfileOut, StructureReport
from backend.labels.errors import DerivationStale
from backend.projects.deidentification import Deidentifier
from backend.studies.schemas import WarningOut
from rt.dicom.profiles import ExportProfile, profiles
from rt.dicom.readback import ReadBack, read_back_rtstruct, read_back_seg


def profile_named(name: str) -> ExportProfile:
    """The export profile of a name."""
    found = profiles().get(name)
    if found is None:
        raise UnknownProfile(
            f"there is no profile {name}; there are {', '.join(profiles())}", field="profile"
        )
    return found


def shown_profile(profile: ExportProfile) -> ProfileOut:
    """A profile with what its values are from."""
    return ProfileOut.model_validate(profile, from_attributes=True)


def report_of(
    outgoing: OutgoingSet, form: DicomFormat, profile: ExportProfile, hidden: Deidentifier | None
) -> ExportReport:
    """Write the set, read it again, and say what was found; size and digest are those of what would leave.

    De-identification changes no contour and no voxel, but what the contours refer to.
    """
    if form is DicomFormat.RTSTRUCT:
        structures = structures_of_rtstruct(outgoing)
        data = rtstruct_bytes(outgoing, profile, structures)
        read = read_back_rtstruct(data, outgoing.reference, structures, profile)
    else:
        structures = structures_out(outgoing)
        data = seg_bytes(outgoing, structures)
        read = read_back_seg(data, outgoing.reference, structures)
    if hidden is not None:
        data = hidden.file(data).data
    return ExportReport(
        format=form,
        profile=shown_profile(profile) if form is DicomFormat.RTSTRUCT else None,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        structures=[
            _shown(one, stale=structure.number in outgoing.stale_numbers)
            for one, structure in zip(read, structures, strict=True)
        ],
        left_out=_left_out(outgoing, form),
    )


def _left_out(outgoing: OutgoingSet, form: DicomFormat) -> list[LeftOut]:
    points = () if form is DicomFormat.RTSTRUCT else outgoing.contours_only
    return [
        *(LeftOut(name=name, reason="unknown") for name in outgoing.unknown_names),
        *(LeftOut(name=one.structure.name, reason="contours-only") for one in points),
    ]


def _shown(one: ReadBack, stale: bool) -> StructureReport:
    behind = [WarningOut(slug=DerivationStale.slug, detail="", severity="warning")] if stale else []
    return StructureReport(
        number=one.number,
        name=one.name,
        drawn_cc=one.drawn_cc,
        read_cc=one.read_cc,
        enclosed_cc=one.enclosed_cc,
        dice=one.dice,
        hausdorff_mm=one.hausdorff_mm,
        contours=one.contours,
        points=one.points,
        warnings=[
            *behind,
            *(
                WarningOut(slug=f.slug, detail=f.detail, severity="warning", values=f.values)
                for f in one.findings
            ),
        ],
    )
