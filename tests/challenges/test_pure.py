"""The library's boundary: usable from a notebook with no settings module."""

import subprocess
import sys


def test_the_library_loads_neither_django_nor_torch() -> None:
    code = (
        "import sys; from annotations.challenges import registry, sprite; "
        "print(sorted({'django', 'torch', 'celery'} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
