"""One training run on several processes, as `torchrun` starts them: who does which part of a batch, and what they share."""

import contextlib
import os

import torch
import torch.distributed as dist
from torch import Tensor, nn

from lpvae.errors import UserError


class Group:
    """The processes of one run. Outside `torchrun` it is one process, and every method is the identity."""

    def __init__(self, rank: int = 0, size: int = 1):
        self.rank, self.size = rank, size

    @property
    def writes(self) -> bool:
        """Whether this process is the one that writes files and the progress bar."""
        return self.rank == 0

    def part(self, n: int) -> slice:
        """This process's share of a batch of n images: the shares differ by one image at most and may be empty."""
        return slice(self.rank * n // self.size, (self.rank + 1) * n // self.size)

    def whole(self, part: Tensor, n: int) -> Tensor:
        """The batch (n, D) of which this process holds `part`, by all-gather."""
        if self.size == 1:
            return part
        batch = part.new_zeros(n, *part.shape[1:])
        batch[self.part(n)] = part
        dist.all_reduce(batch)  # everybody else's rows are zero here
        return batch

    def sum_gradients(self, model: nn.Module) -> None:
        """Replace each gradient by its sum over all processes."""
        if self.size == 1:
            return
        gradients = [p.grad for p in model.parameters() if p.grad is not None]
        flat = torch.cat([g.flatten() for g in gradients])
        dist.all_reduce(flat)
        for gradient, summed in zip(gradients, flat.split([g.numel() for g in gradients])):
            gradient.copy_(summed.view_as(gradient))

    def wait(self) -> None:
        """Until all processes are here."""
        if self.size > 1:
            dist.barrier()


@contextlib.contextmanager
def group(device: str):
    """The group that `torchrun` set up in the environment: nccl between GPUs, gloo between CPUs; else a group of one.

    Raises UserError where the processes cannot find one another.
    """
    size = int(os.environ.get("WORLD_SIZE", 1))
    if size == 1:
        yield Group()
        return
    try:
        dist.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    except (RuntimeError, ValueError) as error:
        raise UserError(f"the {size} processes of this run cannot reach one another ({error}).") from None
    try:
        yield Group(dist.get_rank(), size)
    finally:
        dist.destroy_process_group()


def local_device(device: str) -> str:
    """The device of this process: on a machine with several GPUs each process has one of its own."""
    rank = os.environ.get("LOCAL_RANK")
    return f"cuda:{rank}" if device == "cuda" and rank is not None else device
