"""Rinkaku from Python: a worked example is in README.md; problems.py draws the tree of errors.

Needs httpx and numpy; `rinkaku_client.tables` needs pandas besides.
"""

from rinkaku_client.client import Client
from rinkaku_client.geometry import Geometry
from rinkaku_client.masks import Mask, decode_mask, encode_mask, mask_sha256
from rinkaku_client.problems import Problem, RinkakuError, StaleRevision
from rinkaku_client.structures import Contour
from rinkaku_client.studies import Volume
from rinkaku_client.transport import Progress

__all__ = [
    "Client",
    "Contour",
    "Geometry",
    "Mask",
    "Problem",
    "Progress",
    "RinkakuError",
    "StaleRevision",
    "Volume",
    "decode_mask",
    "encode_mask",
    "mask_sha256",
]
