"""What a model has to be told of a new patient, and its card."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from backend.analyses.schemas import ModelInput
from backend.analyses.service.staleness import table_of
from backend.analyses.tables import Analysis
from backend.kit.storage import storage


def inputs_of(row: Analysis) -> list[ModelInput]:
    """The columns that its model reads, clinical ones first; none where it predicts nothing."""
    if "model" not in row.files:
        return []
    wanted = set(_names(json.loads(storage().get(row.files["model"]))))
    table = table_of(row)
    found = []
    for source, columns in (("clinical", table.clinical), ("feature", table.features)):
        for one in columns:
            if one.name in wanted:
                levels = sorted({str(value) for value in one.values if value is not None})
                about: dict[str, Any] = {
                    "name": one.name,
                    "kind": one.kind,
                    "unit": one.unit,
                    "source": source,
                }
                about["levels"] = levels if one.kind == "category" else []
                found.append(ModelInput.model_validate(about))
    return found


def card_of(row: Analysis) -> str | None:
    """The card of a network in Markdown; None where there is none."""
    return storage().get(row.files["card"]).decode() if "card" in row.files else None


def _names(model: Mapping[str, Any]) -> list[str]:
    """By the key under which each kind of model keeps the columns that it reads."""
    if "encoding" in model:
        return [one["name"] for one in model["encoding"]]
    if "terms" in model:
        return [one["column"] for one in model["terms"]]
    return [*model.get("features", ()), model.get("scaler", {}).get("group", "")]
