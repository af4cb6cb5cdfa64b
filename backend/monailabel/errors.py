"""Refusals of the MONAI Label face.

AppError
├── NoSessions (406)
├── NotOffered (404)
├── ImageRefused (422)
├── TrainingBusy (429)
├── NotFetched (428)
├── DrawingFailed (409)
├── NothingDrawn (409)
└── StillDrawing (503)
"""

from __future__ import annotations

from backend.kit.errors import (
    AppError,
    Conflict,
    InvalidInput,
    NotFound,
    PreconditionRequired,
    TooManyRequests,
    Unavailable,
)


class NoSessions(AppError):
    """Images come in by import, never into a session that forgets them."""

    status, slug, title = 406, "no-sessions", "Sessions are not kept here"


class NotOffered(NotFound):
    """A part of MONAI Label's API that Rinkaku has no counterpart of."""

    slug, title = "not-offered", "Not offered here"


class ImageRefused(InvalidInput):
    """The import refused the image; `reason` is the slug of why."""

    slug, title = "image-refused", "The image was not taken in"


class TrainingBusy(TooManyRequests):
    """One training of a project at a time, as clients know it."""

    slug, title = "training-busy", "A training is under way"


class NotFetched(PreconditionRequired):
    """An approval of a label that this client has not fetched: nobody can have looked at it."""

    slug, title = "label-not-fetched", "Fetch the label before it is approved"


class DrawingFailed(Conflict):
    """The job that was to draw ended without success; `reason` is its slug."""

    slug, title = "drawing-failed", "The network could not draw"


class NothingDrawn(Conflict):
    """The network has nothing to show on this image; `reason` says why."""

    slug, title = "nothing-drawn", "The network drew nothing"


class StillDrawing(Unavailable):
    """The network has not finished within the time that a request waits; asking again goes on waiting."""

    slug, title = "still-drawing", "The network is still drawing"
