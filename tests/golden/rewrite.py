"""`python -m tests.golden.rewrite`: golden files as the models have them now.

Belongs here: the command. Does not belong here: whether what it writes is right. It is for changed
rules and added cases; read every line that git shows as changed, and the rule it follows from,
before committing it.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from orchestration.settings import Settings
from tests.golden.company import built_marts, golden_files, header_of, text_of


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["FLYWHEEL_HOME"] = folder
        marts = built_marts(Settings(home=Path(folder)))
    for mart, path in golden_files().items():
        path.write_text(text_of(header_of(path), marts[mart]), encoding="utf-8")
    print("Written. Read `git diff tests/golden/marts` before you commit it: it is the proof.")


if __name__ == "__main__":
    main()
