"""A source file drafted from a real export loads what the one written by a person loads.

Left out of the comparison is what no export can tell: the currency, the spellings that a person
mended, and the history that a person made of the engage date.
"""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from orchestration.bronze.night import load_night, write_contract_files
from orchestration.settings import Settings
from orchestration.sources.catalog import load_sources
from orchestration.sources.check import check_text
from orchestration.sources.infer import infer_source

NIGHT = date(2017, 12, 31)
WRITTEN = Path(__file__).parent / "maven.yml"
FORMS = ("", "variant_ddmmyy", "variant_excel_dates")
FILES = ("accounts.csv", "sales_pipeline.csv", "sales_teams.csv", "products.csv")
MENDED = {
    "product_id": {"GTXPro": "GTX Pro"},
    "industry": {"technolgy": "technology"},
    "country": {"Philipines": "Philippines"},
}


@pytest.fixture(scope="module", params=FORMS)
def exports(request: pytest.FixtureRequest, real_data: Path, tmp_path_factory) -> Path:
    """One of the three saved forms, completed by the files that were saved once only."""
    folder = tmp_path_factory.mktemp(f"exports_{request.param or 'iso'}") / "drafted"
    folder.mkdir()
    maven = real_data / "maven_crm"
    for name in (*FILES, "data_dictionary.csv", "facts.json"):
        saved = maven / request.param / name
        shutil.copy(saved if saved.exists() else maven / name, folder / name)
    return folder


def loaded(home: Path, name: str, text: str, exports: Path) -> dict[str, pl.DataFrame]:
    """Bronze after one night, by object; no row may be refused."""
    settings = Settings(home=home)
    settings.user_sources.mkdir(parents=True)
    (settings.user_sources / f"{name}.yml").write_text(text, encoding="utf-8")
    folder = settings.landing / name / NIGHT.isoformat()
    folder.mkdir(parents=True)
    for file in FILES:
        shutil.copy(exports / file, folder / file)
    (folder / "_SUCCESS").touch()
    sources = load_sources(settings.user_sources)
    write_contract_files(settings, sources)
    loads = load_night(settings, NIGHT, "run", name)
    assert [load.error for load in loads if load.error] == []
    assert sum(load.rows_quarantined for load in loads) == 0
    return {
        object_: pl.read_parquet(settings.bronze / name / object_ / "batch=*" / "*.parquet")
        .sort("_row_number")
        .select(pl.exclude("^_.*$", "^extra__.*$", "currency_code"))
        for object_ in sources[name].contracts
    }


def test_a_drafted_file_loads_the_rows_of_a_written_one(exports: Path, tmp_path: Path) -> None:
    text = infer_source(exports).text
    assert text is not None
    assert [mistake for mistake in check_text(text, "drafted") if not mistake.is_warning] == []
    drafted = loaded(tmp_path / "drafted", "drafted", text, exports)
    written = loaded(tmp_path / "written", "maven", WRITTEN.read_text(encoding="utf-8"), exports)

    assert drafted.keys() == written.keys() - {"opportunity_stage_history"}
    for object_ in ("opportunities", "accounts", "users", "products"):
        rows = drafted[object_].with_columns(
            pl.col(column).replace(spellings)
            for column, spellings in MENDED.items()
            if column in drafted[object_].columns
        )
        assert rows.equals(written[object_]), object_
    kinds = drafted["stages"].select("stage", "kind", "rank")
    assert kinds.equals(written["stages"].select("stage", "kind", "rank"))


def test_what_a_person_has_to_mend_is_named(exports: Path) -> None:
    text = infer_source(exports).text

    assert text is not None
    assert "`GTXPro` (1,480 rows, did you mean `GTX Pro`?)" in text
    assert "Not used: data_dictionary.csv: no object fits it" in text
    assert "Nothing tells the currency of amounts" in text


def test_an_export_of_salesforce_needs_no_source_file(real_data: Path) -> None:
    inferred = infer_source(real_data / "salesforce_dataloader")

    assert inferred.text is None
    assert inferred.is_built_in
    told = "\n".join(inferred.advice)
    assert "landing/salesforce/" in told
    assert "success0413060133.csv: leave it out" in told
    assert "error0413060133.csv: leave it out" in told
