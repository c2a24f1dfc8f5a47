"""The loop over a real Celery worker with beat, in processes of its own: SQLite and the file-system broker, or, where
DATABASE_URL and REDIS_URL are set, PostgreSQL and Redis."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg2
import pytest
from django.conf import settings

ROOT = settings.BASE_DIR
PREPARE = """
from io import BytesIO
from PIL import Image
from django.core.files.uploadedfile import SimpleUploadedFile
from accounts.models import User
from gallery.services.datasets import dataset_create
from gallery.services.images import images_upload, image_label
from learning.selectors import policy_of
user = User.objects.create_user("alice@example.org")
dataset = dataset_create(owner=user, name="Shades", classes=[("dark", "d"), ("light", "l")])
policy = policy_of(dataset)
policy.delay_seconds, policy.epochs = 0, 1
policy.save()
for n in range(24):
    file = BytesIO()
    Image.new("RGB", (16, 16), (30 + n,) * 3 if n % 2 else (220 - n,) * 3).save(file, "PNG")
    upload = SimpleUploadedFile(f"{n}.png", file.getvalue())
    image, = images_upload(dataset=dataset, files=[upload], uploader=user).accepted
    if n < 20:
        image_label(image=image, label=dataset.classes.get(name="dark" if n % 2 else "light"))
"""
WAIT = """
import time
from gallery.models import Tag, Tagging
from learning.models import ModelVersion, Retag
for _ in range(360):
    if Retag.objects.filter(state="done").exists() and not Tagging.objects.exclude(state="done").exists():
        break
    time.sleep(0.25)
print("champions", ModelVersion.objects.filter(state="champion").count())
print("tags", Tag.objects.filter(source="model").count())
"""


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A database and a broker of the test's own."""
    keep = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    keep |= {"TESSERA_VAR_DIR": str(tmp_path), "OMP_NUM_THREADS": "1", "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}"}
    server = os.environ.get("DATABASE_URL")
    if not server:
        yield keep
        return
    name = f"tessera_worker_{uuid4().hex[:8]}"
    _sql(server, f"CREATE DATABASE {name}")
    try:
        broker = urlsplit(os.environ["REDIS_URL"])._replace(path="/15").geturl()
        yield keep | {"DATABASE_URL": urlsplit(server)._replace(path=f"/{name}").geturl(), "REDIS_URL": broker}
    finally:
        _sql(server, f"DROP DATABASE {name} WITH (FORCE)")


def test_a_worker_trains_by_itself_and_tags_what_was_uploaded(environment, tmp_path):
    _manage(environment, "migrate", "-v0")
    worker = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "config", "worker", "-B", "-c", "1", "-l", "INFO"],
        cwd=ROOT,
        env=environment,
        stdout=(tmp_path / "worker.log").open("w"),
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        _manage(environment, "shell", "-v0", "-c", PREPARE)
        said = _manage(environment, "shell", "-v0", "-c", WAIT)
    finally:
        worker.send_signal(signal.SIGTERM)
        _end(worker)
    assert "champions 1" in said and "tags 24" in said, (tmp_path / "worker.log").read_text()[-3000:]


TWO_KILLED = """
import time
from functools import partial
from learning.services import checkpoints, training
from learning.services.requests import run_request
checkpoints.Checkpoints = partial(checkpoints.Checkpoints, seconds=0)
from gallery.models import DataSet
from gallery.work import SILENT_AFTER
from learning.models import TrainingRun
from django.utils import timezone
run = TrainingRun.objects.first() or run_request(dataset=DataSet.objects.get(), trigger="a test", epochs=12)
# As silent as a killed worker's run is half a minute later.
TrainingRun.objects.filter(state="running").update(heartbeat_at=timezone.now() - 2 * SILENT_AFTER)
print("starts", flush=True)
training.run_execute(run.pk)
"""
AFTER = """
from learning.models import ModelVersion, TrainingRun
run = TrainingRun.objects.get()
same = run.version.labels == run.examples.count() > 15
print(run.state, run.attempt, ModelVersion.objects.count(), same, bool(run.checkpoint))
"""


def test_a_run_whose_worker_is_killed_twice_goes_on_to_one_version_the_same_as_undisturbed(environment, tmp_path):
    _manage(environment, "migrate", "-v0")
    _manage(environment, "shell", "-v0", "-c", PREPARE)
    command = [sys.executable, "manage.py", "shell", "-v0", "-c", TWO_KILLED]
    for attempt in (1, 2):
        worker = subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True)
        _until(partial(_there_or_over, tmp_path / "media" / "checkpoints", f"*-{attempt}*", worker))
        assert worker.poll() is None, "it ended before it could be killed"
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
    subprocess.run(command, cwd=ROOT, env=environment, check=True, timeout=180)
    assert _manage(environment, "shell", "-v0", "-c", AFTER).split() == ["done", "3", "1", "True", "False"]
    assert '"same": 1.0, "confidence_off": 0.0' in _manage(environment, "retrain", "1/1")


def _there_or_over(folder: Path, name: str, worker: subprocess.Popen[bytes]) -> bool:
    return any(folder.glob(name)) or worker.poll() is not None


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not true() and time.monotonic() < deadline:
        time.sleep(0.05)


def _manage(environment: dict[str, str], *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *words], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=180
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _end(worker: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    while worker.poll() is None and time.monotonic() < deadline:
        time.sleep(0.2)
    if worker.poll() is None:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()


def _sql(server: str, statement: str) -> None:
    connection = psycopg2.connect(server)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(statement)
    connection.close()
