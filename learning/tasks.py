"""Thin wrappers: a task takes ids and calls one service. A failed attempt stays in its row, and the tick rings again.

The services are imported inside, so that a web process, which only rings, never loads torch.
"""

from typing import Any

from celery import shared_task
from celery.signals import worker_process_init


@worker_process_init.connect
def warm_up(**_: Any) -> None:
    """A worker loads torch as it starts, so that the first upload waits no longer than the others."""
    import learning.services.tagging  # noqa: F401


@shared_task(name="learning.tag_images")
def tag_images(images: list[int]) -> None:
    from learning.services.tagging import images_tag

    images_tag(images)


@shared_task(name="learning.train")
def train(run: int) -> None:
    """Of a message only that there is one counts: many for one data set get it no more than its turn."""
    from learning.services.training import run_execute
    from learning.services.turns import next_run

    if (due := next_run()) is not None:
        run_execute(due)


@shared_task(name="learning.retag")
def retag(pk: int) -> None:
    from learning.services.tagging import retag_execute

    retag_execute(pk)


@shared_task(name="learning.sample")
def sample(pk: int) -> None:
    from learning.services.sampling import round_execute

    round_execute(pk)


@shared_task(name="learning.drift")
def drift(pk: int) -> None:
    from learning.services.drifting import drift_execute

    drift_execute(pk)


@shared_task(name="learning.explain")
def explain(pk: int) -> None:
    from learning.services.explaining import explanation_execute

    explanation_execute(pk)


@shared_task(name="learning.classes_settle")
def classes_settle(dataset: int) -> None:
    from gallery.models import DataSet
    from learning.services.classes import classes_settle as settle

    settle(dataset=DataSet.objects.get(pk=dataset))


@shared_task(name="learning.tick")
def tick() -> None:
    from learning.services.ticking import tick as tick_once

    tick_once()


@shared_task(name="learning.train_what_is_due")
def train_what_is_due() -> None:
    from learning.services.ticking import train_what_is_due as train_now

    train_now()
