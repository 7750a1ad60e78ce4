"""The JSON Schema of source files accepts what is good and refuses what has a wrong shape.

Belongs here: the schema against the reader of source files. Does not belong here: what the reader
says of a mistake (test_source_check.py).
"""

from __future__ import annotations

import json
import re
from copy import deepcopy
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from orchestration.commands.sources import sources_app
from orchestration.settings import PROJECT_ROOT
from orchestration.sources.catalog import canonical_objects, native_sources
from orchestration.sources.document import parse_document, read_document
from orchestration.sources.reading import understand
from orchestration.sources.schema import SCHEMA_FILE, native_schema, schema_text, source_schema

SOURCES = PROJECT_ROOT / "orchestration" / "sources"
MAVEN = (PROJECT_ROOT / "tests" / "real_data" / "maven.yml").read_text(encoding="utf-8")
README = (PROJECT_ROOT / "README.md").read_text(encoding="utf-8")
WORKED = sorted((PROJECT_ROOT / "docs" / "examples").glob("*/*.yml"))
EXAMPLES = [
    MAVEN,
    *re.findall(r"```yaml\n(source: .+?)```", README, re.S),
    *(path.read_text(encoding="utf-8") for path in WORKED),
]
# Every word in every form: short and long, one and several.
FULL = """\
source: acme
delimiter: auto
encoding: [utf-8, cp1252]
null_values: n/a
decimal: ","
thousands: "."
header_row: 2
skip_footer: 1
compression: gzip
format: csv
extract: delta
on_refusal: object
max_refused_share: 0.05
undeclared: drop
time_zone: Europe/Berlin
currency: EUR
passthrough: "*__c"
objects:
  opportunities:
    description: Deals
    files: ["deals*.csv", "more.xlsx"]
    sheet: Deals
    key: [opportunity_id]
    columns:
      opportunity_id: id
      stage: {concat: [a, b], separator: " / ", replace: {No: Lost, 1: Won}}
      amount: {column: [value, amount], strip: "$ ", required: true, type: decimal}
      created_at: {column: c, format: ["%d.%m.%Y", epoch_ms], optional: true}
      account_id: {column: d, lookup: {object: accounts, match: account_name, return: account_id}}
      lead_source: {value: web, description: Always}
      owner_id: {column: o, references: {object: users, columns: user_id}}
  accounts: {files: a.csv, key: account_id, columns: {account_id: a}, rows: data, quote: "'"}
pipelines:
  - {name: 1, stages: [10, No, Open], won: Won, lost: [], qualified_from: 10}
lead_statuses: {mql: MQL, sql: [SQL], converted: []}
"""

random_changes = hypothesis_settings(derandomize=True, max_examples=150, deadline=None)


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    return Draft202012Validator(source_schema())


def problems(validator: Draft202012Validator, text: str) -> list[str]:
    """What the schema finds wrong with a YAML text."""
    return [error.message for error in validator.iter_errors(yaml.safe_load(text))]


def test_the_committed_schema_is_what_the_model_says() -> None:
    """After a change to model or canonical objects: `python -m orchestration.sources.schema`."""
    assert SCHEMA_FILE.read_text(encoding="utf-8") == schema_text()


def test_the_command_prints_it() -> None:
    result = CliRunner().invoke(sources_app, ["schema"])

    assert json.loads(result.output) == source_schema()


@pytest.mark.parametrize("schema", [source_schema(), native_schema()])
def test_it_is_a_schema_of_the_draft_that_it_names(schema: dict[str, Any]) -> None:
    assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("text", EXAMPLES)
def test_the_examples_of_the_project_are_valid(validator: Draft202012Validator, text: str) -> None:
    assert problems(validator, text) == []


def test_readme_and_docs_have_examples() -> None:
    assert len(EXAMPLES) > 1 + len(WORKED) > 1


@pytest.mark.parametrize("name", [*native_sources(), "canonical"])
def test_the_built_in_files_are_valid_as_native_ones(name: str) -> None:
    text = (SOURCES / f"{name}.yml").read_text(encoding="utf-8")

    assert problems(Draft202012Validator(native_schema()), text) == []


