"""What an RT Plan (PS3.3 A.20) says about itself: prescription, fractions, beams, brachytherapy, approval.

Plans come from many systems and lack much.  What a plan does not say, or says in no readable way, is empty or
None here; nothing is computed or guessed from the rest.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from pydicom.dataset import Dataset

from rt.dicom.parse import text


@dataclass(frozen=True)
class DoseReference:
    """A dose that is prescribed, or a limit (PS3.3 C.8.8.10); in Gy."""

    number: int | None
    kind: str
    """TARGET or ORGAN_AT_RISK."""
    description: str
    structure_type: str
    """POINT, VOLUME, COORDINATES or SITE."""
    roi_number: int | None
    """Of the structure set that the plan refers to."""
    prescribed_gy: float | None
    """To a target."""
    minimum_gy: float | None
    """Of a target."""
    maximum_gy: float | None
    """Of a target or an organ at risk."""


@dataclass(frozen=True)
class BeamOfGroup:
    """A beam as a fraction group delivers it (PS3.3 C.8.8.13)."""

    beam_number: int | None
    dose_gy: float | None
    """Of a fraction, at the beam's dose specification point."""
    meterset: float | None
    """Of a fraction, in the unit of the plan."""


@dataclass(frozen=True)
class DoseOfGroup:
    """A dose reference that a fraction group serves."""

    reference_number: int | None
    prescribed_gy: float | None
    """To a target by this group alone."""


@dataclass(frozen=True)
class FractionGroup:
    """A fraction scheme (PS3.3 C.8.8.13)."""

    number: int | None
    fractions: int | None
    """How many are planned."""
    beams: int | None
    brachy_setups: int | None
    referenced_beams: tuple[BeamOfGroup, ...]
    referenced_doses: tuple[DoseOfGroup, ...]


@dataclass(frozen=True)
class Beam:
    """An external beam (PS3.3 C.8.8.14); angles in degrees of IEC 61217."""

    number: int | None
    name: str
    description: str
    kind: str
    """STATIC or DYNAMIC."""
    delivery: str
    """TREATMENT, SETUP …"""
    radiation: str
    """PHOTON, ELECTRON …"""
    machine: str
    energies: tuple[float, ...]
    """Each once, MV of photons, MeV of electrons."""
    fluence: str
    """Fluence mode where it is not standard: FFF, SRS, TBI or as it is called."""
    control_points: int
    gantry_start_deg: float | None
    gantry_stop_deg: float | None
    """None where the gantry stands still."""
    gantry_direction: str
    """CW or CC while it turns, else empty."""
    collimator_deg: float | None
    couch_deg: float | None
    meterset: float | None
    """Of a fraction, in the unit of the plan."""


@dataclass(frozen=True)
class BrachySetup:
    """An application setup of brachytherapy (PS3.3 C.8.8.15)."""

    number: int | None
    name: str
    kind: str
    """FLETCHER_SUIT, INTERSTITIAL …"""
    channels: int
    total_reference_air_kerma: float | None
    """In µGy at 1 m."""
    dose_gy: float | None
    """Of a fraction, at the setup's dose specification point."""


@dataclass(frozen=True)
class Brachy:
    """The brachytherapy of a plan."""

    technique: str
    """INTRACAVITARY, INTERSTITIAL …"""
    treatment_type: str
    """HDR, PDR, LDR …"""
    machines: tuple[str, ...]
    isotopes: tuple[str, ...]
    setups: tuple[BrachySetup, ...]


