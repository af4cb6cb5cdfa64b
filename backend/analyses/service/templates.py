"""The mean organ of a dose map, and the map as files: over the mean organ or over a patient's image.

A map is no dose.  As RTDOSE it has the units RELATIVE and the type ERROR: of the types that PS3.3 C.8.8.3
knows ERROR alone may be signed, and no system adds it to a dose or prescribes from it.
"""

from __future__ import annotations

import io
import re
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy.orm import Session

from backend.analyses import repository
from backend.analyses.errors import AnalysisNotDone, NoTemplate
from backend.analyses.schemas import MapFile, TemplateOut, TemplatePart
from backend.analyses.tables import Analysis
from backend.kit.download import Download
from backend.kit.errors import NotFound
from backend.kit.storage import storage
from backend.studies.derived import reference_of
from backend.version import VERSION
from rt.dicom.outgoing import ObjectHeader, SeriesReference, write_bytes
from rt.dicom.rtdose_writer import write_map
from rt.dicom.uids import derived_uid
from rt.geometry import Grid
from rt.resample import write_nifti

Volume = npt.NDArray[np.float32]
SUFFIX: dict[MapFile, str] = {"nifti": "nii.gz", "rtdose": "dcm"}
MEDIA: dict[MapFile, str] = {"nifti": "application/gzip", "rtdose": "application/dicom"}


def template_of(row: Analysis) -> TemplateOut:
    """What there is of the mean organ; AnalysisNotDone, NoTemplate."""
    told = _template(row)
    return TemplateOut.model_validate(told | {"parts": list(told["parts"])})


def template_voxels(row: Analysis, part: TemplatePart) -> tuple[bytes, str]:
    """Little-endian float32 voxels (k, j, i) on the template's grid, and what they are of."""
    sha256 = _template(row)["parts"].get(part)
    if sha256 is None:
        raise NotFound("the analysis did not ask for that")
    return storage().get(sha256), sha256


def map_file(session: Session, row: Analysis, form: MapFile, patient_id: str | None) -> Download:
    """The map as a file: over the mean organ, or over the image of a patient of the analysis."""
    told = _template(row)
    if patient_id is None:
        values, grid = _volume(told["parts"]["map"], told["grid"])
        reference = _of_no_patient(row, grid)
    else:
        stored = row.files.get("maps", {}).get(patient_id, {}).get("dose-map")
        series = repository.series(session, stored["series_id"]) if stored else None
        if series is None or series.volume is None:
            raise NotFound("there is no such map, or its image was deleted")
        values, grid = _volume(stored["sha256"], stored["grid"])
        reference = reference_of(session, series)
    data = _nifti(values, grid) if form == "nifti" else _rtdose(row, values, grid, reference)
    title = re.sub(r"[^\w-]+", "-", row.name).strip("-") or "dose-map"
    whose = "template" if patient_id is None else re.sub(r"[^\w-]+", "-", patient_id)
    name = f"{title}-{whose}.{SUFFIX[form]}"
    return Download(name, MEDIA[form], io.BytesIO(data), len(data))


def _template(row: Analysis) -> dict[str, Any]:
    if row.kind != "dose-map":
        raise NoTemplate("only a dose map has a mean organ")
    if "template" not in row.files:
        raise AnalysisNotDone("its results are not there yet, or it failed")
    found: dict[str, Any] = row.files["template"]
    return found


def _volume(sha256: str, grid: dict[str, Any]) -> tuple[Volume, Grid]:
    placed = Grid.from_json(grid)
    return np.frombuffer(storage().get(sha256), "<f4").reshape(placed.shape_kji), placed


def _nifti(values: Volume, grid: Grid) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "map.nii.gz"
        write_nifti(path, values, grid)
        return path.read_bytes()


def _rtdose(row: Analysis, values: Volume, grid: Grid, reference: SeriesReference) -> bytes:
    made = derived_uid("dose-map", row.id, reference.series_instance_uid)
    header = ObjectHeader(
        label=f"Dose-outcome map, no dose: {row.name}",
        sop_instance_uid=made,
        series_instance_uid=derived_uid("series", made),
        written_at=row.created_at,
        software_version=VERSION,
    )
    unit = row.files["template"]["unit"]
    return write_bytes(write_map(values, grid, reference, header, unit))


def _of_no_patient(row: Analysis, grid: Grid) -> SeriesReference:
    """The template has no patient: a study and a frame of reference of its own."""
    study, series, frame = (derived_uid("template", part, row.id) for part in ("study", "series", "frame"))
    attributes = {
        "PatientName": "TEMPLATE",
        "PatientID": "TEMPLATE",
        "StudyDescription": "Mean organ of a cohort",
    }
    return SeriesReference(study, series, frame, "", (), grid, attributes)
