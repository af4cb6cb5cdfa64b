"""What is heard of derived structures over HTTP; what is said of them is in `labels.schemas`."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from backend.labels.expressions import Expression, Id
from backend.labels.schemas import Closed, Colour, Kind, PlausibilityWarning, StructureName


class DerivationIn(Closed):
    """What a structure is to be derived from, and how."""

    expression: Expression


class DerivedStructureIn(DerivationIn):
    """A derived structure to add; colour and kind come from the project's template when not given."""

    name: StructureName
    colour: Colour | None = None
    kind: Kind | None = None


class PreviewIn(DerivationIn):
    """A derivation to look at before it is kept."""

    structure_id: Annotated[
        Id | None, Field(description="the structure whose derivation it is to become")
    ] = None


class PreviewOut(BaseModel):
    """What a derivation gives now."""

    mask: Annotated[str, Field(description="base64 of the wire form")]
    volume_cc: float
    plausibility: list[PlausibilityWarning]
