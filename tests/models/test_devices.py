"""Precision follows what the processor computes in hardware."""

from __future__ import annotations

import pytest
import torch

from models.devices import mixed_precision

WITH, WITHOUT = {"avx512_bf16": True, "amx_bf16": False}, {"avx2": True, "avx512_bf16": False}


@pytest.mark.parametrize(("features", "expected"), [(WITH, torch.bfloat16), (WITHOUT, torch.float32)])
def test_bfloat16_only_where_the_processor_has_instructions_for_it(
    monkeypatch: pytest.MonkeyPatch, features: dict[str, bool], expected: torch.dtype
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: features)
    with mixed_precision(torch.device("cpu")):
        product = torch.ones(2, 2) @ torch.ones(2, 2)
    assert product.dtype == expected
