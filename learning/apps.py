from django.apps import AppConfig


class LearningConfig(AppConfig):
    name = "learning"

    def ready(self) -> None:
        # Every process knows the tasks by name, so that ringing for one finds it also where it runs in place.
        from learning import tasks  # noqa: F401
