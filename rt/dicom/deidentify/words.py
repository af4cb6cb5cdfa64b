"""Words that free text may keep under the Clean Descriptors Option (PS3.15 E.3.5): they name no one.

Cleaning is by what is known to be harmless, never by what looks like a name.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_WORDS = """
3d 4d abdomen abdominal acquisition angio arms arterial ave average axial axiale axis bauch becken body
bone brain breast breath brust brustkorb cbct cervical chest cine cone cor coronal cranial cranium ct cta
deep delayed diffusion dixon dose dwi echo enhanced exhale expiration fat fdg fdg-pet field flair fov
free full fusion gated gating hals head head-neck hip hold hn inhale inspiration iso isotropic kidney
knochen kopf kv liver localizer localiser lung lunge mandible mask maximum mediastinum mip mm mr mra
mri mv native neck non nativ organ oar organs parotid pelvis pet pet-ct pet/ct phase phantom plan planned
planning plain planungs-ct pre post prone proton prostate ptv radiotherapy recon reconstruction rectum
reference registration resampled respiratory rt rtdose rtplan rtstruct sag sagittal scan scout sim
simulation skull slice slices soft spect spine sspine stereotactic structure structures supine suv t1 t2
t1w t2w te thick thin thorax thoracic tissue tof topogram tr tra transverse treatment upper lower venous
volume water weichteil whole with without c+ c- ce contrast km kontrast mit ohne und and of the for
gtv ctv itv left right links rechts
"""
_NUMBER = re.compile(r"[0-9]{1,3}([.,][0-9]{1,2})?(mm|cm|s|ms|kv|mv|gy|%)?\Z")


@lru_cache
def _harmless() -> frozenset[str]:
    return frozenset(_WORDS.split())


def clean_text(text: str, without: frozenset[str] = frozenset()) -> str:
    """The words of a text that are known to be harmless, and short numbers with a unit beside them.

    Three digits are the most a number may have: dates, telephone numbers and record numbers have more, and
    no two numbers stay side by side.  Words in `without` go, though they are on the list.
    """
    kept: list[str] = []
    for word in re.split(r"[\s,;:_^=\\|]+", unicodedata.normalize("NFKC", text)):
        bare = word.strip("()[]<>\"'.").lower()
        is_number = _NUMBER.match(bare) is not None
        if (bare in _harmless() and bare not in without) or (
            is_number and not (kept and _NUMBER.match(kept[-1].lower()))
        ):
            kept.append(word.strip("()[]<>\"'."))
    return " ".join(kept) if any(_NUMBER.match(word.lower()) is None for word in kept) else ""
