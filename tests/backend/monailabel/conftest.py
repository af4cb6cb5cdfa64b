"""A CT with what a network drew on it, as for labels."""

from tests.backend.labels.conftest import drawn, save, scene

__all__ = ["drawn", "save", "scene"]
