"""What plans say, and what they leave out."""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from rt.dicom.parse import read_stored
from rt.dicom.rtplan import Brachy, BrachySetup, read_plan
from tests.factories.dicom import Ids, encode, make_ct_series
from tests.factories.plans import brachy_plan, item, photon_plan

CT = make_ct_series((1, 4, 4), ids=Ids.fresh("plans"))[0]


def stored(plan: Dataset) -> Dataset:
    """As it is read back from a file."""
    return read_stored(encode(plan), pixels=False)


def test_photon_plan_tells_its_prescriptions_fractions_and_approval() -> None:
    plan = read_plan(stored(photon_plan(CT)))
    assert (plan.label, plan.name) == ("SIB 70/56", "Simultaneous boost")
    assert (plan.intent, plan.approval, plan.written) == ("CURATIVE", "APPROVED", "2026-01-05")
    wanted = [(one.kind, one.description, one.prescribed_gy, one.maximum_gy) for one in plan.dose_references]
    assert wanted == [
        ("TARGET", "PTV56", 56, None), ("TARGET", "PTV70", 70, None), ("ORGAN_AT_RISK", "Cord", None, 45),
    ]  # fmt: skip
    assert plan.prescription_gy == 70
    (group,) = plan.fraction_groups
    assert (group.fractions, group.beams, group.brachy_setups) == (35, 3, 0)
    assert [(one.beam_number, one.dose_gy, one.meterset) for one in group.referenced_beams] == [
        (1, 0.4, 60), (2, 0.5, 75.5), (3, 1.1, 420),
    ]  # fmt: skip
    assert (group.referenced_doses, plan.structure_set_uid) == ((), "")
    assert plan.brachy is None


def test_beams_tell_energy_machine_and_how_the_gantry_moves() -> None:
    first, second, arc = read_plan(stored(photon_plan(CT))).beams
    assert [one.energies for one in (first, second, arc)] == [(6,), (15,), (6,)]
    assert [one.fluence for one in (first, second, arc)] == ["", "", "FFF"]
    assert [one.meterset for one in (first, second, arc)] == [60, 75.5, 420]
    assert (second.name, second.machine, second.radiation, second.kind) == (
        "LAT",
        "LINAC 2",
        "PHOTON",
        "STATIC",
    )
    assert (second.gantry_start_deg, second.gantry_stop_deg, second.gantry_direction) == (90, None, "")
    assert (arc.gantry_start_deg, arc.gantry_stop_deg, arc.gantry_direction) == (181, 179, "CW")
    assert (arc.control_points, arc.collimator_deg, arc.couch_deg) == (6, 15, 0)


def test_whole_turn_ends_where_it_began() -> None:
    plan = photon_plan(CT)
    points = plan.BeamSequence[2].ControlPointSequence
    points[0].GantryAngle, points[4].GantryAngle = 180, 180
    arc = read_plan(plan).beams[2]
    assert (arc.gantry_start_deg, arc.gantry_stop_deg, arc.gantry_direction) == (180, 180, "CW")


def test_brachytherapy_tells_technique_source_and_setups() -> None:
    plan = read_plan(stored(brachy_plan(CT)))
    assert plan.beams == ()
    assert plan.brachy == Brachy(
        technique="INTRACAVITARY",
        treatment_type="HDR",
        machines=("AFTERLOADER",),
        isotopes=("Ir-192",),
        setups=(BrachySetup(1, "Tandem and ring", "DELCLOS", 3, 4200, 7),),
    )
    assert (plan.fraction_groups[0].fractions, plan.fraction_groups[0].brachy_setups) == (4, 1)
    assert plan.prescription_gy == 28


def test_fraction_groups_tell_the_doses_they_serve_and_the_plan_its_structure_set() -> None:
    plan = photon_plan(CT)
    plan.ReferencedStructureSetSequence = Sequence([item(ReferencedSOPInstanceUID="1.2.3.4")])
    plan.FractionGroupSequence[0].ReferencedDoseReferenceSequence = Sequence(
        [
            item(ReferencedDoseReferenceNumber=2, TargetPrescriptionDose=60),
            item(ReferencedDoseReferenceNumber=1),
        ]
    )
    found = read_plan(stored(plan))
    served = [(one.reference_number, one.prescribed_gy) for one in found.fraction_groups[0].referenced_doses]
    assert (served, found.structure_set_uid) == ([(2, 60), (1, None)], "1.2.3.4")


def test_plan_without_anything_is_empty_and_not_refused() -> None:
    plan = read_plan(Dataset())
    assert (plan.label, plan.approval, plan.written, plan.prescription_gy) == ("", "", "", None)
    assert (plan.dose_references, plan.fraction_groups, plan.beams, plan.brachy) == ((), (), (), None)


def test_what_cannot_be_read_is_left_out_and_the_rest_is_told() -> None:
    plan = photon_plan(CT)
    del plan.RTPlanLabel, plan.FractionGroupSequence
    plan.RTPlanDate = ""
    plan.DoseReferenceSequence[1].TargetPrescriptionDose = None
    plan.BeamSequence[0].ControlPointSequence = Sequence([])
    plan.BeamSequence[1].ControlPointSequence[0].GantryAngle = None
    plan.BeamSequence.append(item(BeamName="bare"))
    found = read_plan(stored(plan))
    assert (found.label, found.written, found.prescription_gy) == ("Simultaneous boost", "", 56)
    assert [one.gantry_start_deg for one in found.beams] == [None, None, 181, None]
    assert [one.energies for one in found.beams] == [(), (15,), (6,), ()]
    assert [one.meterset for one in found.beams] == [None] * 4
    assert (found.beams[3].name, found.beams[3].number, found.beams[3].machine) == ("bare", None, "")
