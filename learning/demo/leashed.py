"""`python -m learning.demo.leashed PARENT MODULE ARGUMENT…`: become that module's program, and end with the parent.

On Linux the kernel sends SIGTERM when the parent dies, even by SIGKILL, so that a demo leaves nothing running. The
leash is put on here rather than between fork and exec, where Python code may not run safely beside other threads.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, command: list[str]) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before the leash was on
            sys.exit(1)
    os.execv(sys.executable, [sys.executable, "-m", *command])


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
