"""Time that never jumps, and ids that never go back."""

from __future__ import annotations

import random
import secrets
import threading
import time

from centralita.core import ids


class SystemClock:
    """Wall time at boot plus monotonic time since; ``anchor`` sets it to the database's clock.

    A wall clock that is set while we run changes nothing: neither a storm of retries nor a stall.
    """

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def now(self) -> float:
        """Seconds since 1970, UTC."""
        return self._offset + time.monotonic()

    def anchor(self, database_now: float) -> None:
        """Follows the clock by which leases are kept. Never backwards by less than a second: that is transit time."""
        drift = database_now - self.now()
        if drift > 0 or drift < -1:
            self._offset += drift


class ReceiptIds:
    """ULIDs that ascend within this process, also inside one millisecond."""

    def __init__(self, clock: SystemClock) -> None:
        self._clock = clock
        self._last_ms = 0
        self._random = 0
        # Ids are unique, not secret: a generator that was seeded by the system saves a system call for each.
        self._bits = random.Random(secrets.randbits(128)).getrandbits  # noqa: S311
        self._lock = threading.Lock()

    def new(self) -> str:
        """``rcp_`` and the next ULID."""
        with self._lock:
            now_ms = int(self._clock.now() * 1000)
            if now_ms > self._last_ms:
                # The top bit stays free, so that counting up never overflows into the time.
                self._last_ms, self._random = now_ms, self._bits(79)
            else:
                self._random += 1 + self._bits(16)
            return f"rcp_{ids.ulid(self._last_ms, self._random)}"
