"""Colours of structures: targets by their dose, right organs unlike their left ones."""

from __future__ import annotations

import colorsys

FALLBACK_COLOUR = "#c0c0c0"
"""Colour of a structure that is not in the table."""
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
    channels = colorsys.hls_to_rgb((hue + RIGHT_TURN) % 1, other, max(saturation, 0.35))
    return "#" + "".join(f"{round(255 * channel):02x}" for channel in channels)
