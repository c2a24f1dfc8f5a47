"""Gold: who makes it, where it comes from, what becomes of it, and which of it is in doubt itself."""

from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from accounts.models import AuditEntry
from annotations.challenges.share import LEAST
from annotations.models import (
    Annotator,
    AnswerKind,
    Challenge,
    ChallengeState,
    Consensus,
    ControlAnswer,
    Gold,
    QueueItem,
    Reliability,
    Tile,
)
from annotations.selectors_gold import gold_images, gold_items, gold_suspects
from annotations.services import candidates
from annotations.services.answering import challenge_answer
from annotations.services.gold import NotGold, gold_add, gold_retire, gold_unretire
from annotations.services.gold_import import BadFile, gold_import
from annotations.services.issuing import challenge_issue
from annotations.services.refusals import TooManyTries
from annotations.services.votes import vote_correct
from gallery.models import DataSet, Image, Source, Split, Tag
from learning.selectors import training_labels

pytestmark = pytest.mark.django_db


def wrong(truth: int) -> int:
    return (truth + 1) % 3


def control_ids(dataset: DataSet, annotator: Annotator) -> set[int]:
    return {control.image_id for control in candidates.controls(dataset, annotator)}


@pytest.fixture
def dark(dataset: DataSet):
    return dataset.classes.get(index=0)


@pytest.fixture
def said(dataset: DataSet):
    """People answer an image as a control, each person once; `trusted` people are known to be reliable here."""

    def go(image: Image, *answers: int, kind: int = AnswerKind.CHOICE, trusted: bool = True) -> None:
        for answer in answers:
            person = Annotator.objects.create()
            Reliability.objects.create(annotator=person, dataset=dataset, trusted=trusted)
            ControlAnswer.objects.create(
                dataset=dataset, annotator=person, image=image, kind=kind, answer=answer, truth=0, correct=answer == 0
            )

    return go


# ── Adding ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_the_owner_makes_gold_bears_their_word_and_is_a_control(dataset, pictures, alice, dark, b, c) -> None:
    image = pictures(1, 0)[0]
    vote_correct(image=image, label=dataset.classes.get(index=1), annotator=c)
    assert QueueItem.objects.filter(image=image).exists()
    assert Consensus.objects.filter(image=image).exists()
    added = gold_add(dataset=dataset, labels=[(image, dark)], by=alice)
    image.refresh_from_db()
    assert ([done.pk for done in added.images], added.refused, image.split) == ([image.pk], [], Split.GOLD)
    assert image.tags.get(source=Source.OWNER).label == dark
    assert (image.gold.added_by, image.gold.retired_at) == (alice, None)
    assert control_ids(dataset, b) == {image.pk}
    assert not QueueItem.objects.filter(image=image).exists()
    assert not Consensus.objects.filter(image=image).exists()
    assert AuditEntry.objects.get(verb="added gold to").detail == {"n": 1, "images": [image.pk]}


def test_an_evaluation_image_is_never_made_gold(dataset, pictures, alice, dark, b) -> None:
    image = pictures(1, 0, split=Split.EVALUATION)[0]
    stale = Image.objects.get(pk=image.pk)
    stale.split = Split.POOL  # as somebody may have read it before it was drawn
    assert "evaluation" in gold_add(dataset=dataset, labels=[(image, dark)], by=alice).refused[0][1]
    assert not Tag.objects.filter(image=image).exists()
    gold_add(dataset=dataset, labels=[(stale, dark)], by=alice)
    image.refresh_from_db()
    assert image.split == Split.EVALUATION
    assert control_ids(dataset, b) == set()


@pytest.mark.parametrize("gone", ["withdrawn_at", "deleted_at"])
def test_a_picture_that_nobody_is_shown_is_refused(dataset, pictures, alice, dark, gone: str) -> None:
    image = pictures(1, 0)[0]
    setattr(image, gone, timezone.now())
    image.save()
    assert gold_add(dataset=dataset, labels=[(image, dark)], by=alice).images == []
    assert not Gold.objects.exists()
    assert not AuditEntry.objects.exists()


def test_a_removed_class_names_no_gold(dataset, pictures, alice, dark) -> None:
    dark.removed_at = timezone.now()
    dark.save()
    assert gold_add(dataset=dataset, labels=[(pictures(1, 0)[0], dark)], by=alice).refused[0][1].endswith("removed.")


def test_another_word_on_gold_replaces_the_first_and_keeps_where_it_comes_from(dataset, pictures, alice, ada) -> None:
    image = pictures(1, 0)[0]
    for index, by in ((0, alice), (2, ada)):
        image.refresh_from_db()
        gold_add(dataset=dataset, labels=[(image, dataset.classes.get(index=index))], by=by)
    assert image.tags.get(source=Source.OWNER).label.index == 2
    assert Gold.objects.get().added_by == alice


