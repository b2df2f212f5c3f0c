"""For tests: a server that is slow, refuses what it knows and dies, at random."""

from __future__ import annotations

import os
import random
import signal
import time

from splitphase.errors import SplitphaseError


class Chaos:
    """What `delay=MS,refuse=PERCENT,die=PERCENT` asks for; each of them may be left out."""

    def __init__(self, text: str) -> None:
        try:
            said = {name: int(value) for name, _, value in (part.partition("=") for part in text.split(",") if part)}
        except ValueError:
            said = {"": 0}
        if not said.keys() <= {"delay", "refuse", "die"}:
            raise SplitphaseError(f"--chaos {text} is not understood", hint="give delay=MS,refuse=PERCENT,die=PERCENT")
        self._delay, self._refuse, self._die = (said.get(name, 0) for name in ("delay", "refuse", "die"))
        self._random = random.Random()  # noqa: S311 - no secret

    def strike(self) -> None:
        """A call has come in: end this process, perhaps."""
        if self._random.uniform(0, 100) < self._die:
            os.kill(os.getpid(), signal.SIGKILL)

    def refuses(self) -> bool:
        """A result is known: wait, and say whether not to tell."""
        if self._delay:
            time.sleep(self._random.uniform(0, self._delay) / 1000)
        return self._random.uniform(0, 100) < self._refuse
