from django.apps import AppConfig


class AnnotationsConfig(AppConfig):
    name = "annotations"

    def ready(self) -> None:
        # Every process knows the tasks by name, so that ringing for one finds it also where it runs in place.
        from annotations import tasks  # noqa: F401
