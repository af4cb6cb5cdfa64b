"""Seven structures to RTSTRUCT and back, beside plastimatch where it is installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from rt.dicom.contour_data import fill_contours
from rt.dicom.outgoing import ObjectHeader, StructureOut, write_bytes
from rt.dicom.parse import read_stored
from rt.dicom.rtstruct import read_rtstruct
from rt.dicom.rtstruct_writer import write_rtstruct
from rt.dicom.uids import derived_uid
from rt.masks import Mask
from rt.resample import read_nifti
from scripts.bench_figures import Figure, stopwatch
from scripts.bench_patient import ORGANS, Patient


def there_and_back(folder: Path, patient: Patient) -> Iterator[Figure]:
    """Seconds for masks to RTSTRUCT and back, and the worst Dice of masks that went both ways."""
    ours = folder / "rtstruct.dcm"
    with stopwatch() as elapsed:
        ours.write_bytes(_written(patient))
        writing = elapsed()
    with stopwatch() as elapsed:
        back = _read(ours, patient)
        reading = elapsed()
    if shutil.which("plastimatch") is None:
        sys.stdout.write("  plastimatch is not installed: no peer\n")
        yield Figure("7 masks to RTSTRUCT", writing, "s")
        yield Figure("RTSTRUCT to 7 masks", reading, "s")
    else:
        peer_reading = _plastimatch(
            ["--input", ours, "--output-prefix", folder / "masks", "--prefix-format", "nii"], patient
        )
        peer_writing = _plastimatch(
            ["--input-prefix", folder / "masks", "--output-dicom", folder / "written"], patient
        )
        yield Figure("7 masks to RTSTRUCT", writing, "s", peer_writing, "plastimatch")
        yield Figure("RTSTRUCT to 7 masks", reading, "s", peer_reading, "plastimatch")
        theirs = {name: read_nifti(folder / "masks" / f"{name}.nii")[0] > 0 for name in ORGANS}
        yield _worst("our RTSTRUCT as plastimatch reads it, worst Dice", theirs, patient)
        (rtstruct,) = (file for file in (folder / "written").iterdir() if "rtss" in file.name.lower())
        yield _worst("plastimatch's RTSTRUCT as we read it, worst Dice", _read(rtstruct, patient), patient)
    yield _worst("there and back, worst Dice", back, patient)


def _written(patient: Patient) -> bytes:
    structures = [
        StructureOut(number, name, "#e05a5a", "ORGAN", patient.masks[name])
        for number, name in enumerate(ORGANS, 1)
    ]
    uid = derived_uid("rinkaku-bench", "rtstruct")
    header = ObjectHeader("Bench", uid, derived_uid(uid, "series"), datetime(2026, 1, 1, tzinfo=UTC))
    return write_bytes(write_rtstruct(patient.reference, structures, header))


def _read(file: Path, patient: Patient) -> dict[str, Mask]:
    rois = read_rtstruct(read_stored(file.read_bytes())).rois
    return {roi.name: fill_contours(roi.contours, patient.grid).mask_kji for roi in rois}


def _plastimatch(arguments: list[str | Path], patient: Patient) -> float:
    """Seconds of a conversion; like ours, it knows the CT that the contours belong to."""
    command = ["plastimatch", "convert", *map(str, arguments), "--referenced-ct", str(patient.folder)]
    with stopwatch() as elapsed:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return elapsed()


def _worst(label: str, masks: dict[str, Mask], patient: Patient) -> Figure:
    dice = {
        name: 2 * (masks[name] & patient.masks[name]).sum() / (masks[name].sum() + patient.masks[name].sum())
        for name in ORGANS
    }
    name = min(dice, key=lambda one: dice[one])
    return Figure(label, float(dice[name]), "", note=name)
