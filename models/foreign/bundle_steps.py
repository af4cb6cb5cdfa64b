"""MONAI's transforms, inferer and post-processing in our terms; what has none is refused by its key."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from models.foreign.errors import ForeignCode, ForeignUnsupported
from models.foreign.imported import number_at, triple_at, window_at
from models.foreign.picture import WAYS, ForeignPicture, Step
from models.foreign.practice import Practice

Spec = dict[str, Any]
NEUTRAL = frozenset(
    {
        "LoadImage", "EnsureChannelFirst", "EnsureType", "AddChannel", "AsChannelFirst", "ToTensor",
        "CastToType", "ToDevice", "Identity",
    }
)  # fmt: skip
"""Of preprocessing: they change no value and no place."""
NEUTRAL_AFTER = frozenset({"Invert", "SaveImage", "EnsureType", "ToTensor", "ToDevice", "Identity"})
"""Of post-processing: we always go back to the scan's own grid."""
EVERYWHERE = frozenset({"_target_", "_desc_", "_disabled_", "_requires_", "keys", "allow_missing_keys"})


@dataclass(frozen=True)
class Post:
    """What the outputs become."""

    activation: Literal["sigmoid", "softmax"]
    threshold: float = 0.5
    largest: frozenset[int] | None = None
    """Channels of which only the largest part is kept; None: no such step."""


@dataclass
class _Prepared:
    picture: ForeignPicture
    placed: bool = False
    spaced: bool = False
    steps: list[Step] = field(default_factory=list)


def short_name(spec: Any, where: str) -> str:
    """The class that `_target_` names, without module and without the end that stands for dictionaries."""
    target = spec.get("_target_") if isinstance(spec, dict) else None
    if not isinstance(target, str):
        raise ForeignUnsupported("there is no `_target_`", where=where)
    module, _, name = target.rpartition(".")
    if module and not module.startswith("monai."):
        raise ForeignCode(f"`{target}` is code of the bundle or of another library", where=where)
    return re.sub(r"(Dict|D|d)$", "", name)


def read_picture(spec: Any, modality: str, where: str) -> ForeignPicture:
    """The steps of `preprocessing`, a Compose or a list."""
    # what LoadImage gives is indexed left-right first, as the file stores it
    made = _Prepared(ForeignPicture(modality, transpose=(2, 1, 0)))
    for key, one in _listed(spec, where):
        name = short_name(one, key)
        if name in NEUTRAL:
            continue
        if name not in STEPS:
            raise ForeignUnsupported(f"`{name}` is not understood", where=key)
        STEPS[name](made, one, key)
    after = tuple(made.steps)
    return replace(made.picture, after=after) if made.spaced else replace(made.picture, before=after)


def read_post(spec: Any, where: str) -> Post:
    """Activation, threshold and kept parts of `postprocessing`."""
    activation: Literal["sigmoid", "softmax"] | None = None
    argmax, threshold, largest = False, 0.5, None
    for key, one in _listed(spec, where):
        name = short_name(one, key)
        if name in NEUTRAL_AFTER:
            continue
        if name == "Activations":
            _only(one, key, "sigmoid", "softmax")
            activation = "sigmoid" if one.get("sigmoid") else "softmax" if one.get("softmax") else activation
        elif name == "AsDiscrete":
            _only(one, key, "argmax", "threshold", "to_onehot", "keepdim", "dim")
            argmax = argmax or bool(one.get("argmax"))
            if one.get("threshold") is not None:
                threshold = number_at(one["threshold"], f"{key}#threshold")
        elif name == "KeepLargestConnectedComponent":
            _only(one, key, "applied_labels", "is_onehot", "connectivity", "independent")
            largest = _labels(one.get("applied_labels"), f"{key}#applied_labels")
        else:
            raise ForeignUnsupported(f"`{name}` is not understood", where=key)
    if activation is None and not argmax:
        raise ForeignUnsupported(
            "neither softmax nor sigmoid makes probabilities of the outputs", where=where
        )
    return Post("softmax" if argmax else activation or "softmax", threshold, largest)


def read_practice(spec: Any, where: str) -> Practice:
    """The sliding window; channels and activation are filled in by the caller."""
    if short_name(spec, where) != "SlidingWindowInferer":
        raise ForeignUnsupported(f"`{short_name(spec, where)}` is not understood", where=where)
    _only(
        spec, where, "roi_size", "sw_batch_size", "overlap", "mode", "sigma_scale", "padding_mode", "cval",
        "sw_device", "device", "progress", "cache_roi_weight_map", "cpu_thresh",
    )  # fmt: skip
    blend = str(spec.get("mode", "constant"))
    if blend not in ("gaussian", "constant"):
        raise ForeignUnsupported(f"windows are not blended by {blend!r}", where=f"{where}#mode")
    if spec.get("padding_mode", "constant") != "constant":
        raise ForeignUnsupported("only constant padding is understood", where=f"{where}#padding_mode")
    if spec.get("sigma_scale", 0.125) != 0.125:
        raise ForeignUnsupported("only a width of .125 is understood", where=f"{where}#sigma_scale")
    overlap = number_at(spec.get("overlap", 0.25), f"{where}#overlap")
    if not 0 <= overlap < 0.95:
        raise ForeignUnsupported("not an overlap below .95", where=f"{where}#overlap")
    return Practice(
        window_at(spec.get("roi_size"), f"{where}#roi_size"), (), 0, "softmax", overlap,
        "gaussian" if blend == "gaussian" else "constant", "clamped",
        pad_value=number_at(spec.get("cval", 0.0), f"{where}#cval"),
    )  # fmt: skip


