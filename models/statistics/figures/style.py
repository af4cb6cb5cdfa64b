"""One look for all figures: journal widths, readable sizes, colours for every eye, the same bytes each time.

Figures are matplotlib Figure objects, never pyplot's.  Text in an SVG is drawn as paths, so that it looks
the same everywhere; a PDF holds its fonts.  Names may be Japanese: the first CJK font of the machine stands
in for the glyphs that DejaVu Sans lacks, and where there is none the figure says so in a line of its own.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.text import Text

COLUMN_MM = 85.0
"""One column of a journal."""
PAGE_MM = 170.0
"""Both columns."""
MM = 1 / 25.4
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#B8A800")
"""Okabe and Ito's palette, told apart with every colour vision; its yellow darkened for lines."""
DASHES = ("-", (0, (5, 1.5)), (0, (1.5, 1)), (0, (5, 1.5, 1.5, 1.5)))
GREY = "#6b6b6b"
PALE = "#d9d9d9"
LATIN = "DejaVu Sans"
CJK = (
    "Noto Sans CJK JP",
    "Noto Sans JP",
    "IPAexGothic",
    "IPAGothic",
    "Noto Serif CJK JP",
    "Yu Gothic",
    "Meiryo",
)
NO_CJK = "Characters shown as boxes need a Japanese font, which the machine that drew this lacks."
FIRST_CJK = "\u2e80"
"""From here on, characters are not in DejaVu Sans."""


@cache
def cjk_font() -> str | None:
    """The Japanese font of this machine, None if it has none that is known."""
    here = {font.name for font in fontManager.ttflist}
    return next((name for name in CJK if name in here), None)


@contextmanager
def drawing() -> Iterator[None]:
    """Settings while a figure is made and written."""
    families = [LATIN] if cjk_font() is None else [LATIN, cjk_font()]
    settings: Any = {
        "font.family": families,
        "font.size": 7,
        "axes.labelsize": 7,
        "axes.titlesize": 7,
        "xtick.labelsize": 6.5,
        "ytick.labelsize": 6.5,
        "legend.fontsize": 6.5,
        "legend.frameon": False,
        "legend.handlelength": 2.2,
        "axes.linewidth": 0.6,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "xtick.major.width": 0.6,
        "ytick.major.width": 0.6,
        "xtick.major.size": 2.5,
        "ytick.major.size": 2.5,
        "lines.linewidth": 1.1,
        "axes.unicode_minus": True,
        "svg.hashsalt": "rinkaku",
        "svg.fonttype": "path",
        "pdf.fonttype": 42,
        "figure.dpi": 200,
        "text.usetex": False,
        "text.parse_math": False,
    }
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font", category=UserWarning)
        yield


def sheet(width_mm: float, height_mm: float, pad: float = 0.03, space: float = 0.02) -> Figure:
    """An empty figure of this size, laid out without overlaps; padding in inches, space between in shares."""
    layout = ConstrainedLayoutEngine(w_pad=pad, h_pad=pad, wspace=space, hspace=space)
    return Figure(figsize=(width_mm * MM, height_mm * MM), layout=layout)


def written(figure: Figure) -> dict[str, bytes]:
    """The figure as SVG and PDF without dates, so that equal results give equal bytes."""
    _say_what_is_missing(figure)
    out = {}
    for kind, undated in (("svg", {"Date": None}), ("pdf", {"CreationDate": None})):
        held = io.BytesIO()
        figure.savefig(held, format=kind, metadata=undated)
        out[kind] = held.getvalue()
    return out | {"svg": _numbered(out["svg"])}


def _numbered(svg: bytes) -> bytes:
    """Its identifiers by their order: matplotlib makes those of clip paths from addresses in memory."""
    found = dict.fromkeys(re.findall(rb'\bid="([a-zA-Z][0-9a-f]{10})"', svg))
    names = {old: f"id{number}".encode() for number, old in enumerate(found)}
    return re.sub(rb"\b[a-zA-Z][0-9a-f]{10}\b", lambda one: names.get(one[0], one[0]), svg)


def _say_what_is_missing(figure: Figure) -> None:
    texts = (str(one.get_text()) for one in figure.findobj(Text))
    if cjk_font() is None and any(letter >= FIRST_CJK for text in texts for letter in text):
        figure.supxlabel(NO_CJK, fontsize=5.5, color=GREY)


def colour(index: int) -> str:
    """The colour of the group or curve of this index from 0."""
    return COLOURS[index % len(COLOURS)]


def dash(index: int) -> Any:
    """The line style of this index, so that colour is never the only difference."""
    return DASHES[index % len(DASHES)]


def p_text(p: float) -> str:
    """A p value as journals print it."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"


def short(name: str, length: int) -> str:
    """A name of at most so many letters; Japanese ones are as wide as two."""
    width, kept = 0, ""
    for letter in name:
        width += 2 if letter >= FIRST_CJK else 1
        if width > length:
            return kept[: max(len(kept) - 1, 1)] + "…"
        kept += letter
    return name


def bare(axes: Axes) -> None:
    """Axes without ticks and frame."""
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
