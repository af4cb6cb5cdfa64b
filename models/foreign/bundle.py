"""A MONAI bundle as a network here, by its declarations: metadata, network, transforms, window, activation.

No code of the bundle runs.  Expressions and classes that are not in the lists of `bundle_steps` and
`models.networks.monai_networks` are refused by their key.  A bundle that we exported carries our manifest and
comes back as the network it was.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import torch

from models.foreign.bundle_config import BundleConfig, read_config
from models.foreign.bundle_steps import Post, read_picture, read_post, read_practice, short_name
from models.foreign.errors import ForeignCode, ForeignUnreadable, ForeignUnsupported
from models.foreign.files import ForeignFiles
from models.foreign.imported import Foreign, Wanted, fit_network, read_json
from models.foreign.labels import is_background, our_names
from models.foreign.weights import read_weights
from models.networks.monai_networks import KNOWN
from models.registry.network import StructureRule

METADATA = "configs/metadata.json"
WEIGHTS = ("models/model.safetensors", "models/model.pt", "models/model.ts")
NETWORK, CHANNELS = "network_def", "network_data_format#outputs#pred#channel_def"
LAST_CHANNELS = "out_channels"
_WAYS_OF_MR = re.compile(r"MRI?\b|magnetic", re.IGNORECASE)


def is_bundle(files: ForeignFiles) -> bool:
    """True when the files are those of a MONAI bundle."""
    return METADATA in files.contents


def read_bundle(files: ForeignFiles, wanted: Wanted) -> Foreign:
    """The network of a bundle; a ForeignError or WeightsError says what is wrong, and at which key."""
    metadata = read_json(files.get(METADATA), METADATA)
    config = read_config(files)
    options = _network(config)
    modality, channels = _described(metadata)
    picture = read_picture(config.plain("preprocessing"), modality, "preprocessing")
    post = read_post(config.plain("postprocessing"), "postprocessing")
    outputs = _outputs(options, channels)
    practice = read_practice(config.plain("inferer"), "inferer")
    drawn = [number for number in range(outputs) if not is_background(channels[number])]
    labels = our_names([channels[number] for number in drawn], f"{METADATA}: {CHANNELS}")
    practice = replace(practice, channels=tuple(drawn), outputs=outputs, activation=post.activation)
    weights = fit_network("monai", options, _weights(files, wanted), NETWORK)
    return Foreign(
        kind="monai-bundle",
        title=_text(metadata.get("name")) or files.name,
        architecture="monai",
        options=options,
        labels=labels,
        picture=picture,
        practice=practice,
        weights=weights,
        rules=_rules(list(labels), drawn, post),
        notes=_notes(metadata),
    )


def _network(config: BundleConfig) -> dict[str, Any]:
    if not config.has(NETWORK):
        raise ForeignUnsupported("the network is not declared", where=NETWORK)
    spec = config.plain(NETWORK)
    name = short_name(spec, NETWORK) if isinstance(spec, dict) else ""
    target = str(spec.get("_target_", "")).rpartition(".")[2] if isinstance(spec, dict) else ""
    if target not in KNOWN:
        raise ForeignUnsupported(
            f"the network `{target or name}` is not one of {', '.join(sorted(KNOWN))}", where=NETWORK
        )
    arguments = {key: value for key, value in spec.items() if not key.startswith("_")}
    for key, value in arguments.items():
        _check_plain(value, f"{NETWORK}#{key}")
    for key, only in (("spatial_dims", 3), ("in_channels", 1)):
        if arguments.get(key, only) != only:
            raise ForeignUnsupported(f"only networks with {key} = {only} are taken", where=f"{NETWORK}#{key}")
    return {"network": target, "arguments": arguments}


def _check_plain(value: Any, where: str) -> None:
    """Numbers, short texts and lists of them: what MONAI looks up by name is in its own tables."""
    match value:
        case list():
            for number, one in enumerate(value):
                _check_plain(one, f"{where}#{number}")
        case dict():
            for key, one in value.items():
                if key.startswith("_"):
                    raise ForeignCode("an argument that MONAI would build", where=where)
                _check_plain(one, f"{where}#{key}")
        case bool() | None:
            return
        case int() | float() if abs(value) <= 65536:
            return
        case str() if re.fullmatch(r"\w{0,32}", value):
            return
        case _:
            raise ForeignUnsupported("an argument that is not plain", where=where)


def _described(metadata: dict[str, Any]) -> tuple[str, list[str]]:
    """Modality and the labels of all channels."""
    form = metadata.get("network_data_format")
    try:
        image = form["inputs"]["image"]  # type: ignore[index]
        defined = form["outputs"]["pred"]["channel_def"]  # type: ignore[index]
        channels = {int(number): str(label) for number, label in defined.items()}
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        where = f"{METADATA}: network_data_format"
        raise ForeignUnsupported("channels of image and prediction are not described", where=where) from error
    if sorted(channels) != list(range(len(channels))) or not channels:
        raise ForeignUnsupported("channels are not numbered from 0 on", where=f"{METADATA}: {CHANNELS}")
    modality = str(image.get("modality", ""))
    where = f"{METADATA}: network_data_format#inputs#image#modality"
    if image.get("num_channels", 1) != 1:
        raise ForeignUnsupported(
            "only images of one channel are taken", where=where.replace("modality", "num_channels")
        )
    if re.fullmatch(r"CT|computed tomography", modality.strip(), re.IGNORECASE):
        return "CT", [channels[n] for n in sorted(channels)]
    if _WAYS_OF_MR.match(modality.strip()):
        return "MR", [channels[n] for n in sorted(channels)]
    raise ForeignUnsupported(f"{modality!r} is neither CT nor MR", where=where)


def _outputs(options: dict[str, Any], channels: list[str]) -> int:
    declared = options["arguments"].get(LAST_CHANNELS, len(channels))
    if declared != len(channels):
        detail = f"{len(channels)} labels, but the network has {declared} outputs"
        raise ForeignUnsupported(detail, where=f"{METADATA}: {CHANNELS}")
    return len(channels)


def _weights(files: ForeignFiles, wanted: Wanted) -> dict[str, torch.Tensor]:
    name = next((name for name in WEIGHTS if name in files.contents), None)
    if name is None:
        raise ForeignUnreadable("the file is missing", where=WEIGHTS[1])
    try:
        return read_weights(name, files.get(name), code_allowed=wanted.allow_code == files.sha256)
    except ForeignCode as refused:
        detail = f"{refused.detail}; the SHA-256 of this one is {files.sha256}"
        raise ForeignCode(detail, where=name) from refused


def _rules(names: list[str], drawn: list[int], post: Post) -> dict[str, StructureRule]:
    threshold = post.threshold if post.activation == "sigmoid" else 0.5
    largest = post.largest or frozenset()
    return {
        name: StructureRule(threshold, parts=int(channel in largest), may_be_cut=True)
        for name, channel in zip(names, drawn, strict=True)
    }


def _notes(metadata: dict[str, Any]) -> tuple[str, ...]:
    told = [(key, _text(metadata.get(key))) for key in ("version", "authors", "copyright", "description")]
    return tuple(f"{key}: {text}" for key, text in told if text)


def _text(value: Any) -> str:
    plain = "".join(c for c in str(value or "") if c.isprintable())
    return re.sub(r"[<>`*_\[\]|#]", " ", plain).strip()[:400]
