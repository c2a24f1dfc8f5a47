"""Storing pictures: once each, drawn for evaluation by their id, and deleted to a tombstone."""

from io import BytesIO

import pytest
from django.core.files.storage import default_storage
from PIL import Image as Picture

from annotations.models import Vote
from annotations.services.annotators import annotator_for
from annotations.services.votes import vote_correct
from gallery.models import DataSet, Image, Source, Split, Tag, Tagging
from gallery.services import images as service
from gallery.services.images import drawn_split, image_delete, image_label, image_store, images_upload
from gallery.services.pictures import BadPicture, Cleaned, clean
from gallery.work import WorkState

pytestmark = pytest.mark.django_db


@pytest.fixture
def cleaned(picture) -> Cleaned:
    file = picture("cat.png")
    return clean(file.file, file.name, file.size)


@pytest.fixture
def stored(dataset: DataSet, bob, cleaned: Cleaned) -> Image:
    image, new = image_store(dataset=dataset, uploader=bob, name="cat.png", cleaned=cleaned)
    assert new
    return image


@pytest.fixture
def delete(django_capture_on_commit_callbacks):
    def go(image: Image) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            image_delete(image=image)
        image.refresh_from_db()

    return go


def files_in_storage() -> set[str]:
    found = set()
    for folder in ("images", "thumbnails"):
        stack = [folder] if default_storage.exists(folder) else []
        while stack:
            at = stack.pop()
            folders, files = default_storage.listdir(at)
            stack += [f"{at}/{name}" for name in folders]
            found |= {f"{at}/{name}" for name in files}
    return found


# ── Storing ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_stored_picture_has_its_size_a_thumbnail_and_work_waiting(stored: Image, bob) -> None:
    assert (stored.width, stored.height, stored.name, stored.uploader) == (40, 40, "cat.png", bob)
    with stored.thumbnail.open() as file:
        assert Picture.open(file).size == (40, 40)
    assert Tagging.objects.get().state == WorkState.WAITING
    assert Tagging.objects.get().image == stored


def test_a_files_address_tells_neither_its_name_nor_its_owner(stored: Image) -> None:
    for file in (stored.file, stored.thumbnail):
        stem = file.name.rsplit("/", 1)[-1].split(".")[0]
        assert len(stem) == 32
        assert int(stem, 16) >= 0


def test_the_same_pixels_again_are_the_image_that_is_there(dataset: DataSet, alice, stored: Image, cleaned) -> None:
    before = files_in_storage()
    assert image_store(dataset=dataset, uploader=alice, name="other.png", cleaned=cleaned) == (stored, False)
    assert files_in_storage() == before
    assert Tagging.objects.count() == 1


def test_the_same_pixels_in_another_data_set_are_another_image(alice, stored: Image, cleaned) -> None:
    other = DataSet.objects.create(owner=alice, name="Other")
    image, new = image_store(dataset=other, uploader=alice, name="cat.png", cleaned=cleaned)
    assert new
    assert image != stored
    assert image.file.name != stored.file.name


def test_who_stores_the_same_pixels_a_moment_later_leaves_no_file_behind(
    dataset, alice, stored: Image, cleaned, monkeypatch
) -> None:
    """Both looked before either wrote; the table's constraint decides."""
    looks = iter([None, stored])
    monkeypatch.setattr(service, "_same_pixels", lambda *_: next(looks))
    before = files_in_storage()
    assert image_store(dataset=dataset, uploader=alice, name="cat.png", cleaned=cleaned) == (stored, False)
    assert files_in_storage() == before


def test_one_bad_file_costs_nothing_of_the_others(dataset: DataSet, alice, picture, encoded) -> None:
    files = [
        picture("one.png", (1, 1, 1)),
        picture("again.png", (1, 1, 1)),
        picture("two.gif", (2, 2, 2)),
        picture("three.png", (3, 3, 3)),
    ]
    report = images_upload(dataset=dataset, files=files, uploader=alice)
    one, three = report.accepted
    assert (one.name, three.name) == ("one.png", "three.png")
    assert report.duplicates == [("again.png", one)]
    assert [name for name, _ in report.refused] == ["two.gif"]
    assert "PNG" in report.refused[0][1]


def test_an_upload_rings_for_its_images_once_they_are_there(
    dataset, alice, picture, monkeypatch, django_capture_on_commit_callbacks
) -> None:
    rung: list[tuple] = []
    monkeypatch.setattr(service, "ring", lambda task, *args: rung.append((task, *args)))
    report = images_upload(
        dataset=dataset, files=[picture("a.png", (1, 1, 1)), picture("b.png", (2, 2, 2))], uploader=alice
    )
    assert rung == [("learning.tag_images", [image.pk for image in report.accepted])]


def test_the_first_of_many_are_rung_for_while_the_others_are_looked_at(dataset, alice, picture, monkeypatch) -> None:
    rung: list[int] = []
    monkeypatch.setattr(service, "ring", lambda task, images: rung.append(len(images)))
    monkeypatch.setattr(service, "TOGETHER", 2)
    images_upload(dataset=dataset, files=[picture(f"{n}.png", (n, n, n)) for n in (1, 2, 2, 3, 4, 5)], uploader=alice)
    assert rung == [2, 2, 1]


