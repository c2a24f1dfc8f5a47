"""What integrators are given: the helper, and the snippets of the page that tells them how."""

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
HELPERS = ROOT / "docs" / "integrate"
PAGE = ROOT / "docs" / "embedding.md"
SHOWN = re.compile(r"<!-- show: (\w+) -->\n```\w+\n(.*?)```", re.DOTALL)
SNIPPET = re.compile(r"<!-- run: (\w+) -->\n```\w+\n(.*?)```", re.DOTALL)


def helper() -> ModuleType:
    """As somebody has it who copied the file."""
    spec = importlib.util.spec_from_file_location("tessera_verify", HELPERS / "tessera_verify.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look it up
    spec.loader.exec_module(module)
    return module


def snippets() -> dict[str, str]:
    return dict(SNIPPET.findall(PAGE.read_text()))


def shown() -> dict[str, str]:
    """What goes into a page, or into its scripts."""
    return dict(SHOWN.findall(PAGE.read_text()))


def snippet(name: str, *, server: str, secret: str) -> str:
    return re.sub(r"\bSECRET\b", secret, snippets()[name].replace("https://captcha.example", server))
