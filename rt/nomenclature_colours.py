"""Colours of structures: targets by their dose, right organs unlike left ones, others unlike those beside."""

from __future__ import annotations

import colorsys
from collections.abc import Collection

LEVEL_GY = {"high": 70.0, "mid": 63.0, "low": 56.0}
"""Doses whose colours the relative levels take."""
DOSE_COLOURS = (
    (68.0, "#ff2020"), (64.5, "#ff1f7a"), (61.5, "#ff8c1a"), (57.0, "#ff4dff"),
    (55.0, "#ff7ac8"), (52.0, "#ffa64d"), (47.0, "#ff6f61"), (0.0, "#c71585"),
)  # fmt: skip
"""Lowest dose in Gy and #rrggbb of a PTV: reds, magentas, oranges, unlike for levels used together."""
BLENDS = {"P": ("#ffffff", 0.0), "C": ("#000000", 0.28), "I": ("#000000", 0.14), "G": ("#ffffff", 0.45)}
"""What the PTV's colour is blended with, and how much, for the other targets of a dose."""
RIGHT_TURN = 0.17
"""How far the hue of a right organ is turned from its left one's, in parts of the circle."""
PALE = 0.7
"""Lightness (HLS) above which a right organ is darker than its left one, below which it is lighter."""


def dose_colour(target: str, gray: float) -> str:
    """#rrggbb of a target that is given this dose."""
    colour = next(colour for lowest, colour in DOSE_COLOURS if gray >= lowest)
    towards, part = BLENDS[target[0].upper()]
    mixed = [
        round((1 - part) * int(colour[at : at + 2], 16) + part * int(towards[at : at + 2], 16))
        for at in (1, 3, 5)
    ]
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def right_colour(left: str) -> str:
    """#rrggbb of a right organ: another hue and lightness, so that the sides are told apart on the image."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*(int(left[at : at + 2], 16) / 255 for at in (1, 3, 5)))
    other = 0.8 * lightness if lightness > PALE else lightness + 0.4 * (1 - lightness)
    return _hls((hue + RIGHT_TURN) % 1, other, max(saturation, 0.35))


def _hls(hue: float, lightness: float, saturation: float) -> str:
    channels = colorsys.hls_to_rgb(hue, lightness, saturation)
    return "#" + "".join(f"{round(255 * channel):02x}" for channel in channels)


PALETTE = tuple(
    _hls(turn / 18, lightness, saturation)
    for lightness, saturation in ((0.62, 0.85), (0.8, 0.75))
    for turn in (9, 16, 5, 12, 2, 7, 14, 0, 10, 17, 4, 13, 6, 15, 1, 8, 11, 3)
)
"""Colours for what has none of its own: bright enough on a grey image and none of them grey."""


def distinct_colour(beside: Collection[str]) -> str:
    """#rrggbb of the palette that is least like any of these, as people see it; of equals the first."""
    seen = [_oklab(one) for one in beside]

    def nearest(colour: str) -> float:
        own = _oklab(colour)
        return min((sum((a - b) ** 2 for a, b in zip(own, one, strict=True)) for one in seen), default=0.0)

    return max(PALETTE, key=nearest)


def _oklab(colour: str) -> tuple[float, float, float]:
    """A colour where distances are as people see them (B. Ottosson, A perceptual color space, 2020)."""
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    )
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    medium = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )
