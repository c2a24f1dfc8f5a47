"""The shape of the tree: platform/ is a source root, and each room stands where the map says."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("platform", "annotations", "learning")
# config's own hands Celery's app to every process.
INITS = [init for room in ROOMS for init in sorted((ROOT / room).rglob("__init__.py")) if init.parent.name != "config"]


def python(code: str, *, path: str = "platform:.") -> str:
    """What a fresh interpreter prints, with the import path that manage.py, pytest and compose give."""
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PYTHONPATH": path, "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    ).stdout.strip()


def test_platform_is_no_package() -> None:
    assert not (ROOT / "platform" / "__init__.py").exists()


def test_the_standard_librarys_platform_is_still_the_one_that_celery_imports() -> None:
    code = "import platform, celery; print(platform.python_version(), celery.__version__)"
    assert python(code).split() == [sys.version.split()[0], pinned("celery")]


@pytest.mark.parametrize("package", ["config", "accounts", "gallery", "annotations", "learning"])
def test_a_room_is_found_where_the_map_says(package: str) -> None:
    where = Path(python(f"import importlib.util as u; print(u.find_spec('{package}').origin)")).parent
    expected = ROOT / "platform" / package if package in {"config", "accounts", "gallery"} else ROOT / package
    assert where.resolve() == expected


@pytest.mark.parametrize(
    "entry",
    [
        *("manage.py", "Makefile", "pyproject.toml", "constraints.txt", "Dockerfile", "docker-compose.yml"),
        *("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE"),
        *("annotations", "learning", "platform", "templates", "static", "tests", "docs", "deploy", ".ci/run"),
    ],
)
def test_the_map_of_the_tree_holds(entry: str) -> None:
    assert (ROOT / entry).exists()


@pytest.mark.parametrize("init", INITS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_package_imports_nothing_by_being_imported(init: Path) -> None:
    assert init.read_text() == ""


def pinned(name: str) -> str:
    pins = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    return next(pin.split("==")[1] for pin in pins if pin.split("==")[0] == name)


def test_the_readme_explains_every_variable_that_the_settings_read() -> None:
    settings = (ROOT / "platform" / "config" / "settings.py").read_text()
    read = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', settings))
    rows = re.findall(r"^\| (`[A-Z_`, ]+`) \|", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"[A-Z_]+", row)} == read


def test_the_readme_leads_from_an_address_to_a_file_that_is_there() -> None:
    files = re.findall(r"`((?:platform|annotations|learning)/[\w/]+(?:\.py|/))`", (ROOT / "README.md").read_text())
    assert len(files) > 15
    assert [file for file in files if not (ROOT / file).exists()] == []
