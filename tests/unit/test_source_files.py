"""What a source file may say, and what becomes of it.

Belongs here: the words of `sources/<name>.yml`, the errors that meet a wrong one, the contract that
follows, and the dbt declarations written from the contracts.
Does not belong here: how a contract is carried out on a file (test_bronze_casting.py).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration.sources.catalog import Source, canonical_objects, load_sources, native_sources
from orchestration.sources.contract import Column, Contract
from orchestration.sources.dbt_sources import declarations
from orchestration.sources.model import SourceFileError

ACME = """\
source: acme
objects:
  opportunities:
    files: "deals*.csv"
    key: opportunity_id
    columns:
      opportunity_id: deal
      stage: {column: state}
      amount: {column: value, strip: "$"}
      created_at: {column: opened, format: "%d.%m.%Y"}
  accounts:
    files: ["accounts.csv", "customers.csv"]
    key: [account_id]
    columns: {account_id: name, is_deleted: {value: "false"}}
"""
PIPELINES = """\
pipelines:
  - {name: new, stages: [Open, Offer], won: Won, lost: [Lost, Gone], qualified_from: Offer}
"""

Write = Callable[..., dict[str, Source]]


@pytest.fixture
def load(tmp_path: Path) -> Write:
    """Load an installation with one source file."""

    def load_one(text: str, name: str = "acme.yml") -> dict[str, Source]:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return load_sources(tmp_path)

    return load_one


def column(sources: dict[str, Source], object_: str, name: str) -> Column:
    return next(c for c in sources["acme"].contracts[object_].columns if c.name == name)


def contract(sources: dict[str, Source], object_: str = "opportunities") -> Contract:
    return sources["acme"].contracts[object_]


def refusal(load: Write, text: str, name: str = "acme.yml") -> str:
    """The error that a source file meets."""
    with pytest.raises(SourceFileError) as raised:
        load(text, name)
    return str(raised.value)


# What a source file may say ----------------------------------------------------------------------


def test_a_column_may_be_named_without_braces(load: Write) -> None:
    assert column(load(ACME), "opportunities", "opportunity_id").headers == ("deal",)


def test_the_short_form_of_a_column_means_the_long_one(load: Write) -> None:
    long = ACME.replace("opportunity_id: deal", "opportunity_id: {column: deal}")

    assert contract(load(ACME)) == contract(load(long))


def test_a_single_text_stands_for_a_list_of_one(load: Write) -> None:
    sources = load(ACME)

    assert contract(sources).files == ("deals*.csv",)
    assert contract(sources).key == ("opportunity_id",)
    assert contract(sources, "accounts").files == ("accounts.csv", "customers.csv")
    assert column(sources, "opportunities", "created_at").formats == ("%d.%m.%Y",)


def test_a_column_may_hold_a_constant_instead_of_a_column_of_the_file(load: Write) -> None:
    constant = column(load(ACME), "accounts", "is_deleted")

    assert (constant.headers, constant.constant) == ((), "false")


def test_a_mapped_object_has_every_canonical_column_in_its_canonical_type(load: Write) -> None:
    declared = canonical_objects()["opportunities"].columns

    assert {c.name: c.type for c in contract(load(ACME)).columns} == {
        name: said.type for name, said in declared.items()
    }


def test_a_column_that_is_not_mapped_comes_from_nowhere(load: Write) -> None:
    unmapped = column(load(ACME), "opportunities", "next_step")

    assert (unmapped.headers, unmapped.constant, unmapped.default) == ((), None, None)


def test_the_currency_of_the_source_stands_in_for_rows_without_one(load: Write) -> None:
    sources = load(ACME + "currency: EUR\n")

    assert column(sources, "opportunities", "currency_code").default == "EUR"
    assert column(sources, "opportunities", "amount").default is None


def test_the_currency_of_the_source_backs_up_a_mapped_currency_column(load: Write) -> None:
    mapped = ACME.replace("opportunity_id: deal", "opportunity_id: deal\n      currency_code: iso")
    currency = column(load(mapped + "currency: EUR\n"), "opportunities", "currency_code")

    assert (currency.headers, currency.default) == (("iso",), "EUR")


def test_without_a_currency_of_the_source_none_is_made_up(load: Write) -> None:
    assert column(load(ACME), "opportunities", "currency_code").default is None


def test_a_required_column_may_be_declared_as_sometimes_empty(load: Write) -> None:
    relaxed = ACME.replace("{column: state}", "{column: state, required: false}")

    assert column(load(ACME), "opportunities", "stage").is_required
    assert not column(load(relaxed), "opportunities", "stage").is_required


def test_what_a_source_says_of_its_files_holds_for_all_its_objects(load: Write) -> None:
    sources = load(ACME + 'delimiter: ";"\n')

    assert contract(sources).options.delimiter == ";"
    assert contract(sources, "accounts").options.delimiter == ";"


def test_an_object_may_say_otherwise_of_its_own_files(load: Write) -> None:
    own = ACME.replace("key: opportunity_id", 'key: opportunity_id\n    delimiter: "|"')
    sources = load(own + 'delimiter: ";"\n')

    assert contract(sources).options.delimiter == "|"
    assert contract(sources, "accounts").options.delimiter == ";"


def test_an_object_may_be_extracted_otherwise_than_its_source(load: Write) -> None:
    own = ACME.replace("key: opportunity_id", "key: opportunity_id\n    extract: full")
    sources = load(own + "extract: delta\n")

    assert contract(sources).extract == "full"
    assert contract(sources, "accounts").extract == "delta"


def test_an_extract_is_full_unless_said_otherwise(load: Write) -> None:
    assert contract(load(ACME)).extract == "full"


def test_pipelines_become_the_stages_of_the_source(load: Write) -> None:
    stages = contract(load(ACME + PIPELINES), "stages")

    assert stages.canonical
    assert [pipeline.name for pipeline in stages.pipelines] == ["new"]
    assert stages.pipelines[0].won == ["Won"]


def test_the_built_in_sources_come_before_the_users_own(load: Write) -> None:
    assert list(load(ACME)) == [*native_sources(), "acme"]


def test_without_a_folder_of_own_sources_the_built_in_ones_are_there(tmp_path: Path) -> None:
    assert load_sources(tmp_path / "none") == native_sources()


# What it may not say -----------------------------------------------------------------------------


def test_an_unknown_word_is_refused_with_file_and_place(load: Write) -> None:
    text = refusal(load, ACME.replace('files: "deals*.csv"', 'files: "deals*.csv"\n    fils: x'))

    assert "acme.yml" in text
    assert "objects.opportunities.fils" in text


def test_an_unknown_word_of_a_column_is_refused_with_its_place(load: Write) -> None:
    text = refusal(load, ACME.replace("{column: state}", "{column: state, formt: x}"))

    assert "acme.yml" in text
    assert "objects.opportunities.columns.stage.formt" in text


def test_all_mistakes_of_a_file_are_listed_at_once(load: Write) -> None:
    text = refusal(load, ACME.replace("    key: opportunity_id\n", "") + "currency: euro\n")

    assert "objects.opportunities.key" in text
    assert "currency" in text


def test_an_unknown_object_is_refused_and_the_nearest_is_named(load: Write) -> None:
    text = refusal(load, ACME.replace("  accounts:", "  acounts:"))

    assert "acme" in text
    assert "`acounts`" in text
    assert "did you mean `accounts`?" in text


def test_an_unknown_column_is_refused_and_the_nearest_is_named(load: Write) -> None:
    text = refusal(load, ACME.replace("amount:", "amont:"))

    assert "objects.opportunities" in text
    assert "amont" in text
    assert "did you mean `amount`?" in text


def test_a_column_has_one_origin(load: Write) -> None:
    text = refusal(load, ACME.replace("{column: state}", "{column: state, value: Open}"))

    assert "acme.yml" in text
    assert "objects.opportunities.columns.stage" in text
    assert "one of `column`" in text


def test_a_mapped_column_has_an_origin(load: Write) -> None:
    """Otherwise a forgotten `column:` makes every amount of the source NULL, and nobody hears."""
    text = refusal(load, ACME.replace('{column: value, strip: "$"}', '{strip: "$"}'))

    assert "acme" in text
    assert "amount" in text


def test_a_required_column_must_be_mapped(load: Write) -> None:
    text = refusal(load, ACME.replace("      stage: {column: state}\n", ""))

    assert "objects.opportunities" in text
    assert "`stage`" in text


def test_a_key_names_columns_of_the_object(load: Write) -> None:
    text = refusal(load, ACME.replace("key: opportunity_id", "key: [opportunity_id, deal]"))

    assert "objects.opportunities" in text
    assert "deal" in text


def test_a_stage_stands_once_in_a_pipeline(load: Write) -> None:
    text = refusal(load, ACME + PIPELINES.replace("won: Won", "won: Offer"))

    assert "acme.yml" in text
    assert "pipelines.0" in text
    assert "Offer" in text


def test_two_pipelines_bear_two_names(load: Write) -> None:
    text = refusal(load, ACME + PIPELINES + PIPELINES.removeprefix("pipelines:\n"))

    assert "acme" in text
    assert "new" in text


def test_qualification_begins_at_an_open_stage(load: Write) -> None:
    text = refusal(load, ACME + PIPELINES.replace("qualified_from: Offer", "qualified_from: Won"))

    assert "acme.yml" in text
    assert "pipelines.0" in text
    assert "'Won'" in text


def test_stages_come_from_pipelines_or_from_a_file_but_not_from_both(load: Write) -> None:
    stages = "  stages: {files: s.csv, key: stage, columns: {stage: name, kind: kind}}\n"

    assert "acme" in refusal(load, ACME + stages + PIPELINES)


def test_a_file_bears_the_name_of_its_source(load: Write) -> None:
    text = refusal(load, ACME, name="other.yml")

    assert "other.yml" in text
    assert "source: acme" in text


@pytest.mark.parametrize("name", [*native_sources(), "canonical"])
def test_the_name_of_a_built_in_source_is_taken(load: Write, name: str) -> None:
    text = refusal(load, ACME.replace("source: acme", f"source: {name}"), name=f"{name}.yml")

    assert f"{name}.yml" in text
    assert "taken" in text


def test_the_name_of_all_mapped_sources_together_is_taken(load: Write) -> None:
    """`bronze/mapped/<object>` is the asset of a canonical object over all mapped sources."""
    assert "taken" in refusal(load, ACME.replace("source: acme", "source: mapped"), "mapped.yml")


@pytest.mark.parametrize("name", ["Acme", "my acme", "../acme", "9acme"])
def test_a_source_name_can_stand_in_paths_and_keys(load: Write, name: str) -> None:
    assert "source" in refusal(load, ACME.replace("source: acme", f"source: '{name}'"))


def test_an_unknown_time_zone_is_refused(load: Write) -> None:
    """Otherwise each file of the source is called unreadable, every night."""
    assert "time_zone" in refusal(load, ACME + "time_zone: Mars/Olympus\n")


def test_an_unknown_encoding_is_refused(load: Write) -> None:
    assert "encoding" in refusal(load, ACME + "encoding: klingon\n")


@pytest.mark.parametrize("codec", ["rot13", "base64", "zlib"])
def test_a_codec_that_makes_no_text_of_bytes_is_no_encoding(load: Write, codec: str) -> None:
    assert f"no encoding named '{codec}'" in refusal(load, ACME + f"encoding: {codec}\n")


def test_a_delimiter_is_one_byte(load: Write) -> None:
    """The reader compares bytes: a two-byte delimiter stops the step and names no remedy."""
    assert "delimiter" in refusal(load, ACME + 'delimiter: "§"\n')


def test_delimiter_and_quote_differ(load: Write) -> None:
    assert "acme.yml" in refusal(load, ACME + "delimiter: '|'\nquote: '|'\n")


def test_decimal_and_thousands_separators_differ(load: Write) -> None:
    """Otherwise 1,50 is read as 150."""
    assert "acme.yml" in refusal(load, ACME + 'decimal: ","\nthousands: ","\n')


@pytest.mark.parametrize("text", ["", "- acme", "acme"])
def test_what_is_no_source_file_at_all_is_refused_with_its_name(load: Write, text: str) -> None:
    assert "acme.yml" in refusal(load, text)


def test_broken_yaml_is_refused_with_file_and_line(load: Write) -> None:
    text = refusal(load, ACME + "currency: [EUR\n")

    assert "acme.yml" in text
    assert "line" in text


def test_a_source_file_that_is_not_utf8_is_refused_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "acme.yml").write_bytes(ACME.replace("state", "état").encode("latin-1"))

    with pytest.raises(SourceFileError, match=r"acme\.yml"):
        load_sources(tmp_path)


# What follows from it ----------------------------------------------------------------------------


def test_the_version_of_a_contract_stays_when_the_file_says_the_same(load: Write) -> None:
    assert contract(load(ACME)).version == contract(load(ACME)).version


@pytest.mark.parametrize(
    ("said", "instead"),
    [
        ("opportunity_id: deal", "opportunity_id: deal_id"),
        ('strip: "$"', 'strip: "€"'),
        ("%d.%m.%Y", "%m.%d.%Y"),
        ("{column: state}", "{column: state, required: false}"),
        ("{column: state}", "{column: state, replace: {Opn: Open}}"),
        ("{column: state}", "{value: Open}"),
        ("key: opportunity_id", "key: [opportunity_id, stage]"),
        ("deals*.csv", "deal*.csv"),
        ("source: acme", "source: acme\ntime_zone: Europe/Berlin"),
        ("source: acme", "source: acme\ncurrency: EUR"),
        ("source: acme", "source: acme\nextract: delta"),
        ("source: acme", "source: acme\nnull_values: n/a"),
    ],
)
def test_the_version_of_a_contract_changes_with_what_it_says(
    load: Write, said: str, instead: str
) -> None:
    before = contract(load(ACME)).version

    assert contract(load(ACME.replace(said, instead))).version != before


def test_the_version_of_the_stages_changes_with_the_pipelines(load: Write) -> None:
    before = contract(load(ACME + PIPELINES), "stages").version
    changed = PIPELINES.replace("Offer", "Proposal")

    assert contract(load(ACME + changed), "stages").version != before


def test_the_version_of_a_contract_stays_when_another_object_changes(load: Write) -> None:
    before = contract(load(ACME), "accounts").version

    assert contract(load(ACME.replace("deals*.csv", "d.csv")), "accounts").version == before


def test_no_native_object_bears_the_name_of_a_canonical_one() -> None:
    """The mapped sources are scanned as `bronze/*/<object>/`, over all folders of sources."""
    native = {object_ for source in native_sources().values() for object_ in source.contracts}

    assert native.isdisjoint(canonical_objects())


@pytest.mark.parametrize("path", declarations(), ids=lambda path: path.name)
def test_the_dbt_source_files_say_what_the_contracts_say(path: Path) -> None:
    """After a change to a contract: `python -m orchestration.sources.dbt_sources`."""
    assert path.read_text(encoding="utf-8") == declarations()[path]


def test_the_dbt_sources_declare_every_object_of_every_source() -> None:
    declared = {path.name: text for path, text in declarations().items()}

    for name, source in native_sources().items():
        for object_ in source.contracts:
            assert f"- name: {object_}\n" in declared[f"_{name}__sources.yml"]
    for object_ in canonical_objects():
        assert f"- name: {object_}\n" in declared["_mapped__sources.yml"]
