"""kombu's transport over files, with messages that appear whole.

kombu opens a message's file in the folder that is read from, and writes into it then. A reader that comes in between
takes an empty file, can't make sense of it, and its worker ends.
"""

import os
from time import monotonic
from typing import Any
from uuid import uuid4

from kombu.transport import filesystem
from kombu.utils.encoding import str_to_bytes
from kombu.utils.json import dumps


class Channel(filesystem.Channel):
    def _put(self, queue: str, payload: dict[str, Any], **options: Any) -> None:
        name = f"{monotonic() * 1000:.0f}_{uuid4()}.{queue}.msg"
        whole = os.path.join(self.data_folder_out, name)
        with open(f"{whole}.part", "xb") as file:  # by its end no message of any queue
            file.write(str_to_bytes(dumps(payload)))
        os.replace(file.name, whole)


class Transport(filesystem.Transport):
    Channel = Channel