def test_a_name_keeps_no_folder_and_fits_its_column(dataset: DataSet, alice, picture) -> None:
    file = picture()
    file._name = f"../../{'x' * 300}.png"
    image = images_upload(dataset=dataset, files=[file], uploader=alice).accepted[0]
    assert (len(image.name), "/" in image.name) == (200, False)


# ── Cleaning ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_isnt_pixels_is_dropped(encoded) -> None:
    exif = Picture.Exif()
    exif[0x010E] = "taken at home"
    for options in ({"exif": exif}, {"exif": exif, "comment": b"taken at home"}):
        for size in ((60, 40), (600, 400)):
            file = encoded("a.jpg", "JPEG", size=size, **options)
            cleaned = clean(file.file, file.name, file.size)
            for data in (cleaned.data, cleaned.thumbnail):
                assert b"taken at home" not in data
                assert not Picture.open(BytesIO(data)).getexif()


def test_a_picture_taken_sideways_is_turned_upright(encoded) -> None:
    exif = Picture.Exif()
    exif[0x0112] = 6
    file = encoded("a.jpg", "JPEG", size=(60, 40), exif=exif)
    cleaned = clean(file.file, file.name, file.size)
    assert (cleaned.width, cleaned.height) == (40, 60)


def test_the_digest_is_of_the_pixels_and_not_of_the_file(encoded, picture) -> None:
    source = Picture.open(picture().file)
    digests = set()
    for format in ("PNG", "BMP", "GIF"):
        out = BytesIO()
        source.save(out, format)
        out.seek(0)
        digests.add(clean(out, f"a.{format.lower()}", out.getbuffer().nbytes).digest)
    assert len(digests) == 1


def test_too_many_bytes_or_pixels_are_refused_before_decoding(encoded, settings) -> None:
    file = encoded("a.png", "PNG", size=(60, 40))
    settings.UPLOAD_MAX_PIXELS = 60 * 40 - 1
    with pytest.raises(BadPicture, match="megapixels"):
        clean(file.file, file.name, file.size)
    settings.UPLOAD_MAX_BYTES = 10
    with pytest.raises(BadPicture, match="is the most"):
        clean(file.file, file.name, file.size)


# ── Splits ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_tenth_is_drawn_for_evaluation_by_the_ids_alone() -> None:
    drawn = [drawn_split(image) for image in range(1, 10_001)]
    assert drawn == [drawn_split(image) for image in range(1, 10_001)]
    assert 0.09 < drawn.count(Split.EVALUATION) / len(drawn) < 0.11
    assert set(drawn) == {Split.EVALUATION, Split.POOL}


def test_an_upload_is_drawn_and_an_import_may_bring_its_own_split(dataset, alice, stored: Image, picture) -> None:
    assert stored.split == drawn_split(stored.pk)
    file = picture("b.png", (9, 9, 9))
    image, _ = image_store(
        dataset=dataset,
        uploader=alice,
        name="b.png",
        cleaned=clean(file.file, file.name, file.size),
        split=Split.TRAINING,
    )
    image.refresh_from_db()
    assert image.split == Split.TRAINING


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (Split.POOL, Split.GOLD),
        (Split.GOLD, Split.GOLD),
        (Split.EVALUATION, Split.EVALUATION),
        (Split.TRAINING, Split.TRAINING),
    ],
)
def test_the_owners_label_makes_gold_of_the_pool_alone(stored: Image, before: str, after: str) -> None:
    Image.objects.filter(pk=stored.pk).update(split=before)
    image_label(image=stored, label=stored.dataset.classes.get(index=1))
    stored.refresh_from_db()
    assert stored.split == after


def test_labelling_twice_leaves_one_tag_with_the_last_word(stored: Image) -> None:
    dark, middle, _ = stored.dataset.classes.all()
    image_label(image=stored, label=dark)
    tag = image_label(image=stored, label=middle)
    assert (tag.source, tag.label) == (Source.OWNER, middle)
    assert list(Tag.objects.filter(image=stored)) == [tag]


# ── Tombstones ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_deleting_leaves_the_row_and_its_votes_and_takes_the_files(stored: Image, delete, charlie) -> None:
    vote_correct(image=stored, label=stored.dataset.classes.get(index=0), annotator=annotator_for(charlie))
    delete(stored)
    assert stored.deleted_at is not None
    assert Vote.objects.get().image == stored
    assert not files_in_storage() & {stored.file.name, stored.thumbnail.name}
    assert not Image.objects.present().exists()
    assert not Image.objects.shown().exists()


def test_files_stay_until_the_deletion_is_committed(stored: Image) -> None:
    image_delete(image=stored)
    assert {stored.file.name, stored.thumbnail.name} <= files_in_storage()


def test_deleting_twice_is_deleting_once(stored: Image, delete) -> None:
    delete(stored)
    first = stored.deleted_at
    delete(stored)
    assert stored.deleted_at == first


def test_what_was_deleted_can_be_uploaded_again_as_a_new_image(dataset, bob, stored: Image, cleaned, delete) -> None:
    delete(stored)
    image, new = image_store(dataset=dataset, uploader=bob, name="cat.png", cleaned=cleaned)
    assert new
    assert image != stored
    assert image.file.name in files_in_storage()