def _listed(spec: Any, where: str) -> list[tuple[str, Spec]]:
    if isinstance(spec, dict) and short_name(spec, where) == "Compose":
        spec, where = spec.get("transforms"), f"{where}#transforms"
    if not isinstance(spec, list):
        raise ForeignUnsupported("not a list of transforms", where=where)
    named = [(f"{where}#{number}", one) for number, one in enumerate(spec)]
    return [(key, one) for key, one in named if not (isinstance(one, dict) and one.get("_disabled_") is True)]


def _only(spec: Spec, where: str, *known: str) -> None:
    for key in spec:
        if key not in EVERYWHERE and key not in known:
            raise ForeignUnsupported("an argument that is not understood", where=f"{where}#{key}")


def _labels(value: Any, where: str) -> frozenset[int]:
    several = value if isinstance(value, list) else [value]
    if not all(isinstance(one, int) for one in several):
        raise ForeignUnsupported("not the numbers of labels", where=where)
    return frozenset(several)


def _orientation(made: _Prepared, spec: Spec, where: str) -> None:
    _only(spec, where, "axcodes", "labels")
    code = spec.get("axcodes")
    axes = {WAYS[letter][0] for letter in code if letter in WAYS} if isinstance(code, str) else set()
    if not isinstance(code, str) or len(code) != 3 or len(axes) != 3:
        raise ForeignUnsupported("not three directions like RAS", where=f"{where}#axcodes")
    if made.placed or made.steps or made.spaced:
        raise ForeignUnsupported("stands after what it must come before", where=where)
    made.picture, made.placed = replace(made.picture, orientation=code), True


def _spacing(made: _Prepared, spec: Spec, where: str) -> None:
    _only(spec, where, "pixdim", "mode", "diagonal", "padding_mode", "align_corners", "recompute_affine")
    if spec.get("diagonal"):
        raise ForeignUnsupported(
            "only spacing along the image's axes is understood", where=f"{where}#diagonal"
        )
    mode = spec.get("mode", "bilinear")
    first = mode[0] if isinstance(mode, list) and mode else mode
    if first not in ("bilinear", "nearest") or first == "nearest":
        raise ForeignUnsupported("only linear interpolation is understood", where=f"{where}#mode")
    if made.spaced:
        raise ForeignUnsupported("the spacing is set twice", where=where)
    pixdim = spec.get("pixdim")
    spacing = triple_at([pixdim] * 3 if isinstance(pixdim, int | float) else pixdim, f"{where}#pixdim")
    spacing = tuple(max(0.0, n) for n in spacing)  # type: ignore[assignment]
    if any(0 < n < 0.05 for n in spacing):
        raise ForeignUnsupported("not a spacing in mm", where=f"{where}#pixdim")
    made.picture = replace(made.picture, spacing_kji_mm=spacing, before=tuple(made.steps))
    made.steps, made.spaced = [], True


def _range(made: _Prepared, spec: Spec, where: str) -> None:
    _only(spec, where, "a_min", "a_max", "b_min", "b_max", "clip", "dtype")
    values: dict[str, Any] = {
        key: number_at(spec.get(key), f"{where}#{key}") for key in ("a_min", "a_max", "b_min", "b_max")
    }
    if values["a_min"] == values["a_max"]:
        raise ForeignUnsupported("a range of no width", where=f"{where}#a_max")
    made.steps.append(Step("range", values | {"clip": bool(spec.get("clip", False))}))


def _normalise(made: _Prepared, spec: Spec, where: str) -> None:
    _only(spec, where, "nonzero", "channel_wise", "dtype", "subtrahend", "divisor")
    given = [spec.get(key) for key in ("subtrahend", "divisor")]
    if given == [None, None]:
        made.steps.append(Step("standardise", {"within": "nonzero" if spec.get("nonzero") else "all"}))
        return
    subtract, divide = (number_at(value, where) for value in given)
    if spec.get("nonzero") or divide == 0:
        raise ForeignUnsupported("fixed numbers together with nonzero, or a division by 0", where=where)
    made.steps.append(Step("shift", {"subtract": subtract, "divide": divide}))


def _min_max(made: _Prepared, spec: Spec, where: str) -> None:
    _only(spec, where, "minv", "maxv", "channel_wise", "dtype")
    values = {k: number_at(spec.get(k, d), f"{where}#{k}") for k, d in (("minv", 0.0), ("maxv", 1.0))}
    made.steps.append(Step("min_max", values))


def _percentiles(made: _Prepared, spec: Spec, where: str) -> None:
    _only(spec, where, "lower", "upper", "b_min", "b_max", "clip", "relative", "channel_wise", "dtype")
    if spec.get("relative"):
        raise ForeignUnsupported("only fixed targets are understood", where=f"{where}#relative")
    values: dict[str, Any] = {
        key: number_at(spec.get(key), f"{where}#{key}") for key in ("lower", "upper", "b_min", "b_max")
    }
    if not 0 <= values["lower"] < values["upper"] <= 100:
        raise ForeignUnsupported("not percentiles", where=f"{where}#lower")
    made.steps.append(Step("percentiles", values | {"clip": bool(spec.get("clip", False))}))


def _crop(made: _Prepared, spec: Spec, where: str) -> None:
    _only(spec, where, "source_key", "margin", "allow_smaller", "start_coord_key", "end_coord_key")
    if spec.get("margin", 0) not in (0, [0, 0, 0]):
        raise ForeignUnsupported("a margin is not understood", where=f"{where}#margin")
    made.steps.append(Step("crop", {"positive": True}))


STEPS: dict[str, Callable[[_Prepared, Spec, str], None]] = {
    "Orientation": _orientation,
    "Spacing": _spacing,
    "ScaleIntensityRange": _range,
    "NormalizeIntensity": _normalise,
    "ScaleIntensity": _min_max,
    "ScaleIntensityRangePercentiles": _percentiles,
    "CropForeground": _crop,
}
