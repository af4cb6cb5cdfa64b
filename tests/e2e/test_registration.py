"""A dose and contours of another frame of reference on the CT, by a registration, as a person sees them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect
from pydicom.uid import generate_uid

from backend.accounts.actor import Actor
from backend.projects.tables import Project
from backend.studies.service import import_path
from rt.dicom.outgoing import write_bytes
from rt.dicom.rtdose import read_dose
from rt.dose import Dose
from rt.dvh import dvh_of_mask
from rt.phantom import make_patient, phantom_dicom
from rt.registration import RigidTransform
from tests.e2e.conftest import PHANTOM, Person
from tests.e2e.test_dose import coloured, quantity, wait_until
from tests.factories.dicom import encode
from tests.factories.jobs import run_queued
from tests.factories.registration import make_reg, matrix_of

pytestmark = pytest.mark.browser
TURN = matrix_of((5.0, -8.0, 12.0), (40.0, -25.0, 60.0))


def send_registered(project: Project, folder: Path) -> None:
    """The generated patient with the dose in a frame of its own, turned and shifted, and what leads back."""
    folder.mkdir()
    datasets = list(phantom_dicom(1, PHANTOM, ("Parotid_R",)))
    dose = next(one for one in datasets if one.Modality == "RTDOSE")
    frame, other = str(dose.FrameOfReferenceUID), generate_uid()
    grid = read_dose(dose, dose.pixel_array).grid
    away = RigidTransform.from_matrix(TURN).inverse().grid(grid)
    dose.FrameOfReferenceUID = other
    dose.ImagePositionPatient = [f"{v:.6f}" for v in away.origin_lps_mm]
    dose.ImageOrientationPatient = [f"{v:.9f}" for v in away.matrix[:, :2].T.ravel()]
    reg = make_reg(frame, [(other, TURN)], like=datasets[0], label="CBCT to CT")
    for number, dataset in enumerate(datasets):
        (folder / f"{number}.dcm").write_bytes(write_bytes(dataset))
    (folder / "reg.dcm").write_bytes(encode(reg))
    summary, arrivals = import_path(project.id, None, folder)
    assert summary.refused == 0, arrivals
    run_queued("import-structures")


def mean_dose(person: Person) -> float:
    """Dmean of the parotid, as the table beside the curves says it."""
    person.page.keyboard.press("Shift+H")
    shown = quantity(person.page, "Parotid_R now", "Dmean")
    expect(shown).to_have_text(re.compile(r"^\d+\.\d\d$"))
    return float(shown.inner_text())


@pytest.mark.timeout(600)
@pytest.mark.parametrize("moved", [False, True])
def test_a_dose_of_another_frame_is_shown_with_its_registration(
    sit_down: Callable[[Actor], Person],
    actor: Callable[..., Actor],
    bring: Callable[..., str],
    project: Project,
    tmp_path: Path,
    moved: bool,
) -> None:
    """What is read of the moved dose is what is read of the dose where it was computed."""
    if moved:
        send_registered(project, tmp_path / "moved")
    else:
        bring(1, ("Parotid_R",))
    person = sit_down(actor("clinician"))
    page = person.page
    person.open_study()
    page.keyboard.press("Shift+D")
    wait_until(page, lambda: coloured(page, "axial") > 1000)
    notice = page.get_by_test_id("dose-registration")
    if moved:
        expect(notice).to_have_text("Shown by registration CBCT to CT of 2026-01-03.")
    else:
        expect(notice).to_have_count(0)
    patient = make_patient(1, PHANTOM)
    dose = Dose(patient.dose_gy_kji.astype("f4"), patient.dose_grid)
    known = dvh_of_mask(patient.structures["Parotid_R"], patient.grid, dose)
    assert mean_dose(person) == pytest.approx(known.mean_gy, abs=0.05)
