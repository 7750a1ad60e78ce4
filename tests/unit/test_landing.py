"""Which file of a night holds which object, and whether the night is whole.

Belongs here: names against patterns, members of zips, what nobody claims, finished nights.
Does not belong here: how places are listed (test_places.py), what is read (test_bronze_loading.py).
"""

from __future__ import annotations

import io
import os
import time
import unicodedata
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from orchestration.extracts.archives import ZipDirectories
from orchestration.extracts.landing import Night, landed_nights
from orchestration.extracts.places import FolderPlace, local_entry
from orchestration.settings import Settings
from orchestration.sources.catalog import Source, load_sources
from tests.conftest import land

NIGHT = date(2025, 9, 28)
ACME = """\
source: acme
objects:
  accounts:
    files: ["Accounts*.csv", "*customers*"]
    key: account_id
    extract: full
    columns: {account_id: id, account_name: name}
  opportunities:
    files: ["deals*.csv", "export_[0-9]*.csv", "Won [all].csv", "Übersicht*.csv"]
    key: opportunity_id
    extract: delta
    columns: {opportunity_id: id, stage: state}
  users:
    files: ["people.csv", "export_*.csv"]
    key: user_id
    extract: full
    columns: {user_id: id, user_name: name}
"""


@pytest.fixture
def source(settings: Settings) -> Source:
    settings.user_sources.mkdir(parents=True)
    (settings.user_sources / "acme.yml").write_text(ACME)
    return load_sources(settings.user_sources)["acme"]


@dataclass
class Landed:
    """A source's night in the landing folder."""

    settings: Settings
    source: Source

    @property
    def folder(self) -> Path:
        return self.settings.landing / f"acme/{NIGHT}"

    def night(self, *names: str, **contents: bytes) -> Night:
        """The night, with some more files."""
        land(self.settings, "acme", NIGHT, dict.fromkeys(names, b"x") | contents)
        return self.seen()

    def seen(self) -> Night:
        """The night as it stands."""
        return Night(self.source, NIGHT, FolderPlace(self.settings.landing))


@pytest.fixture
def landed(settings: Settings, source: Source) -> Landed:
    return Landed(settings, source)


def claimed(night: Night) -> list[tuple[str, str]]:
    """Which object is to be read from which file."""
    return [(file.contract.object, file.name) for file in night.files()]


