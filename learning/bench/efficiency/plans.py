"""What is measured: which images, by which network, from how many labels to how many, by which strategies and seeds."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from learning.engine.strategies.options import Options

DIGITS = "digits"  # scikit-learn's, which need no file
SMALL_CNN = "small_cnn"
BACKBONE = "mobilenet_v2_0.35"
DEFAULT, RANDOM = "default", "random"
DEAR = (RANDOM, "entropy", "margin", "badge", "vessal", "learning_loss", DEFAULT)  # where a network trains for long
CROWD = (RANDOM, "entropy", "margin", "badge", "vessal", "active_lab", DEFAULT)
FORMS = ("vessal_stream", "vessal_256", "vessal_whole")  # see `variants`
FIVE, THREE = (0, 1, 2, 3, 4), (0, 1, 2)


@dataclass(frozen=True)
class Choice:
    """A strategy as a policy has it; `name` is its line in the table."""

    name: str
    strategy: str
    p: float = 0.0
    duplicates: float = 1.0
    outliers: float = 0.0
    balance: bool = False

    @property
    def options(self) -> Options:
        return Options(self.duplicates, self.outliers, self.balance)


@dataclass(frozen=True)
class Plan:
    """`data`: a file, or "digits". `pool`: images of it at most that are chosen from. `imbalance`: how many times
    rarer the rarest class is; above 1 the score is balanced accuracy. `crowd`: a file of people's votes that answers in
    place of the truth, and then start, step and budget count votes. `test`: a file whose test images a model is judged
    on, where not a part of the data's own."""

    name: str
    data: str
    network: str
    start: int
    step: int
    budget: int
    strategies: tuple[str, ...]
    seeds: tuple[int, ...]
    pool: int = 10_000
    imbalance: float = 1.0
    crowd: str = ""
    test: str = ""

    def __post_init__(self) -> None:
        if not 0 < self.start <= self.budget or self.step < 1:
            raise ValueError(f"it takes a start, no more than the budget, and a step; not {self.start}, {self.step}")
        if not self.seeds or not self.strategies:
            raise ValueError("it takes a seed and a strategy at least")
        if self.imbalance < 1:
            raise ValueError(f"the rarest class is at least once rarer, not {self.imbalance} times")

    def key(self, choice: Choice, seed: int) -> str:
        """A digest of all that a curve hangs on, but for the code; wherever the files lie."""
        facts = asdict(self) | {"choice": asdict(choice), "seed": seed}
        facts |= {"data": Path(self.data).name, "crowd": Path(self.crowd).name, "test": Path(self.test).name}
        for unneeded in ("name", "strategies", "seeds"):
            del facts[unneeded]
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def table(shared: Path, all_strategies: tuple[str, ...]) -> list[Plan]:
    """Every set of the table. `shared` holds data/ and weights/."""
    data = shared / "data"
    cifar, svhn, crowd = str(data / "cifar10.npz"), str(data / "svhn.npz"), data / "crowd"
    return [
        Plan("digits", DIGITS, SMALL_CNN, 40, 20, 300, (*all_strategies, *FORMS), FIVE),
        Plan("cifar10_longtail", cifar, BACKBONE, 50, 50, 600, (*all_strategies, FORMS[0]), FIVE, imbalance=20),
        Plan("cifar10_features", cifar, BACKBONE, 50, 50, 600, all_strategies, FIVE, pool=5000),
        Plan("svhn_features", svhn, BACKBONE, 50, 50, 600, all_strategies, FIVE),
        Plan("svhn", svhn, SMALL_CNN, 100, 100, 600, DEAR, THREE),
        Plan("cifar10", cifar, SMALL_CNN, 200, 300, 2000, DEAR, THREE),
        Plan(
            "cifar10h_crowd",
            str(data / "cifar10h_500_images.npz"),
            BACKBONE,
            100,
            100,
            700,
            CROWD,
            FIVE,
            crowd=str(crowd / "cifar10h_500.labels.csv"),
            test=cifar,
        ),
        Plan(
            "labelme_crowd",
            str(data / "photos" / "labelme_1000.zip"),
            BACKBONE,
            200,
            200,
            1400,
            CROWD,
            FIVE,
            crowd=str(crowd / "labelme.labels.csv"),
        ),
    ]