@pytest.mark.parametrize("name", [*native_sources(), "canonical", "drafting/vocabulary"])
def test_the_fast_parser_reads_the_built_in_files_as_the_strict_one_does(name: str) -> None:
    path = SOURCES / f"{name}.yml"

    assert read_document(path, is_sound=True) == read_document(path)


def test_every_word_in_every_form_is_valid(validator: Draft202012Validator) -> None:
    assert understand(parse_document(FULL)).mistakes == []
    assert problems(validator, FULL) == []


def test_every_canonical_column_can_be_completed(validator: Draft202012Validator) -> None:
    parts = validator.schema["$defs"]
    offered = {
        name: list(parts[name]["properties"]["columns"]["properties"])
        for name in validator.schema["properties"]["objects"]["properties"]
    }

    assert offered == {name: list(said.columns) for name, said in canonical_objects().items()}


@pytest.mark.parametrize(
    ("wrong", "instead"),
    [
        ("amount:", "amout:"),
        ("  accounts:", "  companies:"),
        ("key: [opportunity_id]", "key: [id]"),
        ("      opportunity_id: id\n", ""),
        ("strip:", "stripp:"),
        ("extract: delta", "extract: some"),
        ("{value: web", "{value: web, column: a"),
        ("{value: web, description: Always}", "{description: Always}"),
        ("object: accounts", "object: companies"),
        ("source: acme", "source: salesforce"),
        ("header_row: 2", "header_row: second"),
        ("source: acme\n", ""),
    ],
)
def test_a_word_that_is_wrong_is_refused(
    validator: Draft202012Validator, wrong: str, instead: str
) -> None:
    assert problems(validator, FULL.replace(wrong, instead, 1))


def _places(part: Any) -> list[tuple[Any, Any]]:
    items = part.items() if isinstance(part, dict) else enumerate(part)
    return [
        place
        for key, value in items
        for place in [(part, key), *(_places(value) if isinstance(value, dict | list) else [])]
    ]


@st.composite
def _damaged(draw: st.DrawFn) -> Any:
    """A good file in which one thing was removed, exchanged or added."""
    document = deepcopy(yaml.safe_load(draw(st.sampled_from([MAVEN, FULL]))))
    part, key = draw(st.sampled_from(_places(document)))
    values = [None, 3, 1.5, True, "x", "", [], ["x"], [[]], {}, {"x": "y"}, {"column": "a"}]
    match draw(st.sampled_from(["remove", "exchange", "add"])):
        case "remove":
            del part[key]
        case "add" if isinstance(part, dict):
            part["nonsense"] = draw(st.sampled_from(values))
        case _:
            part[key] = draw(st.sampled_from(values))
    return document


# Rules over several words, and texts that name something: JSON Schema has no words for them.
_NOT_SHAPE = ("twice", "names no open stage", "must differ", "there is no", "divides no fields")


@random_changes
@given(document=_damaged())
def test_what_the_reader_refuses_for_its_shape_the_schema_refuses_too(
    validator: Draft202012Validator, document: Any
) -> None:
    text = yaml.safe_dump(document, sort_keys=False)
    mistakes = [
        mistake
        for mistake in understand(parse_document(text)).mistakes
        if not any(rule in mistake.text for rule in _NOT_SHAPE)
        or mistake.text.startswith("there is no word")
    ]
    if mistakes:
        assert problems(validator, text), mistakes


def test_the_schema_is_small_enough_for_an_editor() -> None:
    assert SCHEMA_FILE.stat().st_size < 150_000


def test_an_editor_finds_it_by_the_first_line_of_a_source_file() -> None:
    """The line of the docs is a remark to YAML: the reader takes no notice of it."""
    line = f"# yaml-language-server: $schema={SCHEMA_FILE.name}\n"

    assert line in (PROJECT_ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
    assert understand(parse_document(line + MAVEN)).mistakes == []
