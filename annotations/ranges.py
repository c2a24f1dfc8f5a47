"""A sound as browsers ask for it: Safari plays nothing from a server that can't send a part of a file."""

import re

from django.http import HttpRequest, HttpResponse

RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def sound_response(request: HttpRequest, sound: bytes) -> HttpResponse:
    """The whole of it, or the one range that was asked for (RFC 9110, 14.2). What can't be read is passed over."""
    headers = {"Cache-Control": "no-store", "Accept-Ranges": "bytes"}
    asked = RANGE.fullmatch(request.headers.get("Range", ""))
    if asked is None or asked[0] == "bytes=-":
        return HttpResponse(sound, content_type="audio/wav", headers=headers)
    first, last = _bounds(asked[1], asked[2], len(sound))
    if first > last:
        return HttpResponse(status=416, headers=headers | {"Content-Range": f"bytes */{len(sound)}"})
    headers["Content-Range"] = f"bytes {first}-{last}/{len(sound)}"
    return HttpResponse(sound[first : last + 1], status=206, content_type="audio/wav", headers=headers)


def _bounds(first: str, last: str, length: int) -> tuple[int, int]:
    """Both ends, from 0; «-500» asks for the last 500 bytes."""
    if not first:
        return max(0, length - int(last)), length - 1
    return int(first), min(int(last), length - 1) if last else length - 1
