"""What a whole process costs. Used by the benchmarks of whole nights."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """Of one whole process."""

    cpu_seconds: float
    seconds: float
    peak_megabytes: float

    def beyond(self, fixed: Cost) -> Cost:
        """What is left without a fixed cost; the peak stays what it was."""
        return Cost(
            self.cpu_seconds - fixed.cpu_seconds,
            self.seconds - fixed.seconds,
            self.peak_megabytes,
        )

    def __str__(self) -> str:
        return f"{self.cpu_seconds:7.1f} CPU-s {self.seconds:7.1f} s {self.peak_megabytes:7,.0f} MB"


def run(environment: dict[str, str], *command: str | Path) -> Cost:
    """Run a command to its end; raises SystemExit where it fails."""
    started = time.monotonic()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"failed: {' '.join(map(str, command))}")
    return Cost(
        cpu_seconds=used.ru_utime + used.ru_stime,
        seconds=time.monotonic() - started,
        peak_megabytes=used.ru_maxrss / 1024,
    )