# ── Retiring ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_retired_gold_is_never_a_control_again_and_still_trains(dataset, pictures, rita, b) -> None:
    image, other = pictures(2, 0, label=True)
    assert not Gold.objects.exists()  # gold without a row is active
    gold_retire(image=image, by=rita)
    image.refresh_from_db()
    gold = Gold.objects.get()
    assert (image.split, gold.retired_by, gold.added_by) == (Split.TRAINING, rita, dataset.owner)
    assert gold.retired_at
    assert control_ids(dataset, b) == {other.pk}
    assert image.pk not in {unknown.image_id for unknown in candidates.unknowns(dataset, b, 9)}
    assert image.pk in {label.image for label in training_labels(dataset)}
    assert AuditEntry.objects.get(verb="retired gold", actor=rita)


def test_bringing_it_back_undoes_it(dataset, pictures, alice, b) -> None:
    image = pictures(1, 0, label=True)[0]
    gold_retire(image=image, by=alice)
    gold_unretire(image=image, by=alice)
    image.refresh_from_db()
    assert (image.split, image.gold.retired_at, image.gold.retired_by) == (Split.GOLD, None, None)
    assert control_ids(dataset, b) == {image.pk}
    assert list(AuditEntry.objects.order_by("pk").values_list("verb", flat=True)) == [
        "retired gold",
        "brought back gold",
    ]


def test_only_gold_is_retired_and_only_the_retired_comes_back(dataset, pictures, alice) -> None:
    plain, gold = pictures(1, 0)[0], pictures(1, 0, label=True)[0]
    with pytest.raises(NotGold):
        gold_retire(image=plain, by=alice)
    with pytest.raises(NotGold):
        gold_unretire(image=gold, by=alice)
    gold_retire(image=gold, by=alice)
    with pytest.raises(NotGold):
        gold_retire(image=gold, by=alice)
    # In the training split for another reason than that it was gold.
    Image.objects.filter(pk=plain.pk).update(split=Split.TRAINING)
    with pytest.raises(NotGold):
        gold_unretire(image=plain, by=alice)
    assert AuditEntry.objects.count() == 1


def test_nobody_is_judged_by_a_control_that_was_retired_meanwhile(shades: DataSet, alice, b) -> None:
    challenge = challenge_issue(dataset=shades, annotator=b, kind="strip")
    gold_retire(image=challenge.tiles.exclude(truth=None).first().image, by=alice)
    challenge.refresh_from_db()
    assert challenge.state == ChallengeState.REPLACED


# ── Importing ────────────────────────────────────────────────────────────────────────────────────────────────────────


def named(images: list[Image], *names: str) -> list[Image]:
    for image, name in zip(images, names, strict=True):
        Image.objects.filter(pk=image.pk).update(name=name)
    return images


def test_a_file_names_pictures_by_name_or_number_and_classes_by_name_or_key(dataset, pictures, alice) -> None:
    a, by_id, comma = named(pictures(3, 0), "a.png", "x.png", "b, c.png")
    text = f'\ufeffimage,class\na.png,dark\nid:{by_id.pk}, M \n\n"b, c.png",LIGHT\n'
    report = gold_import(dataset=dataset, data=text.encode(), by=alice)
    assert (report.added, report.refused) == (3, [])
    tags = dict(Tag.objects.filter(source=Source.OWNER).values_list("image", "label__index"))
    assert tags == {a.pk: 0, by_id.pk: 1, comma.pk: 2}
    assert set(Image.objects.values_list("split", flat=True)) == {Split.GOLD}


def test_bad_lines_are_named_and_cost_no_other(dataset, pictures, alice) -> None:
    named(pictures(4, 0), "a.png", "twin.png", "twin.png", "b.png")
    kept = named(pictures(1, 0, split=Split.EVALUATION), "kept.png")[0]
    lines = ["a.png,dark", "nobody.png,dark", "twin.png,dark", "b.png,purple", "b.png", "kept.png,light", "a.png,light"]
    report = gold_import(dataset=dataset, data="\n".join([*lines, "id:99999999,dark", "b.png,d"]).encode(), by=alice)
    assert report.added == 2
    reasons = dict(report.refused)
    assert sorted(reasons) == [2, 3, 4, 5, 6, 7, 8]
    assert reasons[3] == "2 pictures are called “twin.png”: name one by id:N."
    assert reasons[4] == "“purple” isn't one of the classes."
    assert "evaluation" in reasons[6]
    assert reasons[7] == "The picture stands on line 1 already."
    kept.refresh_from_db()
    assert kept.split == Split.EVALUATION


