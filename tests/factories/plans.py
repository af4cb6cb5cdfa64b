"""RT Plans as planning systems write them: photons with an arc, protons, brachytherapy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import generate_uid

from tests.factories.dicom import RTPLAN, Ids, make_instance

RT_ION_PLAN = "1.2.840.10008.5.1.4.1.1.481.8"


def item(**values: Any) -> Dataset:
    """A data set of keywords and values."""
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return dataset


def make_plan(ct: Dataset, seed: str, sop_class: str = RTPLAN) -> Dataset:
    """A plan in the study of an image, with what every plan has."""
    series = generate_uid(entropy_srcs=[ct.SeriesInstanceUID, "plan", seed])
    ids = Ids(ct.StudyInstanceUID, series, ct.FrameOfReferenceUID, ct.PatientID, str(ct.PatientName))
    plan = make_instance(sop_class, "RTPLAN", ids, f"plan-{seed}")
    plan.RTPlanLabel, plan.RTPlanDate, plan.RTPlanGeometry = seed, "20260105", "PATIENT"
    return plan


def prescription(number: int, description: str, gray: float) -> Dataset:
    """A dose that a target is to have."""
    return item(
        DoseReferenceNumber=number, DoseReferenceStructureType="VOLUME", DoseReferenceDescription=description,
        DoseReferenceType="TARGET", TargetPrescriptionDose=gray, ReferencedROINumber=number,
    )  # fmt: skip


def beam(number: int, name: str, gantry: Sequence[float], direction: str, megavolts: float) -> Dataset:
    """A photon beam; control points after the first say only what changes."""
    first = item(
        ControlPointIndex=0, NominalBeamEnergy=megavolts, GantryAngle=gantry[0], PatientSupportAngle=0,
        GantryRotationDirection=direction, BeamLimitingDeviceAngle=15, CumulativeMetersetWeight=0,
    )  # fmt: skip
    others = [item(ControlPointIndex=n, GantryAngle=angle) for n, angle in enumerate(gantry[1:], 1)]
    last = item(ControlPointIndex=len(gantry), CumulativeMetersetWeight=1)
    if len(gantry) > 1:
        last.GantryRotationDirection = "NONE"
    return item(
        BeamNumber=number, BeamName=name, BeamType="DYNAMIC" if len(gantry) > 1 else "STATIC",
        RadiationType="PHOTON", TreatmentDeliveryType="TREATMENT", TreatmentMachineName="LINAC 2",
        ControlPointSequence=Items([first, *others, last]),
    )  # fmt: skip


def photon_plan(ct: Dataset) -> Dataset:
    """Fixed beams of 6 and 15 MV and an arc of 6 MV FFF; 35 fractions to 70 and 56 Gy."""
    plan = make_plan(ct, "SIB 70/56")
    plan.RTPlanName, plan.PlanIntent, plan.ApprovalStatus = "Simultaneous boost", "CURATIVE", "APPROVED"
    organ = item(
        DoseReferenceNumber=3, DoseReferenceType="ORGAN_AT_RISK", DoseReferenceStructureType="VOLUME",
        DoseReferenceDescription="Cord", OrganAtRiskMaximumDose=45,
    )  # fmt: skip
    plan.DoseReferenceSequence = Items([prescription(1, "PTV56", 56), prescription(2, "PTV70", 70), organ])
    arc = beam(3, "ARC", (181, 250, 0, 120, 179), "CW", 6)
    arc.PrimaryFluenceModeSequence = Items([item(FluenceMode="NON_STANDARD", FluenceModeID="FFF")])
    plan.BeamSequence = Items([beam(1, "AP", (0,), "NONE", 6), beam(2, "LAT", (90,), "NONE", 15), arc])
    referred = [
        item(ReferencedBeamNumber=number, BeamDose=dose, BeamMeterset=units)
        for number, dose, units in ((1, 0.4, 60), (2, 0.5, 75.5), (3, 1.1, 420))
    ]
    plan.FractionGroupSequence = Items(
        [
            item(
                FractionGroupNumber=1, NumberOfFractionsPlanned=35, NumberOfBeams=3,
                NumberOfBrachyApplicationSetups=0, ReferencedBeamSequence=Items(referred),
            )
        ]
    )  # fmt: skip
    return plan


def brachy_plan(ct: Dataset) -> Dataset:
    """An HDR plan of one tandem-and-ring setup with three channels; four fractions of 7 Gy to point A."""
    plan = make_plan(ct, "Ring 4 x 7")
    plan.ApprovalStatus, plan.BrachyTreatmentTechnique, plan.BrachyTreatmentType = (
        "UNAPPROVED",
        "INTRACAVITARY",
        "HDR",
    )
    plan.TreatmentMachineSequence = Items([item(TreatmentMachineName="AFTERLOADER")])
    plan.SourceSequence = Items([item(SourceNumber=1, SourceIsotopeName="Ir-192")])
    ring = item(
        ApplicationSetupNumber=1, ApplicationSetupName="Tandem and ring", ApplicationSetupType="DELCLOS",
        TotalReferenceAirKerma=4200,
    )  # fmt: skip
    ring.ChannelSequence = Items([item(ChannelNumber=number) for number in (1, 2, 3)])
    plan.ApplicationSetupSequence = Items([ring])
    point = prescription(1, "Point A", 28)
    point.DoseReferenceStructureType = "COORDINATES"
    plan.DoseReferenceSequence = Items([point])
    setup = item(ReferencedBrachyApplicationSetupNumber=1, BrachyApplicationSetupDose=7)
    plan.FractionGroupSequence = Items(
        [
            item(
                FractionGroupNumber=1, NumberOfFractionsPlanned=4, NumberOfBeams=0,
                NumberOfBrachyApplicationSetups=1,
                ReferencedBrachyApplicationSetupSequence=Items([setup]),
            )
        ]
    )  # fmt: skip
    return plan
