"""The worker of `bench round`: it chooses the rounds whose numbers it is given, and says how many MB that took."""

import resource
import sys

import django


def main() -> None:
    django.setup()
    from learning.services.sampling import round_execute

    print("ready", flush=True)
    for line in sys.stdin:
        round_execute(int(line))
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, flush=True)


if __name__ == "__main__":
    main()
