"""What projects say and hear over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from backend.accounts.schemas import UserOut
from rt.dicom.deidentify import Option

ProjectName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=128)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", min_length=1, max_length=64)]
StructureName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_^!~+.-]*$", max_length=64)]
RoleName = Literal["administrator", "clinician", "annotator", "reviewer", "reader"]
Kind = Literal["ORGAN", "GTV", "CTV", "PTV", "EXTERNAL", "AVOIDANCE", "CONTROL", "SUPPORT", "DOSE_REGION"]
"""RT ROI Interpreted Type (3006,00A4) as far as structures here need it."""
DeidentificationPlace = Literal["none", "import", "export"]


class Closed(BaseModel):
    """A body that refuses fields it does not know."""

    model_config = ConfigDict(extra="forbid")


class Rule(Closed):
    """What is drawn by itself after import, and on which series."""

    modality: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2,16}$")]
    region: Literal["head-neck", "brain", "any"]
    """`brain`: not drawn on where the headers say another part of the body."""
    network: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
    enabled: bool = True


class TemplateStructure(Closed):
    """A structure that the project wants."""

    name: StructureName
    colour: Annotated[str, StringConstraints(pattern=r"^#[0-9a-f]{6}$")]
    required: bool = True
    kind: Kind = "ORGAN"


class Template(Closed):
    """The wanted structures, in the order of lists and exports."""

    structures: Annotated[list[TemplateStructure], Field(max_length=200)]


class ProjectIn(Closed):
    """A project to be made; its maker becomes its administrator."""

    name: ProjectName
    slug: Slug
    allow_nifti: bool = False


class ProjectPatch(Closed):
    """What may change about a project."""

    name: ProjectName | None = None
    allow_nifti: bool | None = None
    rules: Annotated[list[Rule], Field(max_length=50)] | None = None


class ProjectOut(BaseModel):
    """A project as one of its members sees it."""

    id: str
    slug: str
    name: str
    is_default: bool
    allow_nifti: bool
    rules: list[Rule]
    role: RoleName
    created_at: datetime


class DeidentificationIn(Closed):
    """Where a project de-identifies, and with which options of PS3.15 E.3."""

    mode: DeidentificationPlace
    options: Annotated[list[Option], Field(max_length=len(Option))]


class DeidentificationOut(BaseModel):
    """How a project de-identifies; its key is never told."""

    mode: DeidentificationPlace
    options: list[Option]
    edition: str
    """Of the table that is followed."""
    changed_at: datetime | None
    """When it was last set; null when it never was."""


class ProjectBrief(BaseModel):
    """A project in the answer to a login."""

    id: str
    name: str
    slug: str
    role: RoleName


class MemberIn(Closed):
    """A role to be given."""

    role: RoleName


class MemberOut(BaseModel):
    """A member."""

    user: UserOut
    role: RoleName


class Candidate(BaseModel):
    """A person who may be made a member: no more than it takes to choose him."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    username: str
    display_name: str


class MemberList(BaseModel):
    """All members; a project has few, so there are no pages."""

    items: list[MemberOut]
    next_cursor: None = Field(default=None)
