"""A firm image serves as a control, and may be wrong: what enough trusted people contradict is in doubt.

It is asked about again, and what was answered to it as a control counts neither for anybody nor against.
"""

from collections import defaultdict
from collections.abc import Collection

from annotations.models import Challenge, Consensus, ConsensusState, Contradiction, Reliability
from annotations.selectors import CONTRADICTORS, PERSON, blocked_people, controls_counted, known_of
from annotations.services import posteriors
from gallery.models import DataSet


def contradictions_record(*, challenge: Challenge, person: Reliability) -> list[int]:
    """The images that the answers to this challenge bring into doubt, each with its row in the ledger.

    Inside the answer's transaction, after the person's row. It takes the rows of all images that the challenge
    touches, by ascending id, as the update does after it: of two who contradict an image at once, the second then
    sees the first's answer, and a third finds the image open.
    """
    if not person.trusted:
        return []
    dataset = challenge.dataset
    disputed = _agreed(dataset, challenge.controlanswers.filter(correct=False).values_list("image", flat=True))
    if not disputed:
        return []
    rows = posteriors.lock(dataset, disputed | set(challenge.votes.values_list("image", flat=True)))
    agreed = {image: rows[image].label for image in disputed if rows[image].state == ConsensusState.ACCEPTED}
    found = [
        Contradiction(dataset=dataset, image_id=image, truth=agreed[image], answers=sorted(said))
        for image, said in sorted(_against(dataset, agreed).items())
        if len(set(said.values())) >= CONTRADICTORS
    ]
    Contradiction.objects.bulk_create(found)
    return [one.image_id for one in found]


def _agreed(dataset: DataSet, images: Collection[int]) -> set[int]:
    """Those of them that the crowd alone has settled, neither the owner nor a reviewer."""
    rows = Consensus.objects.filter(pk__in=images, state=ConsensusState.ACCEPTED)
    agreed = set(rows.values_list("pk", flat=True))
    if not agreed:
        return agreed
    known = known_of(dataset, agreed)
    return agreed - known.owned.keys() - known.ruled.keys()


def _against(dataset: DataSet, agreed: dict[int, int]) -> dict[int, dict[int, int]]:
    """Image id → the control answers by trusted people that contradict what is agreed, each with its person."""
    trusted = Reliability.objects.filter(dataset=dataset, trusted=True).values("annotator")
    wrong = controls_counted(dataset).filter(image__in=agreed, correct=False).annotate(person=PERSON)
    wrong = wrong.filter(person__in=trusted).exclude(person__in=blocked_people())
    found: dict[int, dict[int, int]] = defaultdict(dict)
    for answer, image, truth, person in wrong.values_list("pk", "image", "truth", "person"):
        if truth == agreed[image]:
            found[image][answer] = person
    return found
