"""A web server and a worker of their own over a scratch database, and an uploader who talks to them over HTTP."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from io import BytesIO
from pathlib import Path
from socket import socket
from time import monotonic, sleep
from typing import NamedTuple
from unittest.mock import patch
from urllib.parse import urlsplit

import redis
from django.conf import settings
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from knox.models import AuthToken

from accounts.models import User
from learning.bench.scratch import address
from learning.demo.checks import ADDRESS
from learning.demo.processes import Child, running, server_command, wait

WEB = ("--workers", "2", "--threads", "8")  # as the image that we ship starts it
WORKER = ["celery", "-A", "config", "worker", "-B", "-c", "1", "--loglevel", "INFO"]
REDIS_DATABASE = "/14"
PATIENCE = 120.0  # seconds until something must have come


class Photo(NamedTuple):
    name: str
    data: bytes


class Uploader:
    """One connection of somebody who is logged in, and has a token too."""

    def __init__(self, port: int, token: str, session: str) -> None:
        self.connection = HTTPConnection(ADDRESS, port, timeout=PATIENCE)
        self.token, self.session = token, session

    def page(self, path: str) -> str:
        self.connection.request("GET", path, headers={"Cookie": f"{settings.SESSION_COOKIE_NAME}={self.session}"})
        return self._answer(200)

    def send(self, dataset: int, photos: Sequence[Photo], sent: Callable[[], None] = lambda: None) -> str:
        """What the API answers. `sent` is called when the last byte has gone."""
        body = encode_multipart(BOUNDARY, {"files": [_file(photo) for photo in photos]})
        headers = {"Authorization": f"Token {self.token}", "Content-Type": MULTIPART_CONTENT}
        self.connection.request("POST", f"/api/v1/datasets/{dataset}/images/", body, headers)
        sent()
        return self._answer(201)

    def _answer(self, status: int) -> str:
        response = self.connection.getresponse()
        text = response.read().decode()
        if response.status != status:
            raise RuntimeError(f"the site answered {response.status}: {text[:300]}")
        return text


def _file(photo: Photo) -> BytesIO:
    file = BytesIO(photo.data)
    file.name = photo.name
    return file


class Site:
    """`port` None: there is a worker alone."""

    def __init__(self, children: Sequence[Child], port: int | None) -> None:
        self.children, self.port = children, port

    def uploader(self, user: User) -> Uploader:
        assert self.port is not None
        client = Client()
        client.force_login(user)
        _, token = AuthToken.objects.create(user=user)
        return Uploader(self.port, token, client.cookies[settings.SESSION_COOKIE_NAME].value)

    def until(self, come: Callable[[], bool], what: str, *, every: float = 0.1, patience: float = PATIENCE) -> None:
        """Raises RuntimeError when it doesn't come, CannotStart when a process has ended."""
        deadline = monotonic() + patience
        while not come():
            if monotonic() > deadline:
                raise RuntimeError(f"{what}: it takes too long")
            self.pause(every)

    def pause(self, seconds: float) -> None:
        wait(self.children, seconds=seconds)


@contextmanager
def site(var: Path, *, web: bool = True) -> Iterator[Site]:
    """Inside `scratch`, from when both work. The broker is Redis, in an emptied database of its own, or else files."""
    port = free_port() if web else None
    commands = {"worker": WORKER}
    if port:
        commands["web"] = server_command(port)
    with patch.dict(os.environ, environment(var)), running(commands) as children:
        found = Site(children, port)
        if port:
            found.until(lambda: answers(port), "the web server")
        found.until(lambda: b"succeeded" in children[0].log.read_bytes(), "the worker's first task")
        yield found


@contextmanager
def web(var: Path, module: str, *, worker: bool = False, **more: str) -> Iterator[int]:
    """A web server's port, from when it answers. A worker beside it assembles challenges ahead."""
    port = free_port()
    commands = {module: ["gunicorn", module, "--bind", f"{ADDRESS}:{port}", *WEB]}
    if worker:
        commands["worker"] = WORKER
    with patch.dict(os.environ, environment(var) | more), running(commands) as children:
        found = Site(children, port)
        found.until(lambda: answers(port), "the web server")
        if worker:
            found.until(lambda: b"succeeded" in children[-1].log.read_bytes(), "the worker's first task")
        yield port


def environment(var: Path) -> dict[str, str]:
    """What a process of the site is told of the scratch database and folders."""
    own = {"DATABASE_URL": address(), "REDIS_URL": _own_broker(), "TESSERA_VAR_DIR": str(var)}
    # The same key, or what is signed here would be nothing there.
    own |= {"TESSERA_SECRET_KEY": settings.SECRET_KEY, "TESSERA_LOG_LEVEL": "INFO"}
    own["TESSERA_NETWORK_LIMITS"] = "0"  # everybody comes from this machine, and more than people ever would
    return own | {"TESSERA_MEDIA_DIR": str(settings.MEDIA_ROOT), "TESSERA_WEIGHTS_DIR": str(settings.WEIGHTS_DIR)}


def _own_broker() -> str:
    if not settings.REDIS_URL:
        return ""
    own = urlsplit(settings.REDIS_URL)._replace(path=REDIS_DATABASE).geturl()
    redis.Redis.from_url(own).flushdb()
    return own


def free_port() -> int:
    with socket() as probe:
        probe.bind((ADDRESS, 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    connection = HTTPConnection(ADDRESS, port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        sleep(0.2)
        return False
    finally:
        connection.close()
