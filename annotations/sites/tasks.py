"""Thin wrappers, as elsewhere: a task calls one service, and running it twice is harmless."""

from celery import shared_task


@shared_task(name="sites.visits_forget")
def visits_forget() -> None:
    from annotations.sites.services.forgetting import visits_forget as forget

    forget()
