"""Three ways to train, each a few settings at once; what isn't named in one stays as it is."""

from typing import Any

from learning.policy_fields import Regime

PRESETS: dict[str, dict[str, Any]] = {
    "fast": {
        "regime": Regime.AUTO,
        "epochs": 5,
        "augment": "shift",
        "patience": 0,
        "ema": 0.0,
        "buffer_size": 25,
    },
    "balanced": {
        "regime": Regime.AUTO,
        "epochs": 10,
        "augment": "shift",
        "patience": 0,
        "ema": 0.0,
        "buffer_size": 50,
    },
    "best": {
        "regime": Regime.TRANSFER,
        "epochs": 40,
        "augment": "crop",
        "patience": 5,
        "ema": 0.99,
        "buffer_size": 100,
    },
}
WORDS = {
    "fast": "Fast: fresh versions within seconds",
    "balanced": "Balanced: what a new data set begins with",
    "best": "Best: longer runs, and a pretrained network is bent to your pictures",
}
