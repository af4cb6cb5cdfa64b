"""What a new project begins with: the structures it wants, and what is drawn by itself after import."""

from __future__ import annotations

from typing import Any


def _wanted(colours: dict[str, str], *, required: bool) -> list[dict[str, Any]]:
    return [
        {"name": name, "colour": colour, "required": required, "kind": "ORGAN"}
        for name, colour in colours.items()
    ]


HEAD_NECK_TEMPLATE = _wanted(
    {
        "Brainstem": "#4fc3f7",
        "SpinalCord": "#ffd54f",
        "Parotid_R": "#81c784",
        "Parotid_L": "#ba68c8",
        "Esophagus": "#ff8a65",
        "Larynx": "#f06292",
        "Bone_Mandible": "#fff59d",
    },
    required=True,
)
"""The seven organs of the shipped CT network, TG-263 names, colours told apart on grey."""
HEAD_MR_TEMPLATE = _wanted(
    {
        "OpticChiasm": "#ffee58",
        "OpticNrv_R": "#ff80ab",
        "OpticNrv_L": "#d95cff",
        "Eye_R": "#aed581",
        "Eye_L": "#26c6a8",
        "Lens_R": "#ffb300",
        "Lens_L": "#ff5252",
        "Pituitary": "#ff8f5e",
        "Cerebellum": "#c0a05c",
        "WhiteMatter": "#f5f0c8",
        "GreyMatter": "#c98a86",
        "CSF": "#6f8cff",
        "Intracranial": "#b39ddb",
    },
    required=False,
)
"""What the shipped MR network draws beside Brainstem and External; the last four have no TG-263 name."""
TEMPLATE = [*HEAD_NECK_TEMPLATE, *HEAD_MR_TEMPLATE]
RULES = [
    {"modality": "CT", "region": "head-neck", "network": "head-neck-oar", "enabled": True},
    {"modality": "MR", "region": "brain", "network": "head-mr", "enabled": True},
]
