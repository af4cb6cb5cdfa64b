"""What saving, reviewing and exchanging structures can be refused for.

AppError
├── Stale
│   ├── StaleRevision         the head is newer than the one the change was made from
│   ├── StaleName             it is called otherwise than the page showed
│   ├── StaleDraft            this person's draft was begun from a newer revision
│   └── DraftElsewhere        another window of this person has written the draft since
├── PreconditionRequired
│   └── RevisionsRequired     an approval does not say which revisions were looked at
├── Conflict
│   ├── IllegalTransition     the state does not allow this act
│   ├── DerivationStale       it is derived, and behind what it is derived from
│   ├── NameTaken             two structures of one set with one name
│   ├── BlindReading          readers of a consensus draw it blindly just now
│   └── SignedStructure       it is submitted, or an approval stands on it
├── Forbidden
│   ├── Blinded               somebody else's contour, before the consensus is closed
│   └── OwnWork               who drew, accepted or submitted it cannot approve it
└── InvalidInput
    ├── WrongMaskShape        a mask of another grid
    ├── BadMask               bytes that are not a mask
    ├── UndeclaredEmpty       an empty mask that was not declared empty
    ├── IdempotencyKeyReused  one key for two different saves
    └── BadOperation          geometry that cannot be done with these numbers
"""

from __future__ import annotations

from backend.kit.errors import Conflict, Forbidden, InvalidInput, PreconditionRequired, Stale


class StaleRevision(Stale):
    """The head is newer; `head`, `author` and `time` say whose."""

    slug = "stale-revision"


class StaleName(Stale):
    """It is called `name` now: who signs, signs a contour under the name that he saw."""

    slug, title = "stale-name", "The structure has another name now"


class StaleDraft(Stale):
    """A draft begun from a newer revision is already kept for this person."""

    slug = "stale-draft"


class DraftElsewhere(Stale):
    """Another window of the same person has written the draft since this one last saw it."""

    slug, title = "draft-elsewhere", "You are editing this structure in another window"


class RevisionsRequired(PreconditionRequired):
    """An approval does not say which revisions were looked at."""

    slug, title = "revisions-required", "The revisions that were looked at are not named"


class IllegalTransition(Conflict):
    """The review's state does not allow this act."""

    slug, title = "illegal-transition", "Not possible in the present state of review"


class DerivationStale(Conflict):
    """Whoever signs would sign a contour that is about to change; `name` names the structures."""

    slug, title = "derivation-stale", "A derived structure is behind what it is derived from"


class NameTaken(Conflict):
    """Another structure of the set has this name."""

    slug, title = "name-taken", "This name is taken in the structure set"


class BlindReading(Conflict):
    """Readers of the consensus `consensus_id` draw `name` blindly: nobody saves, renames or deletes it."""

    slug, title = "blind-reading", "This structure is being drawn blindly"


class Blinded(Forbidden):
    """What others drew is not shown before the consensus is closed; that it was asked for is on record."""

    slug, title = "blinded", "Nobody sees this before the consensus is closed"


class SignedStructure(Conflict):
    """It is submitted, or an approval stands on it, so it cannot be deleted or renamed."""

    slug, title = "structure-signed", "A submitted or approved structure cannot be changed this way"


class OwnWork(Forbidden):
    """Nobody approves what he drew, accepted or submitted."""

    slug, title = "own-work", "Your own work needs the approval of a person with another account"


class WrongMaskShape(InvalidInput):
    """A mask of another grid than the series'."""

    slug, title = "wrong-mask-shape", "The mask does not fit the image"


class BadMask(InvalidInput):
    """Bytes that are not a mask in wire form."""

    slug, title = "bad-mask", "Not a mask"


class UndeclaredEmpty(InvalidInput):
    """An empty mask is kept only when it is said to be empty on purpose."""

    slug, title = "empty-mask", "The contour is empty"


class IdempotencyKeyReused(InvalidInput):
    """The same Idempotency-Key came with another body."""

    slug, title = "idempotency-key-reused", "This Idempotency-Key belongs to another save"


class BadOperation(InvalidInput):
    """An operation whose numbers make no sense."""

    slug, title = "bad-operation", "The operation cannot be done"