def packed(*members: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for member in members:
            archive.writestr(member, "" if member.endswith("/") else "id,name\n1,a\n")
    return file.getvalue()


@pytest.mark.parametrize(
    "name",
    [
        "accounts.csv",
        "ACCOUNTS_2025.CSV",
        "Accounts.csv.gz",
        "accounts-1.CSV.GZ",
        "accounts.csv.zst",
        "all customers of ours",
        "Customers.XLSX",
    ],
)
def test_a_file_is_claimed_by_its_name_in_any_case_packed_or_not(landed: Landed, name: str) -> None:
    assert claimed(landed.night(name)) == [("accounts", name)]


@pytest.mark.parametrize(
    "name", ["account.csv", "accounts.csv.bak", "my_accounts.csv", "accounts.csv.gz.part", "deal"]
)
def test_a_name_that_is_only_alike_is_not_claimed(landed: Landed, name: str) -> None:
    night = landed.night(name)
    assert night.files() == []
    assert night.unclaimed() == [name]


def test_a_name_with_brackets_is_claimed_by_itself(landed: Landed) -> None:
    night = landed.night("won [ALL].csv.gz", "won l.csv", "won all.csv")
    assert claimed(night) == [
        ("opportunities", "won [ALL].csv.gz"),
        ("opportunities", "won l.csv"),
    ]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_accents_are_claimed_as_letters_or_as_macs_write_them(landed: Landed, form: str) -> None:
    name = unicodedata.normalize(form, "übersicht März.csv")
    assert claimed(landed.night(name)) == [("opportunities", name)]


def test_a_pattern_whose_accents_a_mac_wrote_claims_either_spelling(landed: Landed) -> None:
    text = unicodedata.normalize("NFD", ACME)
    (landed.settings.user_sources / "acme.yml").write_text(text)
    landed.source = load_sources(landed.settings.user_sources)["acme"]
    assert claimed(landed.night("Übersicht.csv")) == [("opportunities", "Übersicht.csv")]


@pytest.mark.parametrize("name", ["_SUCCESS", ".accounts.csv.part", "_accounts.csv"])
def test_what_begins_with_a_dot_or_a_dash_below_is_an_exporters_own(
    landed: Landed, name: str
) -> None:
    night = landed.night(name)
    assert night.files() == []
    assert night.unclaimed() == []


def test_a_file_that_two_patterns_of_an_object_match_is_read_once(landed: Landed) -> None:
    assert claimed(landed.night("accounts_customers.csv")) == [
        ("accounts", "accounts_customers.csv")
    ]


def test_a_file_that_patterns_of_two_objects_match_holds_both(landed: Landed) -> None:
    assert claimed(landed.night("export_1.csv")) == [
        ("opportunities", "export_1.csv"),
        ("users", "export_1.csv"),
    ]


def test_files_come_by_object_and_then_by_name(landed: Landed) -> None:
    assert claimed(landed.night("people.csv", "deals_b.csv", "deals_a.csv", "accounts.csv")) == [
        ("accounts", "accounts.csv"),
        ("opportunities", "deals_a.csv"),
        ("opportunities", "deals_b.csv"),
        ("users", "people.csv"),
    ]


def test_what_no_object_claims_is_shown_with_what_is_wrong_about_it(
    landed: Landed,
) -> None:
    landed.night("notes.txt", "deals.csv")
    (landed.folder / "folder").mkdir()
    assert landed.seen().unclaimed() == [
        "folder (a folder: files stand directly in the folder of the night)",
        "notes.txt",
    ]


def test_a_link_with_the_name_of_an_object_is_claimed_with_its_problem(
    landed: Landed,
) -> None:
    landed.night("deals.csv")
    (landed.folder / "people.csv").symlink_to("deals.csv")
    assert {file.name: file.problem for file in landed.seen().files()} == {
        "deals.csv": None,
        "people.csv": "a symbolic link, which is not followed: land the file itself",
    }


def test_a_night_that_is_a_link_is_refused_by_the_first_object_and_hides_nothing_else(
    landed: Landed, tmp_path: Path
) -> None:
    landed.night("deals.csv")
    landed.folder.rename(tmp_path / "elsewhere")
    landed.folder.symlink_to(tmp_path / "elsewhere")
    (night,) = landed_nights(FolderPlace(landed.settings.landing), [landed.source])
    (file,) = night.files()
    assert (file.contract.object, file.name) == ("accounts", str(NIGHT))
    assert "symbolic link" in file.problem
    assert night.unclaimed() == []


@pytest.mark.parametrize("name", ["export.zip", "EXPORT.ZIP", "accounts.Zip"])
def test_members_of_a_zip_are_claimed_by_their_own_names(landed: Landed, name: str) -> None:
    night = landed.night(
        **{name: packed("Accounts.csv", "sub/folder/DEALS.CSV", "read me.txt", "sub/")}
    )
    assert [(file.contract.object, file.name, file.member) for file in night.files()] == [
        ("accounts", f"{name}/Accounts.csv", "Accounts.csv"),
        ("opportunities", f"{name}/sub/folder/DEALS.CSV", "sub/folder/DEALS.CSV"),
    ]
    assert night.unclaimed() == [f"{name}/read me.txt"]


def test_members_whose_folders_are_parted_by_backslashes_are_claimed_too(landed: Landed) -> None:
    members = ("export\\Accounts.csv", "export\\_customers.csv", "export\\sub/deals.csv")
    night = landed.night(**{"export.zip": packed(*members)})
    assert claimed(night) == [
        ("accounts", "export.zip/export\\Accounts.csv"),
        ("opportunities", "export.zip/export\\sub/deals.csv"),
    ]
    assert night.unclaimed() == []


def test_a_zip_counts_as_what_landed_for_each_of_its_members(landed: Landed) -> None:
    content = packed("accounts.csv", "deals.csv")
    night = landed.night(**{"export.zip": content})
    entry = local_entry(landed.folder / "export.zip")
    assert [(file.entry, file.entry.bytes) for file in night.files()] == [(entry, len(content))] * 2


def test_what_a_mac_packs_beside_a_file_is_not_the_file(landed: Landed) -> None:
    content = packed("our customers.csv", "__MACOSX/._our customers.csv", "_customers.csv")
    night = landed.night(**{"export.zip": content})
    assert [file.name for file in night.files()] == ["export.zip/our customers.csv"]


@pytest.mark.parametrize(
    "content",
    [b"", b"no zip", packed("people.csv")[:-30]],
    ids=["empty", "text", "cut off"],
)
def test_a_damaged_zip_refuses_the_night_by_the_first_object(
    landed: Landed, content: bytes
) -> None:
    night = landed.night("deals.csv", **{"export.zip": content})
    bad, deals = night.files()
    assert (bad.contract.object, bad.name, bad.member) == ("accounts", "export.zip", None)
    assert bad.problem
    assert (deals.name, deals.problem) == ("deals.csv", None)
    assert night.unclaimed() == []


def test_a_member_that_cannot_be_read_is_shown_with_what_is_wrong_about_it(landed: Landed) -> None:
    names = ["../deals_up.csv", "/deals.csv", "deals_more.zip", "deals.csv"]
    night = landed.night(**{"export.zip": packed(*names)})
    assert claimed(night) == [("opportunities", "export.zip/deals.csv")]
    assert night.unclaimed() == [
        "export.zip/../deals_up.csv (its name leads out of the zip)",
        "export.zip//deals.csv (its name leads out of the zip)",
        "export.zip/deals_more.zip (an archive in a zip: land it itself)",
    ]


def test_of_many_members_that_nobody_claims_some_are_shown_and_all_are_counted(
    landed: Landed,
) -> None:
    names = [f"Attachments/{number:03}" for number in range(1_200)]
    night = landed.night("notes.txt", **{"export.zip": packed("deals.csv", *names)})
    *shown, rest = night.unclaimed()
    assert shown == [*(f"export.zip/{name}" for name in names[:5]), "notes.txt"]
    assert rest == "export.zip/… (1,195 more members)"


class Directories:
    """Nights that share what is known of their zips, each with a place that counts."""

    def __init__(self, landed: Landed) -> None:
        self.landed = landed
        self.path = landed.settings.zips
        self.opened: list[str] = []

    def look(self) -> Night:
        """The night once more, by a process of its own."""
        known = ZipDirectories(self.path)
        place = FolderPlace(self.landed.settings.landing)
        place.open = partial(self._open, place.open)  # type: ignore[method-assign]
        night = Night(self.landed.source, NIGHT, place, known)
        night.files()
        known.save()
        return night

    def _open(self, open_: Callable[..., Any], source: str, night: date, name: str) -> Any:
        self.opened.append(name)
        return open_(source, night, name)


@pytest.fixture
def directories(landed: Landed) -> Directories:
    return Directories(landed)


def test_a_zip_is_opened_once_and_what_nobody_claims_is_shown_again(
    landed: Landed, directories: Directories
) -> None:
    landed.night(**{"export.zip": packed("deals.csv", "notes.txt", "../evil.csv")})
    first, second = directories.look(), directories.look()
    assert directories.opened == ["export.zip"]
    assert claimed(second) == claimed(first) == [("opportunities", "export.zip/deals.csv")]
    assert second.unclaimed() == first.unclaimed()
    assert len(second.unclaimed()) == 2


def test_a_zip_that_changed_is_opened_again(landed: Landed, directories: Directories) -> None:
    landed.night(**{"export.zip": packed("deals.csv")})
    directories.look()
    landed.night(**{"export.zip": packed("people.csv", "deals.csv")})
    assert ("users", "export.zip/people.csv") in claimed(directories.look())


def test_a_zip_that_cannot_be_opened_is_tried_again(
    landed: Landed, directories: Directories
) -> None:
    landed.night(**{"export.zip": b"cut off"})
    directories.look()
    directories.look()
    assert directories.opened == ["export.zip", "export.zip"]


def test_a_zip_that_is_gone_is_forgotten(landed: Landed, directories: Directories) -> None:
    landed.night(**{"a.zip": packed("deals.csv"), "b.zip": packed("deals.csv")})
    directories.look()
    (landed.folder / "a.zip").unlink()
    directories.look()
    assert pl.read_parquet(directories.path)["file"].to_list() == ["b.zip"]


def test_a_landed_file_can_be_fetched(landed: Landed, tmp_path: Path) -> None:
    night = landed.night(**{"deals.csv": b"id,state\n1,Open\n"})
    (file,) = night.files()
    assert file.fetch(tmp_path).read_bytes() == b"id,state\n1,Open\n"
    assert file.place == ("acme", "opportunities", NIGHT, "deals.csv")


def test_success_makes_a_night_complete_and_so_does_quiet(
    landed: Landed,
) -> None:
    assert landed.night("deals.csv").is_complete(quiet_minutes=1e6)
    (landed.folder / "_SUCCESS").unlink()
    an_hour_ago = time.time() - 3600
    os.utime(landed.folder / "deals.csv", (an_hour_ago, an_hour_ago))
    # A file was taken away just now, and only the folder itself can tell.
    assert not landed.seen().is_complete(quiet_minutes=10)
    os.utime(landed.folder, (an_hour_ago, an_hour_ago))
    assert landed.seen().is_complete(quiet_minutes=10)
    (landed.folder / "people.csv").touch()
    os.utime(landed.folder, (an_hour_ago, an_hour_ago))
    assert not landed.seen().is_complete(quiet_minutes=10)


def test_nights_of_all_sources_come_by_date_and_then_by_source(settings: Settings) -> None:
    settings.user_sources.mkdir(parents=True)
    for name in ("zeta", "acme"):
        text = ACME.replace("source: acme", f"source: {name}")
        (settings.user_sources / f"{name}.yml").write_text(text)
        for night in (date(2025, 9, 29), NIGHT):
            land(settings, name, night, {"deals.csv": b"x"})
    sources = load_sources(settings.user_sources)
    nights = landed_nights(FolderPlace(settings.landing), sources.values())
    assert [(night.night.day, night.source.name) for night in nights] == [
        (28, "acme"),
        (28, "zeta"),
        (29, "acme"),
        (29, "zeta"),
    ]
