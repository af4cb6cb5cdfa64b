"""An optimiser's state as named tensors, as a checkpoint holds it."""

from __future__ import annotations

import torch

Tensors = dict[str, torch.Tensor]


def optimiser_tensors(optimiser: torch.optim.Optimizer) -> Tensors:
    """Its moments by `number of the parameter.name`."""
    return {
        f"{number}.{key}": value
        for number, moments in optimiser.state_dict()["state"].items()
        for key, value in moments.items()
    }


def restore_optimiser(optimiser: torch.optim.Optimizer, tensors: Tensors) -> None:
    """Put back what `optimiser_tensors` gave."""
    moments: dict[int, Tensors] = {}
    for name, value in tensors.items():
        number, key = name.split(".", 1)
        moments.setdefault(int(number), {})[key] = value
    stored = optimiser.state_dict()
    stored["state"] = moments
    optimiser.load_state_dict(stored)


def above(tensors: Tensors, prefix: str) -> Tensors:
    """The tensors with `prefix` before their names."""
    return {f"{prefix}{name}": value for name, value in tensors.items()}


def below(tensors: Tensors, prefix: str) -> Tensors:
    """Those of the tensors whose names begin with `prefix`, without it."""
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