@dataclass(frozen=True)
class Plan:
    """What a plan says."""

    label: str
    """RTPlanLabel, or its name where that is empty."""
    name: str
    description: str
    intent: str
    """CURATIVE, PALLIATIVE, VERIFICATION …"""
    approval: str
    """APPROVED, UNAPPROVED or REJECTED."""
    written: str
    """Date as YYYY-MM-DD."""
    dose_references: tuple[DoseReference, ...]
    fraction_groups: tuple[FractionGroup, ...]
    beams: tuple[Beam, ...]
    brachy: Brachy | None
    structure_set_uid: str
    """SOP Instance UID of the structure set that ROI numbers are of; empty where it names none."""

    @property
    def prescription_gy(self) -> float | None:
        """The highest dose that it prescribes to a target; None where it says none."""
        doses = [one.prescribed_gy for one in self.dose_references if one.kind == "TARGET"]
        return max((gy for gy in doses if gy is not None), default=None)


def read_plan(dataset: Dataset) -> Plan:
    """What an RT Plan says; what it lacks is empty or None."""
    name = text(dataset, "RTPlanName")
    groups = list(_items(dataset, "FractionGroupSequence"))
    return Plan(
        label=text(dataset, "RTPlanLabel") or name,
        name=name,
        description=text(dataset, "RTPlanDescription"),
        intent=text(dataset, "PlanIntent"),
        approval=text(dataset, "ApprovalStatus"),
        written=_date(text(dataset, "RTPlanDate")),
        dose_references=tuple(map(_dose_reference, _items(dataset, "DoseReferenceSequence"))),
        fraction_groups=tuple(map(_fraction_group, groups)),
        beams=tuple(_beam(item, groups) for item in _items(dataset, "BeamSequence")),
        brachy=_brachy(dataset, groups),
        structure_set_uid=next(
            (
                text(one, "ReferencedSOPInstanceUID")
                for one in _items(dataset, "ReferencedStructureSetSequence")
            ),
            "",
        ),
    )


def _dose_reference(item: Dataset) -> DoseReference:
    kind = text(item, "DoseReferenceType")
    target = kind == "TARGET"
    return DoseReference(
        number=_integer(item, "DoseReferenceNumber"),
        kind=kind,
        description=text(item, "DoseReferenceDescription"),
        structure_type=text(item, "DoseReferenceStructureType"),
        roi_number=_integer(item, "ReferencedROINumber"),
        prescribed_gy=_positive(item, "TargetPrescriptionDose"),
        minimum_gy=_positive(item, "TargetMinimumDose"),
        maximum_gy=_positive(item, "TargetMaximumDose" if target else "OrganAtRiskMaximumDose"),
    )


def _fraction_group(item: Dataset) -> FractionGroup:
    return FractionGroup(
        number=_integer(item, "FractionGroupNumber"),
        fractions=_integer(item, "NumberOfFractionsPlanned"),
        beams=_integer(item, "NumberOfBeams"),
        brachy_setups=_integer(item, "NumberOfBrachyApplicationSetups"),
        referenced_beams=tuple(
            BeamOfGroup(
                _integer(one, "ReferencedBeamNumber"), _number(one, "BeamDose"), _number(one, "BeamMeterset")
            )
            for one in _items(item, "ReferencedBeamSequence")
        ),
        referenced_doses=tuple(
            DoseOfGroup(
                _integer(one, "ReferencedDoseReferenceNumber"), _positive(one, "TargetPrescriptionDose")
            )
            for one in _items(item, "ReferencedDoseReferenceSequence")
        ),
    )


def _beam(item: Dataset, groups: list[Dataset]) -> Beam:
    points = list(_items(item, "ControlPointSequence"))
    number = _integer(item, "BeamNumber")
    start, stop, direction = _gantry(points)
    return Beam(
        number=number,
        name=text(item, "BeamName"),
        description=text(item, "BeamDescription"),
        kind=text(item, "BeamType"),
        delivery=text(item, "TreatmentDeliveryType"),
        radiation=text(item, "RadiationType"),
        machine=text(item, "TreatmentMachineName"),
        energies=tuple(dict.fromkeys(_said(points, "NominalBeamEnergy"))),
        fluence=_fluence(item),
        control_points=len(points),
        gantry_start_deg=start,
        gantry_stop_deg=stop,
        gantry_direction=direction,
        collimator_deg=next(_said(points, "BeamLimitingDeviceAngle"), None),
        couch_deg=next(_said(points, "PatientSupportAngle"), None),
        meterset=_referring(groups, "Beam", number, "BeamMeterset"),
    )


