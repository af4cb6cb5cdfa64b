"""What a webhook can be refused for.

AppError
├── InvalidInput
│   └── AddressNotAllowed    a call to this machine itself, or to no place on a network
└── Unavailable
    └── NotDelivered         the receiver was away or did not take the message
"""

from __future__ import annotations

from backend.kit.errors import InvalidInput, Unavailable


class AddressNotAllowed(InvalidInput):
    """The address belongs to this machine or to no place that a message may be sent to."""

    slug, title = "webhook-address", "Messages may not be sent to this address"


class NotDelivered(Unavailable):
    """The receiver was away, slow, or answered something else than 2xx."""

    slug, title = "webhook-not-delivered", "The message was not delivered"

    def __init__(self, detail: str, status_code: int | None = None) -> None:
        super().__init__(detail)
        self.status_code = status_code
