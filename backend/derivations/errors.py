"""Why a structure cannot be derived, or cannot follow its sources.

AppError
├── NotFound
│   └── NotDerived            it is drawn, not derived
└── Conflict
    ├── DerivationCycle       it would be derived from itself
    ├── SourceDeleted         a source is not there any more
    ├── SourceUnknown         nothing is known of a source: rejected, not found, not drawn
    ├── SourceStale           a source is derived itself and cannot follow its own
    ├── SourceOnOtherGrid     a source is drawn on another image
    ├── DoseDeleted           a dose is not there any more
    └── NotComputable         geometry or dose that cannot be computed with
Those of `backend.dose.errors` about a dose come besides.
"""

from __future__ import annotations

from backend.kit.errors import Conflict, NotFound


class NotDerived(NotFound):
    """It is drawn, not derived."""

    slug, title = "not-derived", "This structure is not derived"


class DerivationCycle(Conflict):
    """It would be derived from itself, directly or through others; `name` names the circle."""

    slug, title = "derivation-cycle", "A structure cannot be derived from itself"


class SourceDeleted(Conflict):
    """A structure that it is derived from was deleted."""

    slug, title = "source-deleted", "A structure that it is derived from was deleted"


class SourceUnknown(Conflict):
    """Nothing is known of a structure that it is derived from."""

    slug, title = "source-unknown", "Nothing is known of a structure that it is derived from"


class SourceStale(Conflict):
    """A structure that it is derived from cannot follow its own sources."""

    slug, title = "source-stale", "A structure that it is derived from is stale"


class SourceOnOtherGrid(Conflict):
    """A structure that it is derived from is drawn on another image."""

    slug, title = "source-on-other-grid", "A structure that it is derived from is on another image"


class DoseDeleted(Conflict):
    """A dose that it is derived from was deleted."""

    slug, title = "dose-deleted", "A dose that it is derived from was deleted"


class NotComputable(Conflict):
    """Geometry or dose that cannot be computed with."""

    slug, title = "not-computable", "The derivation cannot be computed"