def _gantry(points: list[Dataset]) -> tuple[float | None, float | None, str]:
    """Where the gantry begins, where it ends and which way it turns; a point says only what changes."""
    angles = list(_said(points, "GantryAngle"))
    turns = [turn for turn in (text(point, "GantryRotationDirection") for point in points) if turn]
    direction = next((turn for turn in turns if turn in ("CW", "CC")), "")
    if not angles:
        return None, None, direction
    return angles[0], angles[-1] if direction or len(set(angles)) > 1 else None, direction


def _fluence(item: Dataset) -> str:
    for mode in _items(item, "PrimaryFluenceModeSequence"):
        if text(mode, "FluenceMode") != "STANDARD":
            return text(mode, "FluenceModeID") or text(mode, "FluenceMode")
    return ""


def _brachy(dataset: Dataset, groups: list[Dataset]) -> Brachy | None:
    setups = list(_items(dataset, "ApplicationSetupSequence"))
    technique = text(dataset, "BrachyTreatmentTechnique")
    treatment_type = text(dataset, "BrachyTreatmentType")
    if not (setups or technique or treatment_type):
        return None
    machines = (text(one, "TreatmentMachineName") for one in _items(dataset, "TreatmentMachineSequence"))
    isotopes = (text(one, "SourceIsotopeName") for one in _items(dataset, "SourceSequence"))
    return Brachy(
        technique=technique,
        treatment_type=treatment_type,
        machines=tuple(dict.fromkeys(filter(None, machines))),
        isotopes=tuple(dict.fromkeys(filter(None, isotopes))),
        setups=tuple(_setup(item, groups) for item in setups),
    )


def _setup(item: Dataset, groups: list[Dataset]) -> BrachySetup:
    number = _integer(item, "ApplicationSetupNumber")
    return BrachySetup(
        number=number,
        name=text(item, "ApplicationSetupName"),
        kind=text(item, "ApplicationSetupType"),
        channels=len(list(_items(item, "ChannelSequence"))),
        total_reference_air_kerma=_positive(item, "TotalReferenceAirKerma"),
        dose_gy=_referring(groups, "BrachyApplicationSetup", number, "BrachyApplicationSetupDose"),
    )


def _referring(groups: list[Dataset], what: str, number: int | None, keyword: str) -> float | None:
    """What the first fraction group that refers to a beam or setup says of it."""
    for group in groups:
        for item in _items(group, f"Referenced{what}Sequence"):
            if number is not None and _integer(item, f"Referenced{what}Number") == number:
                return _number(item, keyword)
    return None


def _items(dataset: Dataset, keyword: str) -> Iterator[Dataset]:
    """The items of a sequence; none of what is no sequence."""
    value = dataset.get(keyword)
    if value is None or isinstance(value, str | bytes):
        return
    yield from (item for item in value if isinstance(item, Dataset))


def _said(points: list[Dataset], keyword: str) -> Iterator[float]:
    """The numbers that control points say, in their order."""
    yield from (value for value in (_number(point, keyword) for point in points) if value is not None)


def _date(da: str) -> str:
    return f"{da[:4]}-{da[4:6]}-{da[6:8]}" if len(da) == 8 and da.isdecimal() else ""


def _integer(dataset: Dataset, keyword: str) -> int | None:
    number = _number(dataset, keyword)
    return int(number) if number is not None and number == int(number) else None


def _positive(dataset: Dataset, keyword: str) -> float | None:
    number = _number(dataset, keyword)
    return number if number is not None and number > 0 else None


def _number(dataset: Dataset, keyword: str) -> float | None:
    try:
        number = float(str(dataset.get(keyword)))
    except ValueError:
        return None
    return number if math.isfinite(number) else None
