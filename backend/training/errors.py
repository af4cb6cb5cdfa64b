"""Refusals of training.

AppError
├── TooFewPatients (409)
└── WrongNetwork (409)
"""

from __future__ import annotations

from backend.kit.errors import Conflict


class TooFewPatients(Conflict):
    """Not enough approved patients for what was asked."""

    slug, title = "too-few-patients", "Too few approved patients"


class WrongNetwork(Conflict):
    """The network cannot be used here."""

    slug, title = "wrong-network", "This network cannot be used here"
