"""Issue a challenge: who is asked, about what and how closely they are checked."""

import secrets
from collections.abc import Sequence
from uuid import UUID

import numpy as np
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext

from annotations.challenges import patience, share, worth
from annotations.challenges.registry import GLANCE, KINDS, misfits, offered
from annotations.challenges.tiles import NotEnough
from annotations.models import Annotator, Campaign, Challenge, ChallengeState, Tile
from annotations.selectors import campaign_read, faces_read, keys_of
from annotations.selectors_doubt import doubt_of, failed_in_a_row, verdicts_of
from annotations.services import asking, candidates, shelf
from annotations.services.assembly import LIFETIME, assemble, store
from annotations.services.refusals import NoChallenge, TooManySkips, TooManyTries
from annotations.services.skips import skips_wait
from annotations.spoken import spoken
from gallery.models import DataSet
from gallery.prepared import One, Prepared

OPEN = Prepared(
    lambda several: (
        Challenge.objects.filter(dataset=One("dataset"), annotator=One("annotator"), state=ChallengeState.OPEN)
        .order_by("-issued_at")
        .values_list("pk")
    )
)


def kinds_offered(dataset: DataSet, campaign: Campaign | None = None) -> list[str]:
    """Those that its owner wants, and that can be asked about its classes."""
    campaign = campaign or campaign_read(dataset)
    return [name for name in offered(keys_of(dataset)) if name in campaign.kinds]


@transaction.atomic
def challenge_issue(
    *,
    dataset: DataSet,
    annotator: Annotator,
    kind: str | None = None,
    least_doubt: float = 0.0,
    even_ended: bool = False,
    at_a_glance: bool = False,
    in_place_of: UUID | None = None,
    beside: int = 0,
) -> Challenge:
    """Hand a challenge over that is ready for this person, or compose one and lease its unknowns; retire the one that
    it replaces: whichever they have here, but for the `beside` latest that it isn't asked `in_place_of`.

    They are doubted by `least_doubt` at the least. `even_ended`: where the campaign has ended they are asked about
    controls alone, for the verdict. `at_a_glance`: who is known is asked no more than two pictures, where that does.
    """
    campaign = campaign_read(dataset)
    kinds = kinds_offered(dataset, campaign)
    if not kinds:
        reasons = " ".join(spoken(reason) for reason in misfits(campaign.kinds, keys_of(dataset)))
        raise NoChallenge(gettext("Nothing can be asked here. %(reasons)s") % {"reasons": reasons})
    if kind is not None and kind not in kinds:
        raise NoChallenge(_not_offered(kinds, kind))
    if campaign.ended_at and not even_ended:
        raise NoChallenge(gettext("This campaign has ended: nobody is asked about these pictures any more."))
    faces = faces_read(annotator)
    if any(face.blocked_at for face in faces):
        raise NoChallenge(gettext("A reviewer has stopped this annotator. The answers so far are kept."))
    failed = _failed_in_a_row(dataset, faces)
    if seconds := skips_wait(faces):
        raise TooManySkips(seconds)
    _replace(dataset, annotator, in_place_of, beside)
    doubt = max(least_doubt, doubt_of(annotator, dataset, faces, failed))
    rng = np.random.default_rng(secrets.randbits(31))
    wanted = [kind] if kind else asking.kinds_in_order(dataset, kinds, doubt, rng)
    if at_a_glance and doubt <= share.KNOWN:
        return _compose(dataset, annotator, [GLANCE, *wanted], doubt, ask=not campaign.ended_at)
    if campaign.ended_at:
        return _compose(dataset, annotator, wanted, doubt, ask=False)
    ready = shelf.take(dataset, annotator, faces, wanted[0], doubt) if wanted else None
    return ready or _compose(dataset, annotator, wanted, doubt)


def _not_offered(kinds: Sequence[str], kind: str) -> str:
    offers = gettext(" and ").join(kinds)
    return gettext("This data set offers %(kinds)s, not “%(kind)s”.") % {"kinds": offers, "kind": kind}


def _failed_in_a_row(dataset: DataSet, faces: Sequence[Annotator]) -> int:
    """How many challenges here they have failed since they last passed one. Raises TooManyTries while they wait."""
    rows = verdicts_of(dataset, faces)
    failed = failed_in_a_row(rows)
    since = (timezone.now() - rows[0][1]).total_seconds() if rows else 0.0
    if seconds := patience.seconds_left(failed, since):
        raise TooManyTries(seconds)
    return failed


def _replace(dataset: DataSet, annotator: Annotator, in_place_of: UUID | None, beside: int) -> None:
    """Asking for another gives the last one's unknowns to others. Where nobody has several widgets before them, there
    is one open challenge a person and data set."""
    others = [pk for (pk,) in OPEN.all(dataset=dataset.pk, annotator=annotator.pk) if pk != in_place_of]
    if last := others[beside:] + ([in_place_of] if in_place_of else []):
        challenges_close(Challenge.objects.filter(pk__in=last))


def challenges_close(challenges: QuerySet[Challenge]) -> None:
    """Take back those of them that are open, or ready for somebody."""
    states = [ChallengeState.OPEN, ChallengeState.READY]
    found = list(challenges.filter(state__in=states).values_list("pk", flat=True))
    if not found:
        return
    open_ones = Challenge.objects.filter(pk__in=found, state__in=states)
    # Not the unknowns of an expired one: by now they may be somebody else's.
    alive = open_ones.filter(expires_at__gt=timezone.now())
    unknowns = Tile.objects.filter(challenge__in=alive, truth=None).values_list("image", flat=True)
    candidates.release(list(unknowns))
    open_ones.update(state=ChallengeState.REPLACED)


def _compose(dataset: DataSet, annotator: Annotator, kinds: list[str], doubt: float, *, ask: bool = True) -> Challenge:
    """Of the first of these kinds that there are enough images for; with unknowns, if they are to `ask`."""
    controls = candidates.controls(dataset, annotator)
    for name in kinds:
        size = KINDS[name].size
        unknowns = candidates.unknowns(dataset, annotator, size, worth.further(size)) if ask else []
        asked = asking.Asking(dataset, name, unknowns, doubt)
        try:
            assembled = assemble(asked, controls, unknowns)
        except NotEnough:
            continue
        asked.remember([assembled.composed])
        [challenge] = store(dataset, [assembled], LIFETIME, annotator=annotator, expires_at=timezone.now() + LIFETIME)
        return challenge
    raise NoChallenge(
        gettext(
            "You have seen every picture here that an answer can be checked by. More come as people agree on others."
        )
        if annotator.challenges.filter(dataset=dataset).exists()
        else gettext("Nothing can be asked here yet: too few pictures have a known answer.")
    )
