"""Several processes that train one network: each its own patches, gradients averaged, one GPU each.

Start them with `torchrun --nproc-per-node N -m models.cli train …`, or let `models.training.together` do so.
The sums of the loss are added up over the processes before it is computed, so that N processes with a batch
of B take the same step as one with a batch of N·B of the same patches, to rounding.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import nn

from models.devices import best_device

PATIENCE = timedelta(minutes=30)
"""The others wait so long for the first one, which validates alone."""


class _Summed(torch.autograd.Function):
    """A sum over the processes; each one's loss depends on it, so their gradients are added up as well."""

    @staticmethod
    def forward(ctx: Any, part: torch.Tensor) -> torch.Tensor:
        summed = part.clone()
        dist.all_reduce(summed)
        return summed

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> torch.Tensor:
        summed = gradients[0].clone()
        dist.all_reduce(summed)
        return summed


@dataclass(frozen=True)
class Team:
    """The processes that train together, as one of them sees them."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """This one writes and reports."""
        return self.rank == 0

    @property
    def salt(self) -> tuple[int, ...]:
        """What makes the chance of this process its own; nothing for the first, or for one alone."""
        return (self.rank,) if self.rank else ()

    def device(self) -> torch.device:
        """The GPU of this process, or the CPU."""
        best = best_device()
        if best.type == "cpu" or self.size == 1:
            return best
        local = int(os.environ.get("LOCAL_RANK", self.rank))
        torch.cuda.set_device(local)
        return torch.device("cuda", local)

    def shared(self, network: nn.Module, device: torch.device) -> nn.Module:
        """The network, its gradients averaged over the processes."""
        if self.size == 1:
            return network
        ids = None if device.type == "cpu" else [device.index]
        return nn.parallel.DistributedDataParallel(network, device_ids=ids)

    def total(self, part: torch.Tensor) -> torch.Tensor:
        """The sum over the processes, through which gradients flow."""
        summed: torch.Tensor = part if self.size == 1 else _Summed.apply(part)  # type: ignore[no-untyped-call]
        return summed

    def average_gradients(self, module: nn.Module) -> None:
        """Every parameter's gradient becomes the mean over the processes."""
        if self.size > 1:
            for gradient in [value.grad for value in module.parameters() if value.grad is not None]:
                dist.all_reduce(gradient)
                gradient /= self.size

    def agree(self, fraction: float, stop: Callable[[], bool]) -> float:
        """How far the first process is, 1 when it is asked to stop: the others follow it."""
        if self.leads and stop():
            fraction = 1.0
        if self.size == 1:
            return fraction
        said = torch.tensor([fraction], dtype=torch.float64, device=self.device())
        dist.broadcast(said, 0)
        return float(said)

    def wait(self) -> None:
        """Until all are here."""
        if self.size > 1:
            dist.barrier()


ALONE = Team()


@contextmanager
def joined() -> Iterator[Team]:
    """The team that torchrun's variables tell of; one process alone without them."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield ALONE
        return
    dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo", timeout=PATIENCE)
    try:
        yield Team(dist.get_rank(), dist.get_world_size())
    finally:
        dist.destroy_process_group()
