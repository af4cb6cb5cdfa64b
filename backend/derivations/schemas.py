"""What is heard of derived structures over HTTP; what is said of them is in `labels.schemas`."""

from __future__ import annotations

from backend.labels.expressions import Expression
from backend.labels.schemas import Closed, Colour, Kind, StructureName


class DerivationIn(Closed):
    """What a structure is to be derived from, and how."""

    expression: Expression


class DerivedStructureIn(DerivationIn):
    """A derived structure to add; colour and kind come from the project's template when not given."""

    name: StructureName
    colour: Colour | None = None
    kind: Kind | None = None
