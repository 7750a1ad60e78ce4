"""What stands in landing outside every night is named, with what it should be called.

Belongs here: misnamed nights and sources, loose files, in a folder and in a bucket.
Does not belong here: files within a night that no object claims (test_landing.py).
"""

from __future__ import annotations

from datetime import date

import pytest

from orchestration.bronze.due import survey
from orchestration.extracts.ledger import Ledger
from orchestration.extracts.objects import ObjectPlace
from orchestration.extracts.places import FolderPlace, Stray
from orchestration.extracts.strays import named_strays
from orchestration.settings import Settings
from tests.conftest import land
from tests.integration.object_store import point_to, running_store

SOURCES = ["hubspot", "salesforce"]
NIGHT = date(2025, 9, 28)


def put(settings: Settings, *keys: str) -> None:
    for key in keys:
        path = settings.landing / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def named(settings: Settings) -> list[str]:
    return named_strays(FolderPlace(settings.landing), SOURCES)


@pytest.mark.parametrize("name", ["2025-9-28", "20250928", "2025-09-28_full", "export 2025.09.28"])
def test_a_misnamed_night_is_named_with_the_day_that_it_means(
    settings: Settings, name: str
) -> None:
    put(settings, f"salesforce/{name}/Opportunity.csv")
    assert named(settings) == [f"salesforce/{name} (a night is a folder named like 2025-09-28)"]


@pytest.mark.parametrize("name", ["archive", "2025-13-45", "1234567890123"])
def test_a_folder_that_means_no_day_is_named_with_an_example(settings: Settings, name: str) -> None:
    put(settings, f"salesforce/{name}/Opportunity.csv")
    assert named(settings) == [f"salesforce/{name} (a night is a folder named like 2025-09-28)"]


def test_a_night_without_its_source_is_named_with_where_it_should_be(settings: Settings) -> None:
    put(settings, "2025-09-28/Opportunity.csv")
    assert named(settings) == [
        "2025-09-28 (a night stands in the folder of its source, as salesforce/2025-09-28)"
    ]


@pytest.mark.parametrize("name", ["salesfroce", "Salesforce"])
def test_a_folder_of_no_source_is_named_with_the_sources_that_there_are(
    settings: Settings, name: str
) -> None:
    put(settings, f"{name}/2025-09-28/Opportunity.csv")
    assert named(settings) == [
        f"{name} (no source has this name; did you mean salesforce? there are hubspot, salesforce)"
    ]


def test_a_loose_file_is_named_with_the_folder_that_it_belongs_into(settings: Settings) -> None:
    put(settings, "a.csv", "salesforce/deals-20250101.csv", "hubspot/2025-09-27")
    assert named(settings) == [
        "a.csv (a file stands in the folder of its night: <source>/2025-09-28/a.csv)",
        "hubspot/2025-09-27 (a file stands in the folder of its night: "
        "hubspot/2025-09-27/2025-09-27)",
        "salesforce/deals-20250101.csv (a file stands in the folder of its night: "
        "salesforce/2025-01-01/deals-20250101.csv)",
    ]


def test_what_an_exporter_or_a_disk_keeps_for_itself_is_not_named(settings: Settings) -> None:
    put(settings, ".state", "_log/a", "lost+found/a", "salesforce/.part/a", "salesforce/_SUCCESS")
    put(settings, "salesforce/2025-09-28/Opportunity.csv")
    assert named(settings) == []


def test_of_many_loose_files_some_are_named_and_the_others_counted(settings: Settings) -> None:
    put(settings, *(f"salesforce/part{number}.csv" for number in range(9)))
    *shown, rest = named(settings)
    assert len(shown) == 5
    assert rest == "salesforce/… (4 more outside every night)"


def test_a_landing_folder_that_is_not_there_has_no_strays(settings: Settings) -> None:
    assert named(settings) == []


def test_a_run_names_them_beside_what_no_object_claims(settings: Settings) -> None:
    land(settings, "salesforce", NIGHT, {"notes.txt": "x"})
    put(settings, "salesforce/20250927/Opportunity.csv")
    assert survey(settings, Ledger(settings.ledger)).unclaimed == [
        "salesforce/20250927 (a night is a folder named like 2025-09-27)",
        "salesforce/2025-09-28/notes.txt",
    ]


def test_below_a_source_of_a_bucket_they_are_named_without_a_request_more(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_store() as store:
        point_to(store, monkeypatch)
        for key in ("crm/2025-9-28/a.csv", "crm/a.csv", "crm/2025-09-28/a.csv", "cmr/x/a.csv"):
            store.put(f"landing/{key}", b"x")
        place = ObjectPlace(f"s3://{store.bucket}/landing")
        place.nights("crm")
        asked = len(store.requests)
        assert place.strays("crm") == [Stray("2025-9-28", True), Stray("a.csv", False)]
        assert named_strays(place, ["crm"]) == [
            "crm/2025-9-28 (a night is a folder named like 2025-09-28)",
            "crm/a.csv (a file stands in the folder of its night: crm/2025-09-28/a.csv)",
        ]
        assert len(store.requests) == asked
