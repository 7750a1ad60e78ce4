"""What the models may see of a file with persons in it.

Belongs here: masks of columns, the folder of masked files, the key. Does not belong here: what the
gate finds (test_personal_data_check.py), what is kept of a forgotten person.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest

from orchestration.bronze.night import heal, load_night
from orchestration.privacy.border import drop_unreadable, mask_bronze
from orchestration.privacy.keys import MaskingKeyError, key_name, make_key, masking_key
from orchestration.privacy.patterns import looks_personal, redacted
from orchestration.publication.fingerprint import project_fingerprint
from orchestration.settings import Settings
from tests.conftest import land

NIGHT = date(2025, 9, 1)
KEY = "a key of this test and no other"
CONTACTS = """\
Id,AccountId,Email,FirstName,LastName,Phone,Title,OwnerId,CreatedDate,MasterRecordId,IsDeleted,\
SystemModstamp,Private_Email__c,Note__c
003000000000001AAA,,  Ann.Lee@Shop.example ,Ann,Lee,+1 (555) 010-1234,Buyer,,2025-08-01,,false,\
2025-08-01,ann@home.example,write to bob@shop.example or +44 20 7946 0958
003000000000002AAA,,ann.lee@shop.example,Ann,Lee,0015550101234,,,2025-08-01,,false,2025-08-01,,
003000000000003AAA,,nobody,,,12,,,2025-08-01,,false,2025-08-01,,fine
"""
HISTORY = """\
Id,LeadId,Field,OldValue,NewValue,CreatedDate,CreatedById,IsDeleted
017000000000001AAA,00Q000000000001AAA,Status,New,MQL,2025-08-01,,false
017000000000002AAA,00Q000000000001AAA,Email,a@shop.example,b@shop.example,2025-08-01,,false
"""
CRM = """\
source: crm
objects:
  activities:
    files: "calls.csv"
    key: activity_id
    columns: {activity_id: id, contact_id: who, owner_id: rep, occurred_at: at, subject: note}
  users:
    files: "reps.csv"
    key: user_id
    columns: {user_id: mail, email: mail}
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", masking_key=KEY)


def loaded(settings: Settings, source: str, files: dict[str, str]) -> None:
    land(settings, source, NIGHT, dict(files))
    heal(settings)
    loads = load_night(settings, NIGHT, "run", source)
    assert [load.error for load in loads if load.error] == []
    mask_bronze(settings)


def seen(settings: Settings, source: str, object_: str) -> pl.DataFrame:
    """The rows of an object as the models see them."""
    files = settings.masked / source / object_ / "batch=*" / "*.parquet"
    return pl.read_parquet(files, hive_partitioning=False)


def keyed_hash(plain: str) -> str:
    """HMAC-SHA-256 as RFC 2104 writes it, by hand."""
    key = KEY.encode().ljust(64, b"\0")
    inner = hashlib.sha256(bytes(each ^ 0x36 for each in key) + plain.encode()).digest()
    return hashlib.sha256(bytes(each ^ 0x5C for each in key) + inner).hexdigest()[:32]


def test_addresses_and_numbers_give_way_to_hash_domain_and_last_digits(settings: Settings) -> None:
    loaded(settings, "salesforce", {"Contact.csv": CONTACTS})
    rows = seen(settings, "salesforce", "contact").sort("Id")
    assert rows["Email_hash"].to_list() == [
        keyed_hash("ann.lee@shop.example"), keyed_hash("ann.lee@shop.example"),
        keyed_hash("nobody"),
    ]  # fmt: skip
    assert rows["Email_domain"].to_list() == ["shop.example", "shop.example", None]
    assert rows["Phone_hash"].to_list() == [keyed_hash("15550101234")] * 2 + [None]
    assert rows["Phone_last_digits"].to_list() == ["34", "34", None]


