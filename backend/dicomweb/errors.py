"""Errors of the DICOMweb face.

AppError
├── BadMultipart (400)         the body is not the multipart message it claims to be
├── BadQuery (400)             a query that cannot be understood
├── NotAcceptable (406)        no such form of this resource: an image of contours
└── UnsupportedMedia (415)     a body that is not DICOM
"""

from __future__ import annotations

from backend.kit.errors import AppError


class BadMultipart(AppError):
    """The body is not the multipart message it claims to be."""

    status, slug, title = 400, "bad-multipart", "Not a multipart message"


class BadQuery(AppError):
    """A query that cannot be understood."""

    status, slug, title = 400, "bad-query", "Query not understood"


class NotAcceptable(AppError):
    """The resource has no such form."""

    status, slug, title = 406, "not-acceptable", "No such form of this resource"


class UnsupportedMedia(AppError):
    """A body that is not DICOM."""

    status, slug, title = 415, "unsupported-media-type", "Not a body that is taken here"
