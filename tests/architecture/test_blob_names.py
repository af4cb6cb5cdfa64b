"""The sweep deletes what no row names, so no column and no writer of blobs may be forgotten."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from sqlalchemy import String

from backend.kit.db import BlobName
from backend.tables import Base
from backend.upkeep import blob_columns

ROOT = Path(__file__).parents[2]
NO_BLOBS = {
    "instances.received_sha256": "of the bytes as sent, which are not kept",
    "revisions.body_sha256": "of a request, to know it when it is repeated",
    "audit_entries.hash": "of the entry itself",
    "audit_entries.previous_hash": "of another entry",
    "version_signatures.weights_sha256": "of what was signed; `network_versions` names those weights",
    "version_signatures.manifest_sha256": "of a version's manifest, which is in its row",
    "cohort_tables.file_sha256": "of a table that was read and is not kept",
    "feature_sets.settings_digest": "of settings, which are in the row",
    "snapshots.hash": "of the list of cases",
    "users.password_hash": "of a password",
    "api_tokens.digest": "of a secret",
    "login_sessions.digest": "of a secret",
}
"""Columns that hold hashes of something else."""
NAMED_IN = {
    "backend/analyses/service/starting.py": "analyses.table_sha256",
    "backend/readings/service/analysing.py": "reader_analyses.input_sha256",
    "backend/labels/service/moving.py": "revisions.contours_sha256",
    "backend/labels/service/revisions.py": "revisions.sha256",
    "backend/studies/derived.py": "instances.sha256",
    "backend/studies/intake.py": "instances.sha256",
    "backend/studies/quarantine.py": "quarantined_files.sha256",
    "backend/studies/volumes.py": "series.volume_sha256",
    "backend/training/networks.py": "network_versions.weights_sha256",
    "backend/training/router.py": "jobs.parameters",
    "workers/exchange.py": "network_versions.weights_sha256",
    "workers/gpu/export_network.py": "jobs.result",
    "workers/gpu/import_network.py": "network_versions.weights_sha256",
    "workers/cpu/export.py": "jobs.result",
    "workers/cpu/consensus.py": "consensus_tasks.files",
    "workers/cpu/analyse.py": "analyses.files",
    "workers/crops.py": "predictions.maps",
    "workers/gpu/dose_map.py": "analyses.files",
    "workers/organs.py": "analyses.files",
    "workers/training/train_outcome.py": "analyses.files",
    "workers/training/compare.py": "comparisons.checkpoint_sha256",
    "workers/training/train.py": "runs.checkpoint_sha256",
}
"""Every module that stores blobs, and the column in which it names them."""
_HASH = re.compile(r"sha256|hash|digest|blob|checksum")


def test_every_column_of_a_hash_names_blobs_or_says_why_not():
    undecided = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        if _HASH.search(column.name) and isinstance(column.type, String)
    }
    assert undecided - NO_BLOBS.keys() == set()


def test_a_blob_name_is_seen_by_the_sweep():
    seen = {str(column) for column in blob_columns()}
    typed = {str(c) for t in Base.metadata.tables.values() for c in t.columns if isinstance(c.type, BlobName)}
    assert typed <= seen
    assert set(NAMED_IN.values()) <= seen


def test_every_module_that_stores_blobs_says_where_it_names_them():
    storing = {
        str(path.relative_to(ROOT))
        for folder in ("backend", "workers", "models")
        for path in (ROOT / folder).rglob("*.py")
        if any(_stores(node) for node in ast.walk(ast.parse(path.read_text())))
    }
    assert storing == NAMED_IN.keys()


def _stores(node: ast.AST) -> bool:
    """A call like `storage().put(…)` or `context.storage.put_file(…)`."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    return node.func.attr in ("put", "put_all", "put_file", "writing") and "storage" in ast.unparse(
        node.func.value
    )