def test_names_do_not_pass_at_all(settings: Settings) -> None:
    loaded(settings, "salesforce", {"Contact.csv": CONTACTS})
    names = seen(settings, "salesforce", "contact").columns
    assert {"Email", "Phone", "Name", "FirstName", "LastName"}.isdisjoint(names)
    assert {"Id", "Title", "_row_number"} <= set(names)


def test_a_custom_column_that_is_named_like_an_address_does_not_pass(settings: Settings) -> None:
    loaded(settings, "salesforce", {"Contact.csv": CONTACTS})
    assert "private_email__c" not in seen(settings, "salesforce", "contact").columns


def test_addresses_within_other_texts_are_blanked(settings: Settings) -> None:
    loaded(settings, "salesforce", {"Contact.csv": CONTACTS})
    notes = seen(settings, "salesforce", "contact").sort("Id")["note__c"]
    assert notes.to_list() == ["write to [e-mail] or [phone]", None, "fine"]


def test_bronze_keeps_what_the_crm_said(settings: Settings) -> None:
    loaded(settings, "salesforce", {"Contact.csv": CONTACTS})
    (file,) = settings.bronze.glob("salesforce/contact/batch=*/*.parquet")
    rows = pl.read_parquet(file)
    assert "ann@home.example" in rows["private_email__c"].to_list()
    assert rows["Phone"][0] == "+1 (555) 010-1234"


def test_a_value_of_any_field_passes_only_for_fields_without_persons(settings: Settings) -> None:
    loaded(settings, "salesforce", {"LeadHistory.csv": HISTORY})
    rows = seen(settings, "salesforce", "lead_history").sort("Id")
    assert rows["OldValue"].to_list() == ["New", None]
    assert rows["NewValue"].to_list() == ["MQL", None]


def test_a_file_without_persons_is_a_second_name_of_the_bronze_file(settings: Settings) -> None:
    products = "Id,Name,IsActive\n01t000000000001AAA,Widget,true\n"
    loaded(settings, "salesforce", {"Product2.csv": products})
    (raw,) = settings.bronze.glob("salesforce/product2/batch=*/*.parquet")
    (masked,) = settings.masked.glob("salesforce/product2/batch=*/*.parquet")
    assert masked.samefile(raw)


def test_an_address_for_an_id_becomes_one_hash_and_staff_stays_readable(
    settings: Settings,
) -> None:
    settings.user_sources.mkdir(parents=True)
    (settings.user_sources / "crm.yml").write_text(CRM, encoding="utf-8")
    calls = "id,who,rep,at,note\n1,Ann@shop.example,rep@us.example,2025-08-01,called Ann\n"
    loaded(settings, "crm", {"calls.csv": calls, "reps.csv": "mail\nrep@us.example\n"})
    (row,) = seen(settings, "crm", "activities").to_dicts()
    assert row["contact_id"] == keyed_hash("ann@shop.example")
    assert row["owner_id"] == "rep@us.example"
    assert "subject" not in row
    assert seen(settings, "crm", "users")["email"].to_list() == ["rep@us.example"]


def test_a_masked_file_that_nobody_can_read_is_made_anew(settings: Settings) -> None:
    loaded(settings, "salesforce", {"Contact.csv": CONTACTS})
    mask_bronze(settings)
    (path,) = settings.masked.glob("salesforce/contact/batch=*/*.parquet")
    whole = path.read_bytes()
    path.write_bytes(b"x")
    with pytest.raises(duckdb.Error) as told:
        duckdb.read_parquet(str(path))

    assert drop_unreadable(settings, f"of a model: {told.value}") == [path]
    assert mask_bronze(settings) == 1
    assert path.read_bytes() == whole


def test_another_key_masks_everything_anew_and_rebuilds(settings: Settings) -> None:
    loaded(settings, "salesforce", {"Contact.csv": CONTACTS})
    before = seen(settings, "salesforce", "contact")["Email_hash"].to_list()
    other = Settings(home=settings.home, masking_key="quite another key")
    mask_bronze(other)
    assert set(seen(other, "salesforce", "contact")["Email_hash"]).isdisjoint(before)
    assert project_fingerprint(settings) != project_fingerprint(other)


