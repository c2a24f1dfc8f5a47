"""The engine is a library: no Django anywhere, and no torch where a light process goes."""

import subprocess
import sys

LIGHT = [
    *("images", "calibration", "evaluation", "stopping", "intervals", "drift", "annotators", "strategies.selection"),
    "models.catalogue",
    *(f"explanations.{module}" for module in ("asking", "lime", "occlusion", "overlay", "places", "similar")),
]
HEAVY = ["training", "models.frozen", "explanations.grad_cam"]


def loaded_after(modules: list[str], package: str) -> str:
    lines = [f"import learning.engine.{module}" for module in modules]
    if "strategies.selection" in modules:
        lines.append("learning.engine.strategies.registry.names()")
    lines.append(f"import sys; print({package!r} in sys.modules)")
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.strip()


def test_strategies_evaluation_and_reading_images_load_no_torch():
    assert loaded_after(LIGHT, "torch") == "False"


def test_the_whole_engine_loads_no_django():
    assert loaded_after(LIGHT + HEAVY, "django") == "False"
