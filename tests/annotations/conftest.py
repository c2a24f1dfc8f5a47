from collections.abc import Callable, Sequence
from itertools import count

import pytest

from accounts.models import User
from annotations.challenges.registry import KINDS
from annotations.models import Annotator, AnswerKind, Challenge, ControlAnswer, Tile
from annotations.services.annotators import annotator_for
from annotations.services.answering import challenge_answer, composed_of
from annotations.services.consensus import consensus_refit
from annotations.services.issuing import challenge_issue
from gallery.models import DataSet, Image, Source, Split, Tag

Says = Callable[[int], int]


@pytest.fixture
def pictures(dataset: DataSet, alice: User) -> Callable[..., list[Image]]:
    """Put n images of a shade into the data set as rows alone, without files. An image's name is its true class."""
    numbers = count()

    def add(n: int, shade: int, *, label: bool = False, split: str = Split.POOL, by: User = alice) -> list[Image]:
        images = Image.objects.bulk_create(
            Image(
                dataset=dataset,
                uploader=by,
                name=str(shade),
                width=40,
                height=40,
                digest=f"{next(numbers):064x}",
                split=Split.GOLD if label else split,
            )
            for _ in range(n)
        )
        cls = dataset.classes.get(index=shade)
        Tag.objects.bulk_create(Tag(image=image, source=Source.OWNER, label=cls) for image in images if label)
        return images

    return add


@pytest.fixture
def shades(dataset: DataSet, pictures) -> DataSet:
    """The data set with 24 gold images a class and 30 that nobody has labelled."""
    for shade in range(3):
        pictures(24, shade, label=True)
        pictures(10, shade)
    return dataset


@pytest.fixture
def b(bob: User) -> Annotator:
    return annotator_for(bob)


@pytest.fixture
def c(charlie: User) -> Annotator:
    return annotator_for(charlie)


@pytest.fixture
def answers() -> Callable[..., object]:
    """What somebody sends who sees every class rightly and says what `says` makes of it."""

    def raw(challenge: Challenge, says: Says = lambda truth: truth) -> object:
        said = [says(true_class(tile)) for tile in challenge.tiles.select_related("image").order_by("position")]
        if challenge.kind == "strip":
            return "".join("dml"[cls] for cls in said)
        return KINDS[challenge.kind].say(composed_of(challenge), said)

    return raw


@pytest.fixture
def solve(dataset: DataSet, answers) -> Callable[..., Challenge]:
    """Issue a challenge and answer it."""

    def go(annotator: Annotator, says: Says = lambda truth: truth, kind: str = "strip") -> Challenge:
        challenge = challenge_issue(dataset=dataset, annotator=annotator, kind=kind)
        challenge_answer(challenge=challenge, annotator=annotator, raw=answers(challenge, says))
        challenge.refresh_from_db()
        return challenge

    return go


@pytest.fixture
def grade(dataset: DataSet, pictures) -> Callable[..., None]:
    """Let people have answered n controls, rightly or each wrongly, and fit everybody anew."""

    def go(people: Sequence[Annotator], *, right: bool = True, n: int = 15) -> None:
        image = pictures(1, 0, label=True)[0]
        ControlAnswer.objects.bulk_create(
            ControlAnswer(
                dataset=dataset,
                annotator=person,
                image=image,
                kind=AnswerKind.CHOICE,
                truth=i % 3,
                answer=i % 3 if right else (i + 1) % 3,
                correct=right,
            )
            for person in people
            for i in range(n)
        )
        consensus_refit(dataset=dataset)

    return go


@pytest.fixture
def issue_of(dataset: DataSet) -> Callable[..., Challenge]:
    """A challenge of exactly these images, all of them unknown."""

    def make(annotator: Annotator, images: Sequence[Image], kind: str = "strip") -> Challenge:
        assert len(images) == KINDS[kind].size
        template = challenge_issue(dataset=dataset, annotator=annotator, kind=kind)
        template.tiles.all().delete()
        Tile.objects.bulk_create(Tile(challenge=template, position=i, image=image) for i, image in enumerate(images))
        return template

    return make


def true_class(tile: Tile) -> int:
    return int(tile.image.name) if tile.truth is None else tile.truth
