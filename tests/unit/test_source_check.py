"""What a person is told of a source file that is wrong, or right and probably not meant.

Belongs here: YAML and its traps, places, mistakes, warnings, landed headers, the command.
Does not belong here: the contracts of a good file (test_source_files.py).
"""

from __future__ import annotations

import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from orchestration.commands.sources import sources_app
from orchestration.extracts.places import FolderPlace
from orchestration.settings import Settings
from orchestration.sources.catalog import load_sources, mapped_source
from orchestration.sources.check import (
    check_document,
    check_source_file,
    check_text,
    checked_source_file,
)
from orchestration.sources.document import parse_document
from orchestration.sources.landed import Landed, check_landed
from orchestration.sources.mistakes import Mistake
from orchestration.sources.model import SourceFile, SourceFileError
from orchestration.sources.reading import read_source_file, understand

GOOD = """\
source: acme
currency: EUR
objects:
  opportunities:
    files: "deals*.csv"
    key: opportunity_id
    columns:
      opportunity_id: Deal ID
      stage: Stage
      amount: {column: Value, strip: "$"}
      created_at: {column: Created, format: "%d.%m.%Y"}
      account_id:
        column: Company
        lookup: {object: accounts, match: account_name, return: account_id}
  accounts:
    files: accounts.csv
    key: account_id
    columns: {account_id: ID, account_name: Name, modified_at: Changed}
pipelines:
  - {name: default, stages: [Open, Offer], won: Won, lost: [Lost, Gone], qualified_from: Offer}
"""

# The same files on every run: a failure is a change of the code and not a lucky draw.
random_texts = hypothesis_settings(derandomize=True, max_examples=300, deadline=None)
random_files = hypothesis_settings(derandomize=True, max_examples=120, deadline=None)


def said(text: str) -> SourceFile:
    """A source file that has no mistake of shape."""
    reading = understand(parse_document(text))
    assert reading.source is not None, reading.mistakes
    return reading.source


def only(text: str) -> Mistake:
    """The only mistake of a source file."""
    (mistake,) = check_text(text, "acme")
    assert not mistake.is_warning
    return mistake


def warnings(text: str) -> list[str]:
    mistakes = check_text(text, "acme")
    assert all(mistake.is_warning for mistake in mistakes), mistakes
    return [mistake.told for mistake in mistakes]


def test_a_good_file_has_neither_mistakes_nor_warnings() -> None:
    assert check_text(GOOD, "acme") == []


# YAML and its traps ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["No", "on", "10", "0010", "1e3", "1_000", "2025-01-01", "12:30", "~"]
)
def test_a_text_is_taken_as_it_was_written(text: str) -> None:
    """YAML makes false, eight and a date of such texts; a CRM writes stages and codes so."""
    source = said(
        GOOD.replace("[Open, Offer]", f"[{text}, Offer]")
        .replace('strip: "$"', f"replace: {{{text}: {'Yes'}}}")
        .replace("currency: EUR", f"null_values: [{text}]")
    )

    assert source.pipelines[0].stages[0] == text
    assert source.objects["opportunities"].columns["amount"].replace == {text: "Yes"}
    assert source.null_values == [text]


def test_yes_and_numbers_are_understood_where_they_are_meant() -> None:
    source = said(GOOD.replace('strip: "$"', "required: yes, optional: off") + "header_row: 3\n")

    column = source.objects["opportunities"].columns["amount"]
    assert (column.required, column.optional, source.header_row) == (True, False, 3)


def test_nothing_in_the_place_of_a_text_is_explained() -> None:
    mistake = only(GOOD.replace('strip: "$"', "replace: {n/a: null}"))

    assert mistake.place == "objects.opportunities.columns.amount.replace.n/a"
    assert '`"null"`' in mistake.remedy


