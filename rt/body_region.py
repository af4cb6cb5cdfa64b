"""Which part of the body a series says it shows, by Body Part Examined and description.

Words of PS3.16 Annex L, of English, German and Japanese departments.  Where they disagree or say nothing, the
image itself has to tell.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

HeaderRegion = Literal["brain", "other"]

_BRAIN = re.compile(
    r"\b(head|headneck|brain|skull|cranium|cerebral|cerebrum|neuro|orbits?|eyes?|iac|pituitary|sella|"
    r"hypophys\w*|kopf|sch[aä]del|hirn|gehirn|cerveau)\b|頭|脳|眼窩|下垂体"
)
_OTHER = re.compile(
    r"\b(abdomen|abdominal|ankle|arm|bladder|breast|mamma|chest|thorax|lung|heart|cardiac|spine|[cltsw]+spine|"
    r"cervical|lumbar|thoracic|sacrum|coccyx|elbow|extremity|femur|foot|hand|hip|humerus|kidney|knee|leg|"
    r"liver|leber|mrcp|pancreas|pelvis|becken|prostate|prostata|rectum|shoulder|schulter|knie|uterus|cervix|"
    r"wrist|h[uü]fte|wirbels[aä]ule|hws|bws|lws)\b|腹|骨盤|膝|脊椎|頚椎|頸椎|胸椎|腰椎|胸部|乳房|肝|前立腺|子宮|肩|股関節|心臓"
)


def header_region(body_part: str, description: str) -> HeaderRegion | None:
    """What body part and description agree on; None where they disagree or name none."""
    said = {region for text in (body_part, description) for region in _regions(text)}
    return said.pop() if len(said) == 1 else None


def _regions(text: str) -> list[HeaderRegion]:
    words = unicodedata.normalize("NFKC", text).casefold().replace("_", " ")
    found: list[HeaderRegion] = ["brain"] if _BRAIN.search(words) else []
    return [*found, "other"] if _OTHER.search(words) else found
