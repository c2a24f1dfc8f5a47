"""The processes of one training, each with a device and a share of every batch; one alone has all of it.

All draw the same batches and change the same pictures, since they have the same seed, and then learn from their own
rows. Gradients are averaged over the ranks (DistributedDataParallel: S. Li et al. 2020, “PyTorch Distributed”), so the
step is that of one process but for the order of summation. On GPUs batch norm takes its statistics from all ranks;
torch has that for GPUs alone, so that on processors each rank has its own.
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from learning.engine.models.network import Network


@dataclass(frozen=True)
class Ranks:
    """`rank` of `n`; where there are several, torch's process group has begun."""

    rank: int = 0
    n: int = 1

    @property
    def first(self) -> bool:
        return self.rank == 0

    def share(self, x: Tensor) -> Tensor:
        """Its rows of a batch (B, …); shares differ by a row at most."""
        return x.tensor_split(self.n)[self.rank]

    def mean(self, value: Tensor) -> float:
        """Of a number that each rank has."""
        if self.n > 1:
            value = value / self.n
            distributed.all_reduce(value)
        return value.item()

    def agreed(self, value: Callable[[], float]) -> float:
        """What the first rank works out, for all: another's rounding could end its training at another step."""
        if self.n == 1:
            return value()
        told = [value() if self.first else None]
        distributed.broadcast_object_list(told)
        return told[0]  # type: ignore[return-value]

    def synchronised(self, model: Network, on_gpus: bool) -> Network:
        """With batch norm over all ranks, where that is possible; its parameters are the same, under the same names."""
        if self.n == 1 or not on_gpus:
            return model
        return nn.SyncBatchNorm.convert_sync_batchnorm(model)  # type: ignore[no-untyped-call, no-any-return]

    def joined(self, module: nn.Module) -> nn.Module:
        """With gradients that are the ranks' mean."""
        return module if self.n == 1 else DistributedDataParallel(module)


ALONE = Ranks()
