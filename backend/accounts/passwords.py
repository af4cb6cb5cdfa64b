"""Passwords and secrets: Argon2id for what people choose, SHA-256 for what we draw at random (256 bits)."""

from __future__ import annotations

import hashlib
import secrets
from functools import lru_cache

from pwdlib import PasswordHash

TOKEN_PREFIX = "rnk_"
"""Lets secret scanners know a token of Rinkaku."""


@lru_cache
def _hasher() -> PasswordHash:
    return PasswordHash.recommended()


@lru_cache
def _nobody() -> str:
    """Hash that no password fits, verified for unknown users so that they take as long as known ones."""
    return _hasher().hash(secrets.token_urlsafe(32))


def hash_password(password: str) -> str:
    """Argon2id hash."""
    return _hasher().hash(password)


def verify_password(password: str, password_hash: str | None) -> bool:
    """True when the password is the one; takes the same time when there is no such user."""
    valid = _hasher().verify(password, password_hash or _nobody())
    return valid and password_hash is not None


def new_secret() -> str:
    """256 random bits as text."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """What is stored of a secret drawn at random."""
    return hashlib.sha256(secret.encode()).hexdigest()
