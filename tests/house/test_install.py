"""Pins: one truth, exact, and what is installed here."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXACT = re.compile(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*")


def constraints() -> list[str]:
    return [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]


def direct() -> list[str]:
    return PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"]


def names(pins: list[str]) -> set[str]:
    return {str(canonicalize_name(pin.split("==")[0])) for pin in pins}


def needed(roots: set[str]) -> set[str]:
    """Everything that these bring along on this machine, by the installed packages' own word."""
    found: set[str] = set()
    waiting = set(roots)
    while waiting:
        name = waiting.pop()
        found.add(name)
        for requirement in map(Requirement, requires(name) or []):
            wanted = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
            other = str(canonicalize_name(requirement.name))
            if wanted and other not in found:
                waiting.add(other)
    return found


def test_every_pin_is_exact() -> None:
    assert [pin for pin in direct() + constraints() if not EXACT.fullmatch(pin)] == []


def test_no_package_is_pinned_in_two_places() -> None:
    assert names(direct()) & names(constraints()) == set()


@pytest.mark.parametrize("pin", direct() + constraints())
def test_what_runs_here_is_what_is_pinned(pin: str) -> None:
    name, pinned = pin.split("==")
    try:
        installed = version(name)
    except PackageNotFoundError:
        pytest.fail(f"{name} is pinned and not installed")
    assert installed.split("+")[0] == pinned


def test_nothing_comes_along_unpinned_or_is_pinned_in_vain() -> None:
    hardware = re.compile(r"nvidia-|cuda-|triton")  # what builds of torch for a GPU bring along
    brought = {name for name in needed(names(direct())) if not hardware.match(name)}
    assert brought == names(direct()) | names(constraints())


def test_pins_are_printed_for_pip_with_development_on_request() -> None:
    def printed(*extras: str) -> list[str]:
        command = [sys.executable, str(ROOT / "deploy" / "pins"), *extras]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()

    assert printed() == PROJECT["dependencies"]
    assert printed("dev") == direct()


def test_without_python_installing_says_so_in_one_line(tmp_path: Path) -> None:
    shell = Path("/bin/sh").resolve()
    ended = subprocess.run(
        [shell, str(ROOT / "deploy" / "install")], cwd=tmp_path, env={"PATH": ""}, capture_output=True, text=True
    )
    assert ended.returncode == 1
    assert ended.stderr == "install: Python 3.11 or later is needed and none is on the PATH.\n"
    assert list(tmp_path.iterdir()) == []
