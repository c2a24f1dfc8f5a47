"""A challenge's picture: drawn ahead where it is assembled ahead, and the same bytes for as long as it is open."""

from collections.abc import Iterable
from datetime import timedelta
from threading import Lock

from cachetools import LRUCache, cached
from django.core.cache import cache
from django.db.models import UUIDField
from PIL import Image as Picture

from annotations.challenges import sprite
from annotations.challenges.registry import KINDS
from annotations.models import Challenge, Tile
from gallery.models import Image
from gallery.prepared import One, Prepared

AT_HAND = 48 * 2**20  # bytes of pictures that a process keeps in the size that tiles are drawn from
TAKEN_OUT = Prepared(
    lambda several: (
        Tile.objects.filter(challenge=One("challenge", UUIDField()))
        .exclude(image__deleted_at=None, image__withdrawn_at=None)
        .values_list("pk")[:1]
    )
)
FORMATS = ("WEBP", "JPEG", "PNG")  # of thumbnails: ours are of the first; to try all that there are takes longer
BLANK = Picture.new("RGB", (1, 1), sprite.BACKGROUND)


def challenge_picture(challenge: Challenge) -> bytes:
    """One sprite for all tiles, drawn anew for each challenge, so that no address and no hash tells an image."""
    ahead = cache.get(_key(challenge))
    # Where a picture was taken out since, it is drawn anew with an empty tile. The answer then gets a new challenge, no
    # verdict.
    if ahead and not TAKEN_OUT.all(challenge=challenge.pk):
        return bytes(ahead)
    tiles = challenge.tiles.select_related("image").order_by("position")
    return _drawn(challenge, [tile.image for tile in tiles])


def pictures_draw(challenges: Iterable[Challenge], keep: timedelta) -> None:
    """Draw them ahead."""
    challenges = list(challenges)
    tiles = Tile.objects.filter(challenge__in=challenges).select_related("image").order_by("position")
    images: dict[object, list[Image]] = {challenge.pk: [] for challenge in challenges}
    for tile in tiles:
        images[tile.challenge_id].append(tile.image)
    drawn = {_key(challenge): _drawn(challenge, images[challenge.pk]) for challenge in challenges}
    cache.set_many(drawn, keep.total_seconds())


def _key(challenge: Challenge) -> str:
    return f"annotations.picture.{challenge.pk}"


def _drawn(challenge: Challenge, images: list[Image]) -> bytes:
    columns, campaign = KINDS[challenge.kind].columns, getattr(challenge.dataset, "campaign", None)
    flip = campaign is not None and campaign.flips
    return sprite.render([_open(image) for image in images], columns=columns, seed=challenge.seed, flip=flip)


def _open(image: Image) -> Picture.Image:
    try:
        return _small(image) if image.is_shown else BLANK
    except FileNotFoundError:
        return BLANK


@cached(
    LRUCache(AT_HAND, getsizeof=lambda picture: 3 * picture.width * picture.height),
    key=lambda image: (image.thumbnail.name, image.uploaded_at),
    lock=Lock(),
)
def _small(image: Image) -> Picture.Image:
    with image.thumbnail.open("rb") as file:
        return sprite.prepared(Picture.open(file, formats=FORMATS))
