import shutil
import tempfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from celery import current_app
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from PIL import Image as Picture

from accounts.models import Role, User
from annotations.challenges.share import SETTLED
from annotations.models import Annotator, AnswerKind, Campaign, ControlAnswer, Publication, Reliability
from annotations.selectors import campaign_of
from annotations.services import counting
from gallery.models import DataSet, Image, Visibility
from gallery.services.datasets import dataset_create
from tests.pictures import pictures_put


@pytest.fixture(scope="session", autouse=True)
def var_dir() -> Iterator[Path]:
    """Whatever a test stores goes to a folder that ends with the run."""
    folder = Path(tempfile.mkdtemp(prefix="tessera-tests-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None, var_dir: Path) -> None:
    """SQLite in a file: threads can't share a database in memory without sharing its transactions too. PostgreSQL
    gives up where one waits for another that has been forgotten: nothing else ends that."""
    if connection.vendor == "sqlite":
        connection.settings_dict["TEST"]["NAME"] = str(var_dir / "test.sqlite3")
    else:
        connection.settings_dict["OPTIONS"] |= {"options": "-c lock_timeout=60s"}


@pytest.fixture(scope="session", autouse=True)
def tasks_run_in_place() -> None:
    current_app.conf.task_always_eager = True


@pytest.fixture(autouse=True)
def own_storage(settings, var_dir: Path) -> None:
    settings.VAR_DIR = var_dir
    settings.MEDIA_ROOT = var_dir / "media"
    settings.WEIGHTS_DIR = var_dir / "weights"
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    settings.LIMITS_STORE, settings.NETWORK_LIMITS = "memory://", False
    counting.store.cache_clear()
    cache.clear()  # so that nobody is too many for the tests before
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def alice(db) -> User:
    """Owns the data set."""
    return User.objects.create_user("alice@example.org", "tessera-alice", name="Alice")


@pytest.fixture
def bob(db) -> User:
    """Annotates it."""
    return User.objects.create_user("bob@example.org", "tessera-bob", name="Bob")


@pytest.fixture
def charlie(db) -> User:
    """A stranger to it."""
    return User.objects.create_user("charlie@example.org", "tessera-charlie", name="Charlie")


@pytest.fixture
def rita(db) -> User:
    """Reviews."""
    return User.objects.create_user("rita@example.org", "tessera-rita", name="Rita", role=Role.REVIEWER)


@pytest.fixture
def ada(db) -> User:
    """Administers."""
    return User.objects.create_user("ada@example.org", "tessera-ada", name="Ada", role=Role.ADMINISTRATOR)


@pytest.fixture
def dataset(alice: User) -> DataSet:
    """Alice's public data set of three classes with keys, without images."""
    return dataset_create(
        owner=alice,
        name="Shades",
        classes=[("dark", "d"), ("middle", "m"), ("light", "l")],
        visibility=Visibility.PUBLIC,
    )


@pytest.fixture
def picture() -> Callable[..., SimpleUploadedFile]:
    """An uploaded PNG of one colour; another colour is another picture."""

    def make(name: str = "a.png", colour: tuple[int, int, int] = (10, 20, 30), side: int = 40) -> SimpleUploadedFile:
        file = BytesIO()
        Picture.new("RGB", (side, side), colour).save(file, "PNG")
        return SimpleUploadedFile(name, file.getvalue(), content_type="image/png")

    return make


@pytest.fixture
def add_images(dataset: DataSet, alice: User, picture) -> Callable[..., list[Image]]:
    """Put n pictures of a class's shade into the data set; with `label`, Alice says what they are."""

    def add(n: int, shade: int, *, label: bool = False, split: str = "pool") -> list[Image]:
        start = dataset.images.count()
        files = [picture(f"{start + i}.png", (shade * 80 + 20, start + i, i)) for i in range(n)]
        said = dataset.classes.get(index=shade) if label else None
        return pictures_put(dataset, alice, [(file.name, file.read()) for file in files], split, said)

    return add


@pytest.fixture
def published(dataset: DataSet, add_images) -> DataSet:
    """Shades with 24 gold pictures a class and 20 unknown ones, in public challenges."""
    for shade in range(3):
        add_images(24, shade, label=True)
    add_images(20, 1)
    Campaign.objects.filter(pk=campaign_of(dataset).pk).update(publication=Publication.APPROVED)
    return dataset


@pytest.fixture
def relied_on(published: DataSet) -> Callable[[Annotator], Annotator]:
    """Make somebody one who has shown on Shades that there is no doubt about them."""

    def make(annotator: Annotator) -> Annotator:
        image = published.images.first()
        answer = {"kind": AnswerKind.CHOICE, "truth": 0, "answer": 0, "correct": True}
        ControlAnswer.objects.bulk_create(
            ControlAnswer(dataset=published, annotator=annotator, image=image, **answer) for _ in range(SETTLED)
        )
        Reliability.objects.create(annotator=annotator, dataset=published, accuracy=0.97, low=0.9)
        return annotator

    return make