def test_a_picture_of_another_data_set_is_not_found(dataset, alice, add_images) -> None:
    image = add_images(1, 0)[0]
    other = DataSet.objects.create(owner=alice, name="Other")
    other.classes.create(index=0, name="dark")
    report = gold_import(dataset=other, data=f"id:{image.pk},dark\n{image.name},dark".encode(), by=alice)
    assert (report.added, [line for line, _ in report.refused]) == (0, [1, 2])


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b"a" * (5 * 2**20 + 1)])
def test_a_file_that_is_no_text_or_too_large_is_refused_as_a_whole(dataset, alice, data: bytes) -> None:
    with pytest.raises(BadFile):
        gold_import(dataset=dataset, data=data, by=alice)


@pytest.mark.parametrize("data", [b"", b"\n\n", b"image,class\n"])
def test_an_empty_file_adds_nothing(dataset, alice, data: bytes) -> None:
    report = gold_import(dataset=dataset, data=data, by=alice)
    assert (report.added, report.refused) == (0, [])


def test_a_monstrous_cell_is_a_bad_line(dataset, pictures, alice) -> None:
    named(pictures(1, 0), "a.png")
    data = b"x" * 200_000 + b",dark\na.png,dark\n"
    report = gold_import(dataset=dataset, data=data, by=alice)
    assert (report.added, [line for line, _ in report.refused]) == (1, [1])


def test_a_thousand_lines_take_a_few_queries(dataset, pictures, alice, django_assert_max_num_queries) -> None:
    images = pictures(1000, 0)
    data = "\n".join(f"id:{image.pk},dark" for image in images).encode()
    with django_assert_max_num_queries(40):
        assert gold_import(dataset=dataset, data=data, by=alice).added == 1000


# ── In doubt ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_gold_that_trusted_people_contradict_is_suspect(dataset, pictures, said) -> None:
    bad, good, few = pictures(3, 0, label=True)
    said(bad, 1, 1, 1, 1, 2)
    said(good, 0, 0, 0, 0, 1)
    said(few, 1, 1, 1, 1)
    assert gold_suspects(dataset) == {bad.pk}
    items = gold_items(dataset, gold_images(dataset, "", {bad.pk}), {bad.pk})
    first = items[0]
    assert (first.image.pk, first.suspect, first.label.index) == (bad.pk, True, 0)
    assert (first.answered, first.wrong, first.trusted, first.trusted_wrong) == (5, 5, 5, 5)
    assert [(given.said, given.times) for given in first.given] == [("middle", 4), ("light", 1)]
    assert not any(item.suspect for item in items[1:])


def test_people_who_are_not_trusted_or_blocked_cast_no_doubt(dataset, pictures, said) -> None:
    image = pictures(1, 0, label=True)[0]
    said(image, *[1] * 20, trusted=False)
    said(image, *[1] * 5)
    Annotator.objects.filter(reliabilities__trusted=True).update(blocked_at=timezone.now())
    assert gold_suspects(dataset) == set()
    assert gold_items(dataset, [image], ())[0].wrong == 25


def test_not_a_dog_tells_nothing_of_a_cat(dataset, pictures, said) -> None:
    image = pictures(1, 0, label=True)[0]
    said(image, *[2] * 20, kind=AnswerKind.NO)  # «not light», of a picture that is dark: right, and no news
    said(image, *[0] * 5, kind=AnswerKind.NO)  # «not dark»
    item = gold_items(dataset, [image], ())[0]
    assert (item.answered, item.wrong, item.trusted, item.trusted_wrong) == (25, 5, 5, 5)
    assert gold_suspects(dataset) == {image.pk}
    assert [given.said for given in item.given] == ["not light", "not dark"]


def test_a_corrected_class_is_no_longer_in_doubt(dataset, pictures, said, alice) -> None:
    image = pictures(1, 0, label=True)[0]
    said(image, *[1] * 6)
    assert gold_suspects(dataset) == {image.pk}
    gold_add(dataset=dataset, labels=[(image, dataset.classes.get(index=1))], by=alice)
    assert gold_suspects(dataset) == set()


def test_retired_gold_is_not_suspect(dataset, pictures, said, alice) -> None:
    image = pictures(1, 0, label=True)[0]
    said(image, *[1] * 6)
    gold_retire(image=image, by=alice)
    assert gold_suspects(dataset) == set()
    assert [found.pk for found in gold_images(dataset, "retired")] == [image.pk]


# ── Its share, and its rotation ──────────────────────────────────────────────────────────────────────────────────────


def n_controls(challenge: Challenge) -> int:
    return challenge.tiles.exclude(truth=None).count()