def test_a_word_that_stands_twice_is_a_mistake() -> None:
    """PyYAML takes the last one: half of a copied object would be gone."""
    text = GOOD.replace("key: account_id", "key: account_id\n    files: customers.csv")
    mistake = only(text)

    assert text.splitlines()[mistake.line - 1] == "    files: customers.csv"
    assert "stands here twice, first on line 16" in mistake.text


def test_aliases_and_merged_lines_are_understood() -> None:
    source = said(
        GOOD.replace('{column: Value, strip: "$"}', '&money {column: Value, strip: "$"}').replace(
            "modified_at: Changed", "annual_revenue: {<<: *money, column: Revenue}"
        )
    )

    revenue = source.objects["accounts"].columns["annual_revenue"]
    assert (revenue.column, revenue.strip) == (["Revenue"], "$")


def test_aliases_of_aliases_do_not_unfold_without_end() -> None:
    bomb = "a0: &a0 [x]\n" + "".join(
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 30)
    )

    assert [mistake.text for mistake in parse_document(bomb).mistakes] == [
        "the aliases of the file unfold without end"
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("source: *.csv\n", "needs quotes"),
        ("format: %d.%m\n", "put the text in quotes"),
        ("source: a\n\tfiles: b\n", "indented with blanks"),
        ("source: 'a\n", "a quote is opened and not closed"),
        ("a: [b\nc: d\n", "bracket"),
        ("source: a: b\n", "needs quotes"),
        ("source: a\n---\nsource: b\n", "one document"),
        ("source: !!python/object/apply:os.system ['true']\n", "means nothing here"),
        ("a: &a [*a]\n", "without end"),
        ("[" * 1000, "nested too deeply"),
        ("source: a\x00b\n", "a character that no text holds"),
        ("? [a, b]\n: c\n", "a word is expected here"),
        ("", "says nothing"),
        ("# nothing but a remark\n", "says nothing"),
        ("- source: a\n", "`word: value` lines"),
        ("acme\n", "`word: value` lines"),
    ],
)
def test_what_is_no_source_file_is_told_with_a_remedy(text: str, told: str) -> None:
    assert any(told in mistake.told for mistake in understand(parse_document(text)).mistakes)


@random_texts
@given(st.text(alphabet=" \n\t:-[]{}*&!|>'\"%@#,?abc1~\u0000é", max_size=60))
def test_no_text_at_all_brings_the_check_down(text: str) -> None:
    """A random text is hardly ever a source file, so it has a mistake, at a place within it."""
    for mistake in check_text(text, "acme"):
        assert 1 <= mistake.line <= text.count("\n") + 2
        assert mistake.column >= 1


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = tmp_path / "acme.yml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())

    assert read_source_file(path).source == "acme"


def test_a_file_in_another_encoding_is_told_with_the_line(tmp_path: Path) -> None:
    path = tmp_path / "acme.yml"
    path.write_bytes(GOOD.replace("Company", "Société").encode("latin-1"))

    (mistake,) = check_source_file(path)
    assert (mistake.line, "UTF-8" in mistake.told) == (13, True)


def test_a_file_that_is_not_there_is_told_so(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yml", tmp_path):
        (mistake,) = check_source_file(path)
        assert "cannot be read" in mistake.text


def test_a_file_that_no_person_wrote_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "acme.yml"
    path.write_bytes(b"#" * 2_000_000)

    assert "no source file" in check_source_file(path)[0].text


# Places ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "instead", "at", "place"),
    [
        ("currency: EUR", "currency: euro", "currency", "currency"),
        ("amount:", "amout:", "amout", "objects.opportunities.columns.amout"),
        ("strip:", "stripp:", "stripp", "objects.opportunities.columns.amount.stripp"),
        (": Stage", ": [a]", "stage", "objects.opportunities.columns.stage"),
        ("key: account_id", "key: [account_id, IDs]", "IDs", "objects.accounts.key.1"),
        ("_from: Offer", "_from: Won", "qualified_from", "pipelines.0.qualified_from"),
        ("[Open, Offer]", "Open", "stages", "pipelines.0.stages"),
        ("return: account_id", "return: idd", "return", "objects.opportunities.columns.account_id"
         ".lookup.return"),
    ],
)  # fmt: skip
def test_a_mistake_stands_at_the_word_that_is_wrong(
    wrong: str, instead: str, at: str, place: str
) -> None:
    text = GOOD.replace(wrong, instead, 1)
    before = text[: text.index(at)]
    mistake = only(text)

    assert mistake.place == place
    assert mistake.line == before.count("\n") + 1
    assert mistake.column == len(before) - before.rfind("\n")


