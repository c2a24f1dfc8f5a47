"""On which terms a data set is asked about: its classes, its rule, and what the last full fit said of its crowd."""

from dataclasses import dataclass

import numpy as np

from annotations.consensus.skills import DEFAULT, Prior
from annotations.consensus.stopping import StoppingRule
from annotations.consensus.votes import BoolArray, FloatArray
from annotations.models import Campaign
from annotations.selectors import campaign_read
from gallery.models import DataSet, LabelClass

PRIOR: Prior = DEFAULT


@dataclass(frozen=True, eq=False)
class ModelSkill:
    """The model as one more annotator: how often it finds each class, (K,), its matrix (K, K), row the true class, and
    its say."""

    usual: FloatArray
    matrix: FloatArray
    say: float

    @property
    def packed(self) -> dict[str, object]:
        return {
            "usual": self.usual.round(6).tolist(),
            "matrix": self.matrix.round(6).tolist(),
            "say": round(self.say, 4),
        }


@dataclass(frozen=True, eq=False)
class Terms:
    """Read once a request, without a lock: they change in the full fit alone."""

    dataset: DataSet
    campaign: Campaign
    classes: list[LabelClass]

    @property
    def n_classes(self) -> int:
        return len(self.classes)

    @property
    def present(self) -> BoolArray:
        """Which of them were not removed, (K,)."""
        return np.array([cls.removed_at is None for cls in self.classes])

    @property
    def rule(self) -> StoppingRule:
        return StoppingRule(self.campaign.threshold, self.campaign.minimum_trusted, self.campaign.cap)

    @property
    def population(self) -> FloatArray:
        """(K, K); a class that was added since the last fit waits for the next."""
        stored = self.campaign.population
        fits = stored is not None and len(stored) == self.n_classes
        return np.array(stored) if fits else PRIOR.symmetric(self.n_classes)

    @property
    def class_prior(self) -> FloatArray:
        stored = self.campaign.class_prior
        fits = stored is not None and len(stored) == self.n_classes
        return np.array(stored) if fits else np.full(self.n_classes, 1 / self.n_classes)

    @property
    def model(self) -> ModelSkill | None:
        """As the last full fit saw it; None where it isn't asked, or a class was added since."""
        stored = self.campaign.model_skill
        if not self.campaign.use_model or stored is None or len(stored["matrix"]) != self.n_classes:
            return None
        return ModelSkill(np.array(stored["usual"]), np.array(stored["matrix"]), stored["say"])


def terms_of(dataset: DataSet) -> Terms:
    campaign = campaign_read(dataset)
    return Terms(dataset, campaign, list(dataset.classes.all()))
