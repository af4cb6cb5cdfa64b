"""The objects that tests of security call on, too."""

from tests.security.conftest import ids

__all__ = ["ids"]
