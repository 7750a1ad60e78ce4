"""What to do about a failed check.

Belongs here: words, by kind of check. Does not belong here: what a check asks (expectations/,
dbt_project/, bronze/judge.py), what a rule of bronze means (bronze/rules.py).

A suite may know better: `meta.remedy` of an expectation comes first.
"""

from __future__ import annotations

from orchestration.bronze.rules import explain
from orchestration.gate.results import CheckResult
from orchestration.gate.suites import Expectation, Suite

_LAND = "Correct it in the CRM or in the export, and land the file anew in its place."
_AS_USUAL = (
    "Ask whoever runs the export. If the change is meant, nothing has to be done; a new column "
    "gets a type when the source file declares it."
)
_CONTRACT = (
    "Land a corrected file in its place, or say in the source file what the export may hold: "
    "`flywheel sources check` reads it, `flywheel quarantine explain` tells why rows are refused."
)
_CANNOT_RUN = (
    "The check itself could not be carried out: a table or column that it names is gone, or its "
    "query is wrong. Correct the suite in `expectations/`, or the model."
)
_OTHER = (
    "Look at the rows, and correct them in the CRM. If the business does this rightly, propose a "
    "wider bound with its date and reason: `expectations/README.md` says who decides."
)

# The beginning of the name of a dbt test.
_DBT = {
    "unique": f"A key stands twice: the CRM delivered two records as one, or a join multiplied "
    f"rows. {_LAND} If the extracts are right, the model is wrong.",
    "not_null": f"A value is missing that every row needs. {_LAND}",
    "relationships": "A row refers to a record that was never delivered. Land the extract that "
    "holds it, whole.",
    "accepted_values": f"A value is none of those the models know. {_LAND} If it is new and right, "
    f"the model must learn it.",
    "contract": "The table broke what it promises to analysts: a value is missing or of another "
    "type. " + _LAND,
    "model": "The model itself is broken, or a file that it reads: no correction of the CRM helps. "
    "Look into what the database said.",
}
# The beginning of the type of an expectation.
_EXPECTATIONS = {
    "expect_table_row_count": "Compare with the extracts of the night: an extract is missing, cut "
    "off or doubled. Land it whole.",
    "expect_column_values_to_not_be_null": _DBT["not_null"],
    "expect_column_values_to_be_in_set": _DBT["accepted_values"],
    "expect_column_values_to_be_between": f"A value is outside what is possible: look for a wrong "
    f"unit, currency or decimal sign. {_LAND}",
    "expect_column_values_to_match": f"A value has another form than it had. {_LAND}",
}
_BANDS = (
    "Compare the rows with the CRM. If the export is at fault, correct it and land it anew in its "
    "place. If the change was meant and lasts (new territories, a merger, a new stage), write that "
    "down: `flywheel accept {check} --reason '…'`, and nights that are like this one warn no more. "
    "What happened once, as an import, warns once."
)
_NIGHT_TABLES = (
    "Rows or cents were lost or doubled between a file and a mart: no correction of the CRM helps. "
    "Compare the files of the night with `ops.load_audit`, rebuild with `flywheel nightly "
    "--full-refresh`, and report it if it stays."
)


def remedies_of(check: CheckResult, suites: dict[str, Suite]) -> list[str]:
    """What to do about a failed check, a sentence or more each."""
    if check.suite.startswith("bronze."):
        return _of_bronze(check)
    if check.suite == "dbt":
        return [_beginning(check.check, _DBT) or _OTHER]
    expectation = _expectation(check, suites)
    if expectation is not None and expectation.meta.get("remedy"):
        return [str(expectation.meta["remedy"])]
    # A query that ran has observed a number of rows.
    if expectation is not None and expectation.query and not check.observed.isdecimal():
        return [_CANNOT_RUN]
    if check.table == "ops.night_deviation":
        return [_BANDS.format(check=check.check)]
    if check.table == "ops.reconciliation":
        return [_NIGHT_TABLES]
    kind = expectation.type if expectation is not None else ""
    return [_beginning(kind, _EXPECTATIONS) or _OTHER]


def _of_bronze(check: CheckResult) -> list[str]:
    if check.check == "as_usual":
        return [_AS_USUAL]
    rules = dict.fromkeys(str(row["rule"]) for row in check.sample if row.get("rule"))
    told = [f"Rule `{rule}`: {explain(rule)[0]}. Remedy: {explain(rule)[1]}." for rule in rules]
    return [*told, _CONTRACT]


def _expectation(check: CheckResult, suites: dict[str, Suite]) -> Expectation | None:
    suite = suites.get(check.suite)
    named = (each for each in suite.expectations if each.check == check.check) if suite else ()
    return next(iter(named), None)


def _beginning(name: str, remedies: dict[str, str]) -> str | None:
    return next((said for start, said in remedies.items() if name.startswith(start)), None)
