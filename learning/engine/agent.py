"""torchrun's agent as a program: it starts a process for each device of a training, and ends with the first that fails.

Nothing of the library is imported here, for the sake of a quick start. Use: `python -m learning.engine.agent FOLDER N`
with an input that closes when all of it is to end; N processes `python -m learning.engine.distributed FOLDER` follow.
Why one has failed is left in FOLDER/failed, a line each.
"""

import os
import signal
import sys
from pathlib import Path
from threading import Thread
from typing import Any

from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

GRACE = 5  # seconds between asking a process to end and killing it


def end_with_the_worker() -> None:
    """From now on this process ends when its input is closed, as it is when the worker that started it is killed."""

    def wait() -> None:
        sys.stdin.read()
        os.kill(os.getpid(), signal.SIGTERM)

    Thread(target=wait, daemon=True).start()


def _launch(folder: Path, n: int) -> None:
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=n,
        run_id=folder.name,
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        local_addr="localhost",
        max_restarts=0,  # the run's next attempt is the restart
        logs_specs=DefaultLogsSpecs(log_dir=str(folder)),
        shutdown_timeout=GRACE,
    )
    try:
        elastic_launch(config, sys.executable)("-m", "learning.engine.distributed", folder)
    except ChildFailedError as error:
        lines = [f"rank {rank}: {_message(failure)}" for rank, failure in sorted(error.failures.items())]
        (folder / "failed").write_text("\n".join(lines))
        sys.exit(1)


def _message(failure: ProcessFailure) -> str:
    told: Any = failure.message  # torch's record of an exception, or a sentence where there was none
    return " ".join((told["message"] if isinstance(told, dict) else told).split())


if __name__ == "__main__":
    end_with_the_worker()
    _launch(Path(sys.argv[1]), int(sys.argv[2]))
