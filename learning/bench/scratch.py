"""A database and a media folder that end with the benchmark: what is there already is neither read nor touched."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from celery import current_app
from django.db import connection
from django.test.utils import override_settings


@contextmanager
def scratch() -> Iterator[Path]:
    """Inside, tasks run where they are rung for, in this process."""
    eager, name = current_app.conf.task_always_eager, connection.settings_dict["NAME"]
    with tempfile.TemporaryDirectory(prefix="tessera-bench-") as folder:
        var = Path(folder)
        if connection.vendor == "sqlite":
            connection.settings_dict["TEST"]["NAME"] = str(var / "bench.sqlite3")
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        try:
            current_app.conf.task_always_eager = True
            folders = {"VAR_DIR": var, "MEDIA_ROOT": var / "media"}
            with override_settings(ALLOWED_HOSTS=["testserver"], NETWORK_LIMITS=False, **folders):
                yield var
        finally:
            current_app.conf.task_always_eager = eager
            connection.creation.destroy_test_db(name, verbosity=0)


def address() -> str:
    """Of the database that is open here: a scratch one, which no setting names."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
