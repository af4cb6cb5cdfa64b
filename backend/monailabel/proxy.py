"""DICOMweb below MONAI Label's address: OHIF's extension takes `…/proxy/dicom/{qido,wado,stow}` for its root.

The token in the address stands in for the header that OHIF does not send; what is answered is our DICOMweb,
with its rights and limits, of the project in the address or of all that the owner belongs to.
"""

from __future__ import annotations

import re

from starlette.types import ASGIApp, Receive, Scope, Send

ADDRESS = re.compile(r"/monailabel/([^/]{1,128})(?:/([^/]{1,64}))?/proxy/dicom/(?:qido|wado|stow)(/.*)")


class DicomProxy:
    """ASGI middleware; it goes before what limits bodies by their path."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        found = ADDRESS.fullmatch(scope["path"]) if scope["type"] == "http" else None
        if found is not None:
            token, slug, rest = found.groups()
            path = (f"/dicomweb/projects/{slug}" if slug else "/dicomweb") + rest
            kept = [one for one in scope["headers"] if one[0] not in (b"authorization", b"cookie")]
            scope["path"], scope["raw_path"] = path, path.encode()
            scope["headers"] = [*kept, (b"authorization", b"Bearer " + token.encode())]
        await self._app(scope, receive, send)
