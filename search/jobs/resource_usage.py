"""What work cost this process and those that it started and waited for: processor time, memory."""

import resource
import sys
from dataclasses import dataclass
from typing import Self

UNIT_BYTES = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss


@dataclass(frozen=True, slots=True)
class Cost:
    """What was spent up to a moment."""

    cpu_s: float = 0.0
    peak_bytes: int = 0  # most memory that any one of the processes ever held

    @classmethod
    def so_far(cls) -> Self:
        """Return what was spent since this process began."""
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        cpu_s = sum(one.ru_utime + one.ru_stime for one in used)
        return cls(cpu_s, max(one.ru_maxrss for one in used) * UNIT_BYTES)

    def since(self, before: "Cost") -> dict[str, float | int]:
        """Return what was spent since an earlier moment, and the peak up to this one."""
        return {"cpu_s": round(self.cpu_s - before.cpu_s, 2), "peak_bytes": self.peak_bytes}
