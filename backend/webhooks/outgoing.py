"""One message on its way: signed after the specification Standard Webhooks 1.0, sent to a checked address.

The receiver checks `webhook-signature`: `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`, with
the bytes behind `whsec_` as key.  Redirections are not followed, and the address that the name stood for when
it was checked is the one that is called: a name that changes meanwhile leads nowhere else.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import json
import socket
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx

from backend.config import get_settings
from backend.version import VERSION
from backend.webhooks.errors import AddressNotAllowed, NotDelivered

TIMEOUT_S = 10.0
"""Until the answer begins; the rest of it is not read."""


@dataclass(frozen=True)
class Message:
    """What is sent, to whom, and the key it is signed with."""

    id: str
    url: str
    secret: str
    event: str
    at: datetime
    data: dict[str, Any]

    def body(self) -> bytes:
        """The same bytes at every attempt."""
        content = {"type": self.event, "timestamp": self.at.isoformat(), "data": self.data}
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Value of `webhook-signature`."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = b".".join([message_id.encode(), str(timestamp).encode(), body])
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def post(message: Message) -> int:
    """Send it; the status that the receiver answered, which is 2xx.

    Raises
    ------
    AddressNotAllowed
        When the name stands for this machine itself or for no single machine.
    NotDelivered
        When nobody answers in ten seconds, or something else than 2xx.
    """
    body, timestamp = message.body(), int(time.time())
    parts = urlsplit(message.url)
    host = parts.hostname or ""
    headers = {
        "Host": parts.netloc,
        "Content-Type": "application/json",
        "User-Agent": f"Rinkaku/{VERSION}",
        "webhook-id": message.id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(message.secret, message.id, timestamp, body),
    }
    address = _checked(host, parts.port or (443 if parts.scheme == "https" else 80))
    there = f"[{address}]" if ":" in address else address
    url = urlunsplit(parts._replace(netloc=there if parts.port is None else f"{there}:{parts.port}"))
    extensions = {"sni_hostname": host} if parts.scheme == "https" and host != address else {}
    try:
        with (
            httpx.Client(timeout=TIMEOUT_S, follow_redirects=False, trust_env=False) as client,
            client.stream("POST", url, content=body, headers=headers, extensions=extensions) as answer,
        ):
            status = answer.status_code
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise NotDelivered(f"{host} did not answer: {type(error).__name__}") from error
    if not 200 <= status < 300:
        raise NotDelivered(f"{host} answered {status}", status)
    return status


def check_literal(url: str) -> None:
    """AddressNotAllowed where no name has to be looked up to know that no message may be sent there."""
    host = urlsplit(url).hostname or ""
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host.split("%")[0])
    except ValueError:
        return
    if not _is_allowed(address):
        raise AddressNotAllowed(f"no messages are sent to {host}", field="url")


def _checked(host: str, port: int) -> str:
    """The address to call."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotDelivered(f"the name {host} is not known") from error
    addresses = [str(one[4][0]) for one in found]
    for address in addresses:
        if not _is_allowed(ipaddress.ip_address(address.split("%")[0])):
            raise AddressNotAllowed(f"{host} is {address}, to which no messages are sent", field="url")
    return addresses[0]


def _is_allowed(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Receivers in a clinic's own network are usual; this machine's own services are not receivers."""
    plain = getattr(address, "ipv4_mapped", None) or address
    if plain.is_loopback:
        return get_settings().webhook_loopback
    return not (plain.is_link_local or plain.is_multicast or plain.is_unspecified or plain.is_reserved)
