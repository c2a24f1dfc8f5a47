"""A firm image serves as a control, and may be wrong: what enough trusted people contradict is in doubt.

It is asked about again, and what was answered to it as a control counts neither for anybody nor against.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable

from annotations.models import Consensus, ConsensusState, Contradiction, ControlAnswer, Reliability
from annotations.selectors import CONTRADICTORS, PERSON, blocked_people, controls_counted, known_of
from gallery.models import DataSet


def disputed_in(dataset: DataSet, person: Reliability, controls: Iterable[ControlAnswer]) -> set[int]:
    """The images that these answers contradict, if this person's word can bring them into doubt."""
    wrong = [control.image_id for control in controls if not control.correct]
    return _agreed(dataset, wrong) if person.trusted and wrong else set()


def contradictions_record(*, dataset: DataSet, disputed: set[int], rows: dict[int, Consensus]) -> list[int]:
    """Those of the disputed images that the answers to them bring into doubt, each with its row in the ledger.

    `rows`: of all images that the challenge touches, locked: of two who contradict an image at once, the second then
    sees the first's answer, and a third finds the image open.
    """
    agreed = {image: rows[image].label for image in disputed if rows[image].state == ConsensusState.ACCEPTED}
    if not agreed:
        return []
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
