"""What it saves to stop asking in time, against asking everybody's pictures a fixed number of times."""

from dataclasses import dataclass

from django.db.models import Count, Q, Sum

from annotations.models import Consensus, ConsensusState
from gallery.models import DataSet

OVERLAP = 5  # answers a picture, the usual fixed number


@dataclass(frozen=True)
class Savings:
    """Pictures that are accepted and the votes spent on them; pictures still open and the votes expected for them."""

    accepted: int
    votes: int
    waiting: int
    further: float

    @property
    def fixed(self) -> int:
        return OVERLAP * self.accepted

    @property
    def saved(self) -> int:
        """Below zero where it took more."""
        return self.fixed - self.votes

    @property
    def excess(self) -> int:
        return -self.saved

    @property
    def a_picture(self) -> float | None:
        return self.votes / self.accepted if self.accepted else None


def savings_of(dataset: DataSet) -> Savings:
    accepted, waiting = Q(state=ConsensusState.ACCEPTED), Q(state=ConsensusState.OPEN)
    found = Consensus.objects.filter(dataset=dataset).aggregate(
        accepted=Count("pk", filter=accepted),
        votes=Sum("votes", filter=accepted, default=0),
        waiting=Count("pk", filter=waiting),
        further=Sum("further", filter=waiting, default=0.0),
    )
    return Savings(**found)
