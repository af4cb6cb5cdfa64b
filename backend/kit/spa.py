"""The browser's files: hashed assets for ever, the rest fresh, and the one page for every client route."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse

from backend.kit.errors import NotFound

IMMUTABLE = "public, max-age=31536000, immutable"
FRESH = "no-cache"
SERVER_PATHS = ("api/", "dicomweb/", "monailabel/", "assets/")
"""Below these an unknown path is an error, not a page."""


def serve(app: FastAPI, folder: Path) -> None:
    """Answer every path that no router took from the built front end."""
    folder = folder.resolve()

    def frontend(path: str) -> FileResponse:
        """A file of the front end, or its page."""
        wanted = (folder / path).resolve()
        if wanted.is_relative_to(folder) and wanted.is_file():
            caching = IMMUTABLE if path.startswith("assets/") else FRESH
            return FileResponse(wanted, headers={"Cache-Control": caching})
        if f"{path}/".startswith(SERVER_PATHS) or not (folder / "index.html").is_file():
            raise NotFound("there is nothing at this address")
        return FileResponse(folder / "index.html", headers={"Cache-Control": FRESH})

    app.add_api_route(
        "/{path:path}", frontend, methods=["GET", "HEAD"], include_in_schema=False, response_model=None
    )
