"""What exports say and hear over HTTP."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from backend.studies.schemas import WarningOut

StructureName = Annotated[str, Field(min_length=1, max_length=64)]


class SetFormat(StrEnum):
    """Files that a structure set leaves as."""

    RTSTRUCT = "rtstruct"
    SEG = "seg"
    NIFTI = "nifti"


class DicomFormat(StrEnum):
    """Files that are read again before they leave."""

    RTSTRUCT = "rtstruct"
    SEG = "seg"


class ProfileOut(BaseModel):
    """How contours are written for the system that is to read them."""

    name: str
    title: str
    holes: Literal["nested", "keyhole"]
    name_length: int
    most_points: int | None
    sources: dict[str, str]
    """For a field, where its value is from."""
    unsourced: list[str]
    """Fields with the generic value because nothing public says another."""


class StructureReport(BaseModel):
    """One structure as it was read from the file, beside what was drawn."""

    number: int
    name: str
    drawn_cc: float
    read_cc: float
    enclosed_cc: float | None
    """Within all contours of the file, also outside the image; null for a segmentation."""
    dice: float
    hausdorff_mm: float | None
    """Null where nothing is drawn or nothing was read."""
    contours: int
    points: int
    warnings: list[WarningOut]


class ExportReport(BaseModel):
    """What a file says when it is read again, before it leaves."""

    format: DicomFormat
    profile: ProfileOut | None
    """Null for a segmentation."""
    size: int
    sha256: str
    """Of the file; the download of the same state is the same file."""
    structures: list[StructureReport]


class TrainingSetIn(BaseModel):
    """A training set to write: all cases of one modality.

    For nnU-Net every case needs every structure: those named, or those that all cases have; cases that lack
    one are left out and named in `dataset.json`.
    """

    model_config = ConfigDict(extra="forbid")

    format: Literal["monai", "nnunet"]
    only_approved: bool = True
    structures: Annotated[list[StructureName], Field(min_length=1, max_length=200)] | None = None
    modality: Annotated[str, Field(max_length=16)] = "CT"