def test_the_share_falls_with_what_a_person_has_shown_and_rises_with_what_they_fail(
    shades: DataSet, pictures, grade, b, solve
) -> None:
    pictures(60, 0)  # unknowns enough
    stranger = n_controls(challenge_issue(dataset=shades, annotator=b, kind="strip"))
    grade([b], n=60)
    reliable = n_controls(challenge_issue(dataset=shades, annotator=b, kind="strip"))
    solve(b, wrong)
    solve(b, wrong)
    doubted = n_controls(challenge_issue(dataset=shades, annotator=b, kind="strip"))
    assert stranger == 5  # three classes: what the verdict needs
    assert reliable == 1 >= LEAST * 10
    assert reliable < doubted <= stranger


def test_the_first_twenty_tiles_are_checked_in_full(shades: DataSet, grade, b, solve) -> None:
    grade([b], n=19)
    assert Reliability.objects.get(annotator=b).trusted
    assert n_controls(solve(b)) == 5


def test_no_control_is_shown_more_than_its_share(shades: DataSet) -> None:
    """Drawn at random, one of 72 would be shown eight times, and another never."""
    for _ in range(30):
        challenge_issue(dataset=shades, annotator=Annotator.objects.create(), kind="strip")
    tiles = Tile.objects.exclude(truth=None)
    times = np.array([tiles.filter(image=image).count() for image in shades.images.filter(split=Split.GOLD)])
    assert times.min() >= 1
    assert times.max() <= 2 * times.mean()


def test_those_shown_last_come_last(dataset, pictures, b, c) -> None:
    images = [pictures(12, shade, label=True) for shade in range(3)]
    challenge = challenge_issue(dataset=dataset, annotator=c, kind="strip")
    shown = set(challenge.tiles.values_list("image", flat=True))
    order = [control.image_id for control in candidates.controls(dataset, b)]
    assert set(order[-10:]) == shown
    assert len(order) == sum(len(of_class) for of_class in images)


def test_who_asks_next_can_not_foresee_the_controls(shades: DataSet, b) -> None:
    orders = {tuple(control.image_id for control in candidates.controls(shades, b)[:20]) for _ in range(5)}
    assert len(orders) == 5


@pytest.mark.parametrize("start", [0, 1, 123_456, candidates.PRIME // 2, candidates.PRIME - 2])
def test_of_very_much_gold_some_is_drawn_from_all_over(dataset, pictures, b, monkeypatch, start) -> None:
    """Wherever the draw starts, also around the end."""
    monkeypatch.setattr(candidates, "CONTROLS_CONSIDERED", 100)
    monkeypatch.setattr(candidates, "randbelow", lambda limit: start)
    for shade in range(3):  # stored class by class, as imports are
        pictures(400, shade, label=True)
    found = candidates.controls(dataset, b)
    per_class = np.bincount([control.truth for control in found], minlength=3)
    assert 40 < len(found) < 180
    assert per_class.min() >= 10


# ── Attempts ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def fail(dataset: DataSet, answers):
    def go(annotator: Annotator, times: int) -> None:
        for _ in range(times):
            challenge = challenge_issue(dataset=dataset, annotator=annotator, kind="grid")
            right = set(answers(challenge))
            challenge_answer(challenge=challenge, annotator=annotator, raw=sorted(set(range(9)) - right))

    return go


def later(seconds: int) -> None:
    """As if all verdicts were so much older."""
    for challenge in Challenge.objects.exclude(answered_at=None):
        Challenge.objects.filter(pk=challenge.pk).update(answered_at=challenge.answered_at - timedelta(seconds=seconds))


def test_after_three_failures_in_a_row_somebody_waits_longer_and_longer(shades: DataSet, fail, b) -> None:
    fail(b, 3)
    with pytest.raises(TooManyTries, match="you can go on in 30 seconds") as wait:
        challenge_issue(dataset=shades, annotator=b)
    assert wait.value.seconds == 30
    later(31)
    fail(b, 1)
    with pytest.raises(TooManyTries) as wait:
        challenge_issue(dataset=shades, annotator=b)
    assert wait.value.seconds == 60


def test_another_face_of_the_person_waits_too_and_others_do_not(shades: DataSet, fail, b, c) -> None:
    fail(b, 3)
    with pytest.raises(TooManyTries):
        challenge_issue(dataset=shades, annotator=Annotator.objects.create(same_as=b))
    assert challenge_issue(dataset=shades, annotator=c)


def test_a_pass_ends_the_row(shades: DataSet, fail, solve, b) -> None:
    fail(b, 2)
    solve(b)
    fail(b, 2)
    assert challenge_issue(dataset=shades, annotator=b)


def test_who_waits_keeps_the_challenge_they_have(shades: DataSet, fail, b) -> None:
    fail(b, 3)
    late = Challenge.objects.create(
        dataset=shades, annotator=b, kind="grid", seed=1, expires_at=timezone.now() + timedelta(minutes=1)
    )
    with pytest.raises(TooManyTries):
        challenge_issue(dataset=shades, annotator=b)
    late.refresh_from_db()
    assert late.state == ChallengeState.OPEN
