"""What exports say and hear over HTTP."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

StructureName = Annotated[str, Field(min_length=1, max_length=64)]


class SetFormat(StrEnum):
    """Files that a structure set leaves as."""

    RTSTRUCT = "rtstruct"
    SEG = "seg"
    NIFTI = "nifti"


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
