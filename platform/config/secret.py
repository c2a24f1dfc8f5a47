"""A secret key for a machine that was given none: made once, kept beside the data it protects."""

import contextlib
import os
import secrets
from pathlib import Path


def secret_key(var: Path) -> str:
    path = var / "secret_key"
    if not path.exists():
        var.mkdir(parents=True, exist_ok=True)
        draft = var / f".secret_key.{os.getpid()}"
        draft.write_text(secrets.token_urlsafe(50))
        draft.chmod(0o600)
        # Of two processes that start at once, the first link wins and both read it.
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_text()
