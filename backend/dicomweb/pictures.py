"""Frames as JPEG or PNG pictures, with a window applied (PS3.18 8.3.5, PS3.3 C.11.2)."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pydicom
from PIL import Image

from backend.dicomweb.errors import BadQuery
from backend.dicomweb.pixels import Frames

MAX_VIEWPORT = 4096
THUMBNAIL = 128
"""Longest side of a thumbnail, in pixels."""
Floats = npt.NDArray[np.float32]


def _linear(values: Floats, centre: float, width: float) -> Floats:
    return (values - np.float32(centre - 0.5)) / np.float32(max(width - 1, 1e-6)) + np.float32(0.5)


def _linear_exact(values: Floats, centre: float, width: float) -> Floats:
    return (values - np.float32(centre)) / np.float32(width) + np.float32(0.5)


def _sigmoid(values: Floats, centre: float, width: float) -> Floats:
    bent: Floats = 1 / (1 + np.exp(np.clip(-4 * (values - np.float32(centre)) / np.float32(width), -80, 80)))
    return bent


FUNCTIONS: dict[str, Callable[[Floats, float, float], Floats]] = {
    "linear": _linear, "linear-exact": _linear_exact, "sigmoid": _sigmoid,
}  # fmt: skip
"""VOI LUT Function (0028,1056) as PS3.18 spells it; values to 0..1, still to be clipped."""


@dataclass(frozen=True)
class Picture:
    """How a frame is to be shown."""

    window: tuple[float, float, str] | None = None
    """Centre, width and function; the header's own, or the range of the values, when None."""
    viewport: tuple[int, int] | None = None
    """Width and height that the picture fills without changing its proportions."""
    region: tuple[int, int, int, int] | None = None
    """Left, top, width and height of the part that is shown, in pixels of the frame."""
    quality: int = 90
    enlarge: bool = True
    """False leaves pictures that are smaller than the viewport as they are."""


SMALL = Picture(viewport=(THUMBNAIL, THUMBNAIL), quality=80, enlarge=False)
"""A thumbnail."""


def parse_picture(window: str | None = None, viewport: str | None = None, quality: str = "90") -> Picture:
    """The rendering that query parameters ask for (PS3.18 8.3.5)."""
    if not (quality.isascii() and quality.isdigit() and 1 <= int(quality[:4]) <= 100):
        raise BadQuery("quality must be 1 to 100", field="quality")
    size, region = _viewport(viewport)
    return Picture(_window(window), size, region, int(quality))


def _window(text: str | None) -> tuple[float, float, str] | None:
    if text is None:
        return None
    centre_text, _, rest = text.partition(",")
    width_text, _, function = rest.partition(",")
    function = function.strip().lower() or "linear"
    try:
        centre, width = float(centre_text), float(width_text)
    except ValueError as error:
        raise BadQuery("window must be centre,width,function", field="window") from error
    if not (np.isfinite(centre) and np.isfinite(width)) or width <= 0:
        raise BadQuery("the width of the window must be positive", field="window")
    if function not in FUNCTIONS:
        raise BadQuery(f"the function of the window must be one of {', '.join(FUNCTIONS)}", field="window")
    return centre, width, function


def _viewport(text: str | None) -> tuple[tuple[int, int] | None, tuple[int, int, int, int] | None]:
    if text is None:
        return None, None
    try:
        numbers = [int(v) for v in text.split(",")]
    except ValueError as error:
        raise BadQuery("viewport must be width,height[,x,y,width,height]", field="viewport") from error
    if len(numbers) not in (2, 6):
        raise BadQuery("viewport must be width,height[,x,y,width,height]", field="viewport")
    if not all(1 <= side <= MAX_VIEWPORT for side in numbers[:2]):
        raise BadQuery(f"viewport must be 1 to {MAX_VIEWPORT}", field="viewport")
    if len(numbers) == 2:
        return (numbers[0], numbers[1]), None
    left, top, width, height = numbers[2:]
    if min(left, top) < 0 or min(width, height) < 1 or max(numbers) > 2**16:
        raise BadQuery("the region of the viewport must lie in the image", field="viewport")
    return (numbers[0], numbers[1]), (left, top, width, height)


def render(frames: Frames, index: int, picture: Picture, media_type: str) -> bytes:
    """A frame as JPEG or PNG."""
    header = frames.header
    stored = frames.stored_values(index).astype(np.float32)
    values = stored * np.float32(header.get("RescaleSlope") or 1)
    values += np.float32(header.get("RescaleIntercept") or 0)
    grey = np.clip(_shown(header, values, picture), 0, 1) * 255
    if header.get("PhotometricInterpretation") == "MONOCHROME1":
        grey = 255 - grey
    image = _fitted(Image.fromarray(np.rint(grey).astype(np.uint8)), picture)
    target = io.BytesIO()
    if media_type == "image/png":
        image.save(target, "PNG")
    else:
        image.save(target, "JPEG", quality=picture.quality)
    return target.getvalue()


def _shown(header: pydicom.Dataset, values: Floats, picture: Picture) -> Floats:
    """Values from 0, black, to 1, white; beyond them is beyond the window."""
    if picture.window is not None:
        centre, width, function = picture.window
        return FUNCTIONS[function](values, centre, width)
    own = _first(header.get("WindowCenter")), _first(header.get("WindowWidth"))
    if own[0] is not None and own[1] is not None and own[1] > 0:
        function = str(header.get("VOILUTFunction") or "LINEAR").lower().replace("_", "-")
        return FUNCTIONS.get(function, _linear)(values, own[0], own[1])
    low, high = float(values.min()), float(values.max())
    return (values - np.float32(low)) / np.float32(max(high - low, 1e-6))


def _fitted(image: Image.Image, picture: Picture) -> Image.Image:
    if picture.region is not None:
        left, top, width, height = picture.region
        right, bottom = min(image.width, left + width), min(image.height, top + height)
        if left >= right or top >= bottom:
            raise BadQuery("the region of the viewport must lie in the image", field="viewport")
        image = image.crop((left, top, right, bottom))
    if picture.viewport is None:
        return image
    if not picture.enlarge and image.width <= picture.viewport[0] and image.height <= picture.viewport[1]:
        return image
    scale = min(picture.viewport[0] / image.width, picture.viewport[1] / image.height)
    return image.resize((max(1, round(image.width * scale)), max(1, round(image.height * scale))))


def _first(value: object) -> float | None:
    """The first of one or several numbers."""
    try:
        return float(value[0] if isinstance(value, pydicom.multival.MultiValue) else value)  # type: ignore[arg-type]
    except (TypeError, ValueError, IndexError):
        return None