def test_a_masked_file_goes_with_its_bronze_file(settings: Settings) -> None:
    loaded(settings, "salesforce", {"Contact.csv": CONTACTS})
    heal(settings)
    mask_bronze(settings)
    assert list(settings.masked.glob("salesforce/contact/batch=*/*.parquet")) == []


def test_nobody_else_can_look_into_bronze(settings: Settings) -> None:
    loaded(settings, "salesforce", {"Contact.csv": CONTACTS})
    for folder in (settings.bronze, settings.masked):
        assert folder.stat().st_mode & 0o077 == 0


def test_a_home_without_a_key_makes_one_once_for_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FLYWHEEL_MASKING_KEY")
    settings = Settings(home=tmp_path)
    assert key_name(settings) == ""
    made = make_key(settings)
    assert made == settings.own_masking_key
    assert made.stat().st_mode & 0o777 == 0o600
    assert make_key(settings) is None
    assert masking_key(settings) == made.read_bytes()
    assert key_name(settings) not in ("", made.read_text())


def test_a_key_may_come_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FLYWHEEL_MASKING_KEY")
    (tmp_path / "key").write_text(f"{KEY}\n")
    monkeypatch.setenv("FLYWHEEL_MASKING_KEY_FILE", str(tmp_path / "key"))
    assert masking_key(Settings(home=tmp_path)) == KEY.encode()


@pytest.mark.parametrize("said", ["short", ""])
def test_a_key_that_can_be_guessed_is_refused(tmp_path: Path, said: str) -> None:
    with pytest.raises(MaskingKeyError, match="at least 16"):
        masking_key(Settings(home=tmp_path, masking_key=said))


def test_settings_do_not_show_the_key() -> None:
    assert KEY not in repr(Settings(masking_key=KEY))


@pytest.mark.parametrize(
    "name",
    ["Email", "e-mail", "Work Email 2", "extra__email", "extra__email_0a1b2c3d", "private_email__c",
     "Mobile Phone", "phone", "First Name", "lastname", "LastName", "Fax", "PersonMobilePhone",
     "Birthdate", "hs_email_address"],
)  # fmt: skip
def test_a_name_of_a_column_may_look_personal(name: str) -> None:
    assert looks_personal(name)


@pytest.mark.parametrize(
    "name",
    ["hs_v2_date_entered_email", "email_sent_at", "is_email", "Amount", "Stage Name", "number",
     "hs_email_direction", "mailing_country", "num_emails", "renewal_year__c"],
)  # fmt: skip
def test_a_name_of_a_column_may_look_like_nothing_personal(name: str) -> None:
    assert not looks_personal(name)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("to a.b+c@d-e.example.org.", "to [e-mail]."),
        ("+49 30 5550102, 555-010-1234 or (555) 010-1234", "[phone], [phone] or [phone]"),
        ("2025-09-28T10:00:00.000Z 0065g00000DXCBnAAP 1,234,567.89 12345678901", None),
        ("@channel: a@b", None),
    ],
)
def test_addresses_and_numbers_are_told_from_other_texts(text: str, shown: str | None) -> None:
    assert redacted(text) == (text if shown is None else shown)


def test_an_account_is_shown_by_name_unless_it_is_a_person(settings: Settings) -> None:
    from orchestration.privacy.masking import masked_rows
    from orchestration.sources.catalog import native_sources

    contract = native_sources()["salesforce"].contracts["account"]
    contract = replace(contract, columns=contract.columns[:2])
    path = settings.home / "accounts.parquet"
    path.parent.mkdir(parents=True)
    rows = {"Id": ["1", "2", "3"], "Name": ["Acme", "Ann Lee", "Bolt"],
            "IsPersonAccount": [False, True, None]}  # fmt: skip
    pl.DataFrame(rows).write_parquet(path)
    shown = masked_rows(path, contract, KEY.encode()).collect()
    assert shown["Name"].to_list() == ["Acme", None, "Bolt"]
