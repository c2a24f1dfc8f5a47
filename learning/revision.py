"""Which code this is: what a run's figures can be made again with."""

import subprocess
import tomllib
from functools import cache

from django.conf import settings


@cache
def revision() -> str:
    """The release, and the commit where there is a repository."""
    release = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["project"]["version"]
    command = ["git", "-C", str(settings.BASE_DIR), "describe", "--always", "--dirty"]
    try:
        commit = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return str(release)
    return f"{release} {commit}"
