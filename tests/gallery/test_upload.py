import json
import struct
import zlib
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image as Picture

from gallery.models import Image

SCRIPT = {"X-Requested-With": "XMLHttpRequest"}


@pytest.fixture
def send(client, dataset, alice):
    client.force_login(alice)

    def post(*files, **options):
        address = reverse("upload", args=[dataset.pk])
        return client.post(address, {"files": files}, headers=SCRIPT, **options).json()

    return post


def png_header(width: int, height: int) -> bytes:
    """A PNG of these dimensions that holds next to nothing: a bomb, were it decoded."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def bad_files(encoded) -> dict[str, tuple[bytes, str]]:
    jpeg = encoded("x.jpg", "JPEG", (300, 300)).read()
    svg = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    return {
        "notes.png": (b"not a picture at all", "not a picture"),
        "cut.jpg": (jpeg[: len(jpeg) // 2], "damaged or cut short"),
        "bomb.png": (png_header(60_000, 60_000), "bomb"),
        "wide.png": (png_header(10_000, 9_000), "more than 60 megapixels"),
        "drawing.svg": (svg, "SVG is not accepted"),
        "drawing.png": (svg, "SVG is not accepted"),
        "photo.png": (jpeg, "JPEG file, but its name ends in “.png”"),
        "photo": (jpeg, "JPEG file"),
        "empty.png": (b"", "empty"),
        "scan.tiff": (encoded("x", "TIFF").read(), "TIFF is not accepted"),
    }


def test_each_bad_file_is_refused_by_name_and_the_good_ones_go_in(send, encoded, picture):
    bad = bad_files(encoded)
    files = [SimpleUploadedFile(name, data) for name, (data, _) in bad.items()]
    answer = send(picture("first.png"), *files, encoded("last.webp", "WEBP"))
    assert [item["name"] for item in answer["accepted"]] == ["first.png", "last.webp"]
    assert [item["name"] for item in answer["refused"]] == list(bad)
    for item in answer["refused"]:
        assert bad[item["name"]][1] in item["reason"]
    assert Image.objects.count() == 2


def test_a_file_that_is_too_large_is_refused_unread(send, encoded, settings):
    settings.UPLOAD_MAX_BYTES = 2**20
    large = SimpleUploadedFile("large.png", b"0" * (2**20 + 1))
    assert send(large)["refused"] == [{"name": "large.png", "reason": "It is 1 MB; 1 MB is the most."}]


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "GIF", "BMP"])
def test_what_the_page_promises_is_accepted(send, encoded, format):
    name = f"a.{'jpg' if format == 'JPEG' else format.lower()}"
    assert [item["name"] for item in send(encoded(name, format))["accepted"]] == [name]


def test_a_picture_is_kept_once(send, picture):
    first = send(picture("a.png"))["accepted"][0]
    again = send(picture("b.png"), picture("c.png", colour=(1, 2, 3)))
    assert again["duplicates"] == [{"name": "b.png", "url": first["url"]}]
    assert [item["name"] for item in again["accepted"]] == ["c.png"]
    assert Image.objects.count() == 2


def test_the_same_pixels_in_another_format_are_the_same_picture(send, picture):
    send(picture("a.png"))
    bmp = BytesIO()
    Picture.open(picture("a.png")).save(bmp, "BMP")
    assert send(SimpleUploadedFile("a.bmp", bmp.getvalue()))["duplicates"]


def test_what_a_phone_writes_into_a_file_is_gone_and_the_picture_upright(send, encoded):
    exif = Picture.Exif()
    exif[0x0112] = 6  # orientation: turned by a quarter
    exif[0x010F] = "Camera of Alice"
    exif.get_ifd(0x8825)[1] = "N"
    send(encoded("turned.jpg", "JPEG", (400, 300), exif=exif))
    image = Image.objects.get()
    assert (image.width, image.height) == (300, 400)
    for file in (image.file, image.thumbnail):
        stored = Picture.open(file)
        assert not stored.getexif()
        assert stored.height > stored.width
        file.seek(0)
        assert b"Camera of Alice" not in file.read()


def test_the_answer_is_what_the_script_reads(send, picture, client):
    [item] = send(picture("a.png"))["accepted"]
    assert set(item) == {"id", "name", "url", "thumbnail"}
    assert client.get(item["url"]).status_code == 200
    assert client.get(item["thumbnail"])["Content-Type"] == "image/webp"
    assert client.get(f"{item['url']}tags/").status_code == 200


def test_without_the_script_a_page_names_each_file_s_fate(client, dataset, alice, picture):
    client.force_login(alice)
    address = reverse("upload", args=[dataset.pk])
    files = [picture("a.png"), picture("twin.png"), SimpleUploadedFile("bad.png", b"x")]
    page = client.post(address, {"files": files}).content.decode()
    assert page.count('<li class="upload-row" data-state="accepted">') == 1
    assert page.count('<li class="upload-row" data-state="duplicate">') == 1
    assert "It is not a picture that we can read." in page
    assert "1 uploaded, 1 already here, 1 not accepted." in page


def test_a_hostile_file_name_is_only_a_name(send, client, dataset, picture):
    [item] = send(picture("<img src=x onerror=alert(1)>.png"))["accepted"]
    for address in (item["url"], reverse("dataset", args=[dataset.pk])):
        assert "<img src=x" not in client.get(address).content.decode()
    assert "<" not in Image.objects.get().file.name


def test_bob_may_upload_where_it_is_open_and_is_the_uploader(client, dataset, bob, picture):
    address = reverse("upload", args=[dataset.pk])
    client.force_login(bob)
    assert client.post(address, {"files": [picture()]}).status_code == 404
    dataset.open_for_contributions = True
    dataset.save()
    assert client.post(address, {"files": [picture()]}).status_code == 200
    assert Image.objects.get().uploader == bob


def test_nobody_uploads_into_a_private_data_set_of_somebody_else(client, private, charlie, rita, picture):
    private.open_for_contributions = True
    private.save()
    client.force_login(charlie)
    response = client.post(reverse("upload", args=[private.pk]), {"files": [picture()]}, headers=SCRIPT)
    assert response.status_code == 404
    assert not Image.objects.exists()


def test_a_script_without_a_session_is_told_so(client, dataset, picture):
    response = client.post(reverse("upload", args=[dataset.pk]), {"files": [picture()]}, headers=SCRIPT)
    assert response.status_code == 401
    assert json.loads(response.content)["detail"] == "Log in first."
    assert not Image.objects.exists()