def test_every_mistake_is_told_at_once_and_on_its_line(tmp_path: Path) -> None:
    path = tmp_path / "acme.yml"
    path.write_text(
        GOOD.replace("EUR", "euro").replace("strip", "stripp").replace("Won,", "Offer,")
    )

    with pytest.raises(SourceFileError) as raised:
        read_source_file(path)

    lines = str(raised.value).splitlines()
    assert [re.sub(r"^.*acme\.yml:(\d+):\d+: .*$", r"\1", line) for line in lines] == [
        "2",
        "10",
        "20",
    ]


# Mistakes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "instead", "told"),
    [
        # What no word may be.
        ("strip:", "stripp:", "there is no word `stripp` in a column; did you mean `strip`?"),
        ("strip:", "delimiter:", "it belongs to a source file or an object"),
        ("    key: account_id\n", "", "`key` is missing"),
        ("source: acme", "source: acme\nformat: cvs", "`cvs` is not one of"),
        ("source: acme", "source: acme\nheader_row: first", "a whole number is expected"),
        ("source: acme", "source: acme\nheader_row: 0", "too small: at least 1"),
        ("source: acme", "source: acme\nmax_refused_share: 5", "too large: at most 1"),
        ("source: acme", "source: acme\ntime_zone: Mars/Olympus", "names are like `Europe/Berlin`"),
        ("source: acme", "source: acme\ntime_zone: Europe/Berln", "did you mean `Europe/Berlin`?"),
        ("source: acme", "source: acme\nencoding: utf-99", "'utf-99'; names are like `utf-8`"),
        ("source: acme", "source: acme\ndelimiter: ab", "'ab' divides no fields; write one ASCII"),
        ("source: acme", "source: acme\nquote: ','", "must differ; change one of them"),
        ("source: acme", "source: acme\nquote: ''", "one character is expected"),
        ("strip:", "required: maybe, strip:", "`true` or `false` is expected"),
        # What the canonical objects do not know.
        ("  accounts:", "  companies:", "did you mean `accounts`?"),
        ("  accounts:", "  acounts:", "did you mean `accounts`?"),
        ("amount:", "amout:", "no column `amout` in opportunities; did you mean `amount`?"),
        ("amount:", "deal value:", "did you mean `amount`?"),
        ("      stage: Stage\n", "", "opportunities needs `stage`"),
        ("Stage\n", "{required: true}\n", "nothing says where `stage` comes from"),
        ("Stage\n", "{column: a, type: date}\n", "leave `type` out"),
        ("Stage\n", "{column: a, value: b}\n", "a column has one origin; give one of"),
        ("key: opportunity_id", "key: Deal ID", "the key is told in our names: `opportunity_id`"),
        # What the source itself does not have.
        ("object: accounts", "object: users", "no other object of this source"),
        ("object: accounts", "object: opportunities", "no other object of this source"),
        ("match: account_name", "match: name", "which is no column of accounts"),
        ("return: account_id", "return: id", "did you mean `account_id`?"),
        (
            "pipelines:",
            "  stages: {files: s.csv, key: stage, columns: {stage: a, kind: b}}\npipelines:",
            "from a file, not from both",
        ),
        ("qualified_from: Offer", "qualified_from: Won", "there are `Open`, `Offer`"),
        ("[Lost, Gone]", "[Lost, Open]", "twice in one pipeline: `Open`; name each stage once"),
        ("pipelines:", "pipelines:\n  - {stages: [A], won: B, lost: C}", "a `name` of its own"),
        ("source: acme", "source: bolt", "the file is acme.yml and says `source: bolt`"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_in_plain_words(wrong: str, instead: str, told: str) -> None:
    mistakes = check_text(GOOD.replace(wrong, instead, 1), "acme")

    assert any(told in mistake.told and not mistake.is_warning for mistake in mistakes), mistakes


@pytest.mark.parametrize("name", ["salesforce", "canonical", "mapped"])
def test_the_name_of_a_built_in_source_is_taken(name: str) -> None:
    mistakes = check_text(GOOD.replace("source: acme", f"source: {name}"), name)

    assert [mistake.place for mistake in mistakes] == ["source"]


def test_a_lookup_of_the_only_object_is_told_what_to_add() -> None:
    alone = yaml.safe_load(GOOD)
    del alone["objects"]["accounts"], alone["pipelines"]
    assert only(yaml.safe_dump(alone)).told == (
        "`lookup` looks into `accounts`, which is no other object of this source; there is none: "
        "add the object that holds the values, or leave `lookup` out"
    )


def test_two_objects_that_look_into_each_other_are_refused() -> None:
    """Neither could be loaded first."""
    circle = GOOD.replace(
        "account_name: Name",
        "account_name: Name, owner_id: "
        "{column: o, lookup: {object: opportunities, match: stage, return: owner_id}}",
    )
    places = {mistake.place for mistake in check_text(circle, "acme")}

    assert places == {
        "objects.opportunities.columns.account_id.lookup",
        "objects.accounts.columns.owner_id.lookup",
    }


def _changed(draw: st.DrawFn, said_: Any) -> Any:
    """A document with one thing of it removed, renamed or exchanged, anywhere."""
    pool = [
        "",
        "x",
        "accounts",
        "stage",
        "10",
        None,
        [],
        ["a", "a"],
        {},
        {"column": "a"},
        {"value": "b"},
    ]
    places: list[tuple[Any, Any]] = []

    def collect(part: Any) -> None:
        items = part.items() if isinstance(part, dict) else enumerate(part)
        for key, value in items:
            places.append((part, key))
            if isinstance(value, (dict, list)):
                collect(value)

    changed = deepcopy(said_)
    collect(changed)
    part, key = draw(st.sampled_from(places))
    match draw(st.sampled_from(["remove", "rename", "exchange"])):
        case "remove":
            del part[key]
        case "rename" if isinstance(part, dict):
            part[draw(st.sampled_from(["stage", "amount", "files", "nonsense", "lookup"]))] = (
                part.pop(key)
            )
        case _:
            part[key] = draw(st.sampled_from(pool))
    return changed


@st.composite
def _damaged(draw: st.DrawFn) -> str:
    document = yaml.safe_load(GOOD)
    for _ in range(draw(st.integers(0, 3))):
        document = _changed(draw, document)
        if not document:
            break
    return yaml.safe_dump(document, sort_keys=False)


@random_files
@given(_damaged())
def test_the_check_refuses_what_a_night_would_refuse_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    folder = tmp_path_factory.mktemp("sources")
    path = folder / "acme.yml"
    path.write_text(text, encoding="utf-8")
    found = [mistake for mistake in check_source_file(path) if not mistake.is_warning]
    try:
        load_sources(folder)
    except SourceFileError as error:
        assert found, error
        with pytest.raises(SourceFileError) as raised:
            checked_source_file(path)
        assert str(raised.value).splitlines() == [f"{path}:{mistake}" for mistake in found]
    else:
        assert not found
        assert checked_source_file(path) == read_source_file(path)


# Warnings ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "instead", "told"),
    [
        (GOOD[GOOD.index("pipelines:") :], "", "nothing lists the stages"),
        (", qualified_from: Offer", "", "from which stage on a deal is qualified"),
        ("Stage\n", "{column: a, replace: {b: Offr}}\n", "`Offr` is no stage of `pipelines:`"),
        ("Stage\n", "{value: Opn}\n", "did you mean `Open`?"),
        ("name: default", "name: new", "opportunities map no `pipeline`"),
        ("currency: EUR\n", "", "in which currency amounts are"),
        ("currency: EUR", 'currency: EUR\ndecimal: ","', "as decimal separator and as delimiter"),
        ("%d.%m.%Y", "%d.%m", "reads no year"),
        ('strip: "$"', 'format: "%Y"', "this column is decimal"),
        ("stage: Stage", "stage: Stage\n      close_date: C\n      closed_at: C\n"
         "      modified_at: C", "both come from the column `C`"),
        ("key: account_id", "key: [account_id, country]", "nothing feeds `country` of the key"),
        ("currency: EUR", "currency: EUR\nextract: delta", "a delta without `modified_at`"),
        ('files: "deals*.csv"', "files: []", "no file holds this object"),
        ("deals*.csv", "in/deals*.csv", "names a folder"),
        ("deals*.csv", "_deals.csv", "are not read"),
        ("deals*.csv", "deals.xls", "save it as .xlsx"),
        ("deals*.csv", "deals.dat", "does not tell what the file is"),
        ("deals*.csv", "*ounts.csv", "also takes the files of accounts"),
        ('strip: "$"', "references: {object: users, columns: user_id}", "nothing is compared"),
    ],
)  # fmt: skip
def test_what_is_probably_not_meant_is_told(wrong: str, instead: str, told: str) -> None:
    assert any(told in warning for warning in warnings(GOOD.replace(wrong, instead, 1)))


@pytest.mark.parametrize(
    ("wrong", "instead"),
    [
        # Two objects read from the very same files are meant.
        ("files: accounts.csv", 'files: "deals*.csv"'),
        # An id that is a name, and two texts of one column.
        ("account_id: ID", "account_id: Name"),
        # A year of two digits, a count since 1970.
        ("%d.%m.%Y", "%d.%m.%y"),
        ("%d.%m.%Y", "epoch_ms"),
        # A mapped currency needs no currency of the source.
        ("currency: EUR", "delimiter: ','"),
        ("deals*.csv", "deals*.csv.gz"),
        ("deals*.csv", "deals*"),
        ("deals*.csv", "Deals.JSONL"),
    ],
)
def test_what_is_meant_is_not_warned_of(wrong: str, instead: str) -> None:
    text = GOOD.replace(wrong, instead, 1)
    if "currency" in wrong:
        text = text.replace("stage: Stage", "stage: Stage\n      currency_code: ISO")

    assert warnings(text) == []


# Landed files ------------------------------------------------------------------------------------


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    """Two nights, of which the newest one counts."""
    for night, deals in (
        ("2025-01-01", "nonsense\n"),
        ("2025-01-02", "Deal ID,Stage,Vaule,CREATED\n"),
    ):
        folder = tmp_path / "acme" / night
        folder.mkdir(parents=True)
        (folder / "deals_1.csv").write_text(deals)
    (tmp_path / "acme" / "2025-01-02" / "notes.csv").write_text("a,b\n")
    return tmp_path


def compared(landing: Path, text: str = GOOD) -> Landed:
    reading = check_document(parse_document(text), "acme")
    assert reading.source is not None
    source = mapped_source(reading.source)
    return check_landed(source, reading.document, FolderPlace(landing), 10**9)


def test_a_column_that_the_file_lacks_is_told_with_the_nearest_name(landing: Path) -> None:
    told = {m.place: m.told for m in compared(landing).mistakes if not m.is_warning}

    assert told == {
        "objects.opportunities.columns.amount": "deals_1.csv of 2025-01-02 has no column `Value`; "
        "did you mean `Vaule`?",
        "objects.opportunities.columns.account_id": "deals_1.csv of 2025-01-02 has no column "
        "`Company`; it has `Deal ID`, `Stage`, `Vaule`, `CREATED`",
    }


def test_an_object_without_a_file_and_a_file_without_an_object_are_told(landing: Path) -> None:
    told = [mistake.text for mistake in compared(landing).mistakes if mistake.is_warning]

    assert told == [
        "no object reads notes.csv of 2025-01-02",
        "no file of 2025-01-02 holds accounts",
    ]


def test_a_file_with_every_column_is_found_good(landing: Path) -> None:
    optional = GOOD.replace("column: Value", "column: [Value, Vaule]").replace(
        "column: Company", "column: Company\n        optional: true"
    )

    assert compared(landing, optional).findings == [
        "deals_1.csv of 2025-01-02 holds opportunities: every column is there"
    ]


def test_a_page_without_rows_has_no_columns_to_compare(landing: Path) -> None:
    (landing / "acme" / "2025-01-02" / "deals_1.csv").unlink()
    (landing / "acme" / "2025-01-02" / "deals_1.json").write_text('{"data": []}')
    pages = GOOD.replace('files: "deals*.csv"', 'files: "deals*.json"\n    rows: data')
    found = compared(landing, pages)

    assert [mistake for mistake in found.mistakes if not mistake.is_warning] == []
    assert found.findings == [
        "deals_1.json of 2025-01-02 holds no row of opportunities: there is nothing to compare"
    ]


def test_a_field_of_an_object_that_is_null_in_every_row_is_not_missed(landing: Path) -> None:
    deals = '{"Deal ID": 1, "Stage": "Open", "Value": 1, "created": "1.1.2025", "company": null}'
    (landing / "acme" / "2025-01-02" / "deals_1.csv").unlink()
    (landing / "acme" / "2025-01-02" / "deals_1.json").write_text(deals)
    nested = GOOD.replace("deals*.csv", "deals*.json").replace(
        "column: Company", "column: Company.Name"
    )

    assert compared(landing, nested).findings == [
        "deals_1.json of 2025-01-02 holds opportunities: every column is there"
    ]


def test_a_file_that_cannot_be_read_is_told_at_the_files_of_its_object(landing: Path) -> None:
    (landing / "acme" / "2025-01-02" / "deals_1.csv").write_bytes(b"")

    found = [mistake for mistake in compared(landing).mistakes if not mistake.is_warning]
    assert [(mistake.place, mistake.line) for mistake in found] == [
        ("objects.opportunities.files", 5)
    ]


def test_without_a_night_there_is_nothing_to_compare(tmp_path: Path) -> None:
    assert compared(tmp_path) == Landed()


# The command -------------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FLYWHEEL_HOME", str(tmp_path / "home"))
    folder = Settings().user_sources
    folder.mkdir(parents=True)
    return folder


def run(*arguments: object) -> tuple[int, list[str]]:
    result = CliRunner().invoke(sources_app, ["check", *map(str, arguments)])
    return result.exit_code, result.output.splitlines()


def test_a_good_file_is_counted(home: Path) -> None:
    (home / "acme.yml").write_text(GOOD)

    assert run() == (0, [f"{home / 'acme.yml'}: good: 2 objects, 8 columns"])


def test_a_mistake_is_shown_with_its_line_and_a_mark_below_the_word(home: Path) -> None:
    path = home / "acme.yml"
    path.write_text(GOOD.replace("amount:", "amout:"))

    assert run(path) == (
        2,
        [
            f"{path}:10:7 mistake objects.opportunities.columns.amout",
            '   10 |       amout: {column: Value, strip: "$"}',
            "              ^",
            "  there is no column `amout` in opportunities",
            "  -> did you mean `amount`?",
            f"{path}: 1 mistake",
        ],
    )


def test_the_mark_stands_below_the_word_in_a_long_line_of_wide_letters(home: Path) -> None:
    path = home / "acme.yml"
    path.write_text(
        GOOD.replace("account_id: ID", "account_id: {column: " + "日" * 90 + ", typ: x}")
    )

    _, lines = run(path)
    shown, mark = lines[1], lines[2]
    before = shown[: shown.index("typ:")]
    width = len(before) + before.count("日")
    assert mark == " " * width + "^"


def test_what_a_file_says_cannot_color_or_move_the_terminal(home: Path) -> None:
    (home / "acme.yml").write_text(
        GOOD.replace("amount:", '"[red]a[/] \\e[2J":') + "# \u202e reversed\n", encoding="utf-8"
    )

    status, lines = run()
    assert status == 2
    assert any("[red]a[/]" in line for line in lines)
    assert all(char.isprintable() for line in lines for char in line)


def test_one_bad_file_among_good_ones_fails_the_check(home: Path) -> None:
    (home / "acme.yml").write_text(GOOD)
    (home / "bolt.yml").write_text(GOOD)

    status, lines = run()
    assert status == 2
    assert any("the file is bolt.yml and says `source: acme`" in line for line in lines)
    assert any(line.endswith("acme.yml: good: 2 objects, 8 columns") for line in lines)


def test_a_file_with_the_wrong_ending_is_not_overlooked(home: Path) -> None:
    (home / "acme.yaml").write_text(GOOD)

    status, lines = run()
    assert status == 2
    assert "  -> rename it to acme.yml" in lines


def test_a_file_without_an_ending_is_told_so(home: Path) -> None:
    (home / "acme").write_text(GOOD)

    status, lines = run(str(home / "acme"))
    assert status == 2
    assert "  the file has no ending, and is not read" in lines


def test_a_file_that_is_not_there_has_one_mistake(home: Path) -> None:
    status, lines = run(str(home / "acme"))
    assert (status, lines[-1]) == (2, f"{home}/acme: 1 mistake")


def test_a_folder_in_place_of_a_file_is_told_in_one_sentence(home: Path) -> None:
    checked = CliRunner().invoke(sources_app, ["check", str(home)], env={"COLUMNS": "1000"})
    assert checked.exit_code == 2
    assert f"{home} is a folder: name one source file, or none for all of" in checked.output
    assert "mistake" not in checked.output


def test_the_newest_landed_night_is_compared(home: Path, landing: Path) -> None:
    (home / "acme.yml").write_text(GOOD)

    status, lines = run(home / "acme.yml", "--landing", landing)
    assert status == 2
    assert "  -> did you mean `Vaule`?" in lines


def test_without_a_source_file_the_way_to_one_is_told(home: Path) -> None:
    status, lines = run()

    assert status == 0
    assert any("flywheel sources infer" in line for line in lines)


def test_an_undeclared_column_that_looks_personal_is_told(landing: Path) -> None:
    file = next(landing.glob("acme/2025-01-02/deals_1.csv"))
    file.write_text("Deal ID,Stage,Value,Company,CREATED,Contact Email\n", encoding="utf-8")
    told = [mistake for mistake in compared(landing).mistakes if "Contact Email" in mistake.told]

    assert [mistake.is_warning for mistake in told] == [True]
    assert "undeclared: drop" in told[0].told


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("{column: Name, personal_unless: {column: stage, values: Won}}", "needs `personal`"),
        ("{column: Name, personal: name, personal_unless: {column: x, values: a}}", "no column of"),
    ],
)
def test_a_tag_that_cannot_be_carried_out_is_told(said: str, why: str) -> None:
    named = f"opportunity_id: Deal ID\n      opportunity_name: {said}"
    text = GOOD.replace("opportunity_id: Deal ID", named)
    assert [why in mistake.told for mistake in check_text(text, "acme")] == [True]
