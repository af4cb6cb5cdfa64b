"""Networks from and for elsewhere, as jobs and the command `rinkaku network` do them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from backend.kit.db import session_scope
from backend.kit.errors import AppError
from backend.kit.storage import storage
from backend.training import exchange
from backend.training.tables import NetworkVersion
from models.foreign.exporting import export_bundle, export_onnx
from models.foreign.files import read_files
from models.foreign.imported import Wanted
from models.foreign.importing import Version, as_version, import_network
from models.foreign.totalsegmentator import describe_totalsegmentator
from models.registry.network import NetworkManifest
from rt.errors import RtError


def read_network(path: Path, wanted: Wanted, file_name: str = "") -> Version:
    """The version of a folder or zip; an RtError says what is wrong with it."""
    return import_network(read_files(path, file_name), wanted)


def read_library(task: str, *, fast: bool, name: str) -> Version:
    """The version of TotalSegmentator's task; NotInstalled where it is not."""
    foreign = describe_totalsegmentator(task, fast=fast)
    source = {"kind": foreign.kind, "name": foreign.title, "sha256": "", "labels": foreign.labels}
    return as_version(foreign, name, source)


def keep_version(session: Session, version: Version, stored: str, user_id: str | None) -> NetworkVersion:
    """The row of a version whose weights are stored."""
    return exchange.add_imported(session, version.manifest.to_json(), version.card, stored, user_id)


def written(version: NetworkVersion, form: str) -> bytes:
    """The file of a version for other software; an RtError says why there is none."""
    manifest = NetworkManifest.from_json(version.manifest)
    weights = storage().get(version.weights_sha256)
    return (
        export_bundle(manifest, weights, version.card) if form == "monai" else export_onnx(manifest, weights)
    )


def run_network(chosen: argparse.Namespace) -> int:
    """`rinkaku network import` and `export`; refusals are said with their slug, status 1."""
    act: Callable[[argparse.Namespace], None] = _import if chosen.action == "import" else _export
    try:
        act(chosen)
    except RtError as refused:
        sys.stderr.write(f"rinkaku: {refused} ({refused.slug})\n")
        return 1
    except AppError as refused:
        sys.stderr.write(f"rinkaku: {refused.detail}\n")
        return 1
    return 0


def _import(chosen: argparse.Namespace) -> None:
    if chosen.totalsegmentator:
        version = read_library(chosen.totalsegmentator, fast=chosen.fast, name=chosen.name)
    else:
        wanted = Wanted(name=chosen.name, mirror=chosen.mirror, allow_code=chosen.allow_code)
        version = read_network(chosen.path, wanted)
    stored = storage().put(version.weights)
    with session_scope() as session:
        row = keep_version(session, version, stored, None)
        told: dict[str, Any] = {"name": row.name, "version": row.version, "structures": row.structures}
    sys.stdout.write(f"{told['name']} v{told['version']}: {', '.join(told['structures'])}\n")


def _export(chosen: argparse.Namespace) -> None:
    with session_scope() as session:
        version = exchange.version_named(session, chosen.network, chosen.number)
        data = written(version, chosen.format)
        exchange.record_export(session, version, chosen.format, None)
    ending, _ = exchange.MEDIA_TYPES[chosen.format]
    out = chosen.out or Path(f"{chosen.network}-{chosen.number}.{ending}")
    with out.open("xb") as file:
        file.write(data)
    sys.stdout.write(f"{len(data)} bytes  {out}\n")
