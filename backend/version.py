"""The version of this code, named by everything it makes."""

from __future__ import annotations

from typing import Final

VERSION: Final = "0.1.0"
