"""`dbt docs generate` works from the root, on what is published.

Belongs here: the catalogue that dbt makes. Does not belong here: what descriptions say
(architecture/test_dbt_docs.py).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

from orchestration.nightly import run_nights
from orchestration.settings import PROJECT_ROOT, Settings
from orchestration.simulation import simulate


def test_the_catalogue_holds_every_described_column_of_every_mart(
    settings: Settings, tmp_path: Path
) -> None:
    night = date(2025, 9, 30)
    simulate(settings.landing, opportunities=200, nights=1, seed=7, first_night=night)
    (outcome,) = run_nights(settings, [night])
    assert outcome.publication is not None, outcome.failure
    done = subprocess.run(
        [Path(sys.executable).with_name("dbt"), "docs", "generate", "--target-path", tmp_path,
         "--log-path", tmp_path],
        cwd=PROJECT_ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, "FLYWHEEL_HOME": str(settings.root), "FLYWHEEL_TARGET": "published"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert (tmp_path / "index.html").exists()
    catalogue = json.loads((tmp_path / "catalog.json").read_text(encoding="utf-8"))["nodes"]
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    marts = {
        id_: set(node["columns"])
        for id_, node in manifest["nodes"].items()
        if node["resource_type"] == "model" and node["schema"] == "marts"
    }
    assert len(marts) == outcome.publication.table_count
    assert {id_: set(catalogue[id_]["columns"]) for id_ in marts} == marts
