# Celery's app becomes the current one in every process, so that any of them can ring a worker's door-bell.
from config.celery import app as celery_app

__all__ = ["celery_app"]
