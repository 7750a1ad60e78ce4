"""The loop that mutates files and watches which lines they reach: `python -m tests.fuzz.run csv`.

Belongs here: seeds, and handing over to libFuzzer. Does not belong here: what must hold
(targets.py).
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["orchestration.extracts", "orchestration.bronze"]):
    from tests.fuzz.targets import TARGETS

from tests.fuzz.seeds import write_seeds

_LONGEST_SEED = 20_000


def main() -> None:
    """Run the target that the first argument names."""
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        sys.exit(f"name a target: {', '.join(TARGETS)}")
    target, arguments = sys.argv[1], sys.argv[2:]
    if not any(Path(each).exists() for each in arguments):
        folder = Path(tempfile.mkdtemp(prefix=f"fuzz-{target}-"))
        write_seeds(folder, target, _LONGEST_SEED)
        arguments.append(str(folder))
    atheris.Setup([sys.argv[0], *arguments], TARGETS[target])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
