"""What exports say and hear over HTTP."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from backend.studies.schemas import WarningOut
from rt.morphology import LONGEST_MM

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


class LeftOut(BaseModel):
    """A structure of the set that is not in the file."""

    name: str
    reason: Literal["unknown", "contours-only"]
    """Rejected, not found or without a contour that encloses anything; points and lines in a segmentation."""


class ExportReport(BaseModel):
    """What a file says when it is read again, before it leaves."""

    format: DicomFormat
    profile: ProfileOut | None
    """Null for a segmentation."""
    size: int
    sha256: str
    """Of the file; the download of the same state is the same file."""
    structures: list[StructureReport]
    left_out: list[LeftOut]


class CropIn(BaseModel):
    """A region to crop to: what is in all structures (or in any), in none of `without`, and gets the dose."""

    model_config = ConfigDict(extra="forbid")

    structures: Annotated[list[StructureName], Field(max_length=50)] = []
    any_of: bool = False
    """In any of the structures instead of in all."""
    without: Annotated[list[StructureName], Field(max_length=50)] = []
    isodose_gy: Annotated[float, Field(gt=0, le=1000)] | None = None
    margin_mm: Annotated[float, Field(ge=0, le=LONGEST_MM)] = 0.0
    """Added on all sides at the end."""

    @model_validator(mode="after")
    def _says_where(self) -> Self:
        if not self.structures and self.isodose_gy is None:
            raise ValueError("a region is of structures, of an isodose, or of both")
        return self


class TrainingSetIn(BaseModel):
    """A training set to write: all cases of one modality.

    For nnU-Net every case needs every structure: those named, or those that all cases have; cases that lack
    one are left out and named in `dataset.json`.
    """

    model_config = ConfigDict(extra="forbid")

    format: Literal["monai", "nnunet", "nrrd", "bids", "mat", "mat73"]
    only_approved: bool = True
    snapshot_id: Annotated[str, Field(max_length=36)] | None = None
    """A frozen dataset of the project: its scans and its very revisions, whatever was drawn since, whatever
    `only_approved` and `modality` say; doses that came later stay out.  The same one gives the same bytes."""
    structures: Annotated[list[StructureName], Field(min_length=1, max_length=200)] | None = None
    modality: Annotated[str, Field(max_length=16)] = "CT"
    crop: CropIn | None = None
    """For `mat` and `mat73`."""

    @property
    def holds_dose(self) -> bool:
        """True for formats with the dose beside the image; they alone are cropped."""
        return self.format in ("mat", "mat73")

    @model_validator(mode="after")
    def _crops_what_it_can(self) -> Self:
        if self.crop is not None and not self.holds_dose:
            raise ValueError("only mat and mat73 are cropped")
        return self
