"""Thin wrappers: a task takes ids and calls one service. What failed stays in its row, and the tick rings again."""

from celery import shared_task


@shared_task(name="annotations.refit")
def refit(pk: int) -> None:
    from annotations.services.decision_refits import refit_execute

    refit_execute(pk)


@shared_task(name="annotations.stock")
def stock() -> None:
    from annotations.services.shelf import stock as stock_one
    from annotations.services.shelf import wanted

    for dataset in wanted():
        stock_one(dataset)
