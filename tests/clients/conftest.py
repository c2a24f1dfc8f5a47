import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from annotations.sites.models import Site
from annotations.sites.services.sites import site_create

SHOPS = Path(__file__).with_name("shops")
Open = Callable[..., str]


@pytest.fixture
def registered(transactional_db, bob) -> tuple[Site, str]:
    """Bob's shop, in test mode, and its secret."""
    site, secret = site_create(owner=bob, name="A shop", hosts=["127.0.0.1"])
    site.test_mode = True
    site.save()
    return site, secret


@pytest.fixture
def open_shop(live_server) -> Iterator[Open]:
    """A shop as a process of its own, on an origin of its own: the file that it is, and its keys. Gives its address."""
    opened: list[subprocess.Popen[str]] = []

    def open_one(file: str, *, sitekey: object, secret: str) -> str:
        keys = {"TESSERA": live_server.url, "SITEKEY": str(sitekey), "SECRET": secret}
        environment = os.environ | keys | {"no_proxy": "127.0.0.1,localhost"}
        environment.pop("DJANGO_SETTINGS_MODULE", None)
        shop = subprocess.Popen([sys.executable, str(SHOPS / file)], env=environment, stdout=subprocess.PIPE, text=True)
        opened.append(shop)
        assert shop.stdout
        return f"http://127.0.0.1:{int(shop.stdout.readline())}"

    yield open_one
    for shop in opened:
        shop.terminate()
        shop.wait(10)
        if shop.stdout:
            shop.stdout.close()
