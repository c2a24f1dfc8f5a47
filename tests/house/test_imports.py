"""Imports go one way, and the web process stays light."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FLOORS = ("accounts", "gallery", "annotations", "learning", "config")  # each may import what stands before it
PURE = ("annotations/consensus", "annotations/challenges", "learning/engine")
PURE_PACKAGES = tuple(library.replace("/", ".") for library in PURE)  # which may know each other
FRAMEWORKS = {"django", "rest_framework", "celery", "config", "accounts", "gallery"}


def folder(floor: str) -> Path:
    inside = ROOT / "platform" / floor
    return inside if inside.exists() else ROOT / floor


def imports(file: Path) -> Iterator[str]:
    """Dotted names that a file imports anywhere, inside functions too."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "."


def environment() -> dict[str, str]:
    return {"PYTHONPATH": "platform:.", "PATH": "/usr/bin:/bin"}


@pytest.mark.parametrize("floor", FLOORS)
def test_a_floor_knows_nothing_of_those_above(floor: str) -> None:
    above = set(FLOORS[FLOORS.index(floor) + 1 :])
    known = {(str(file), name) for file in folder(floor).rglob("*.py") for name in imports(file)}
    assert [(file, name) for file, name in sorted(known) if name.split(".")[0] in above] == []


@pytest.mark.parametrize("library", PURE)
def test_a_pure_library_knows_no_framework_and_no_table(library: str) -> None:
    app = library.split("/")[0]
    for file in (ROOT / library).rglob("*.py"):
        for name in imports(file):
            assert name.split(".")[0] not in FRAMEWORKS, f"{file} imports {name}"
            assert not name.startswith(f"{app}.") or name.startswith(PURE_PACKAGES), f"{file} imports {name}"


def test_the_linter_of_imports_agrees() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    ended = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stdout


def test_the_web_process_never_loads_torch(tmp_path: Path) -> None:
    code = (
        "import sys; from config.wsgi import application; from django.urls import get_resolver; "
        "assert len(get_resolver().url_patterns) > 4; "
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'torch', 'torchvision', 'sklearn'}))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment() | {"TESSERA_VAR_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.stdout.strip() == "[]", ended.stderr
