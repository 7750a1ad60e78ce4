"""What the rules that refuse rows mean to a person, and what to do about them.

Belongs here: words. Does not belong here: the tests behind the rules (cast.py).
"""

from __future__ import annotations

MEANINGS: dict[str, tuple[str, str]] = {
    "missing": (
        "the column needs a value and the field is empty",
        "export the column filled, or say `required: false` where the row is worth something "
        "without it",
    ),
    "type": (
        "the text is no value of the column's type",
        "add the form to `format`, the sign to `strip`, the text to `null_values` or `replace`, "
        "or set `decimal` and `thousands`",
    ),
    "range": (
        "a day outside the years 1900 to 2199: mistyped, or read by the wrong format",
        "correct it in the CRM, or give the right `format`",
    ),
    "gap": (
        "an hour that the clocks of the source's time zone left out: they were set forward",
        "correct it in the CRM, or give the `time_zone` that its times are in",
    ),
    "precision": (
        "more than six decimals, which could not be kept",
        "round the value in the export",
    ),
    "rounded": (
        "a spreadsheet made a number of the id and rounded it: nobody can tell whose it was",
        "export the file anew and land it as it is, without opening and saving it in a spreadsheet",
    ),
    "header": (
        "the row says the header once more: several files were put together",
        "nothing is lost; land the files one by one, or without their headers",
    ),
    "nul": (
        "a text holds a NUL character, which databases do not take",
        "correct it in the CRM: it was pasted from a damaged document",
    ),
    "lookup": (
        "the other object does not hold the value, or holds it twice with different results",
        "deliver the other object first, or look up by a column that tells its records apart",
    ),
}
_MALFORMED = (
    "the record is no row of the table",
    "export the file anew: a quote is not doubled, a line is cut, or the delimiter is another one",
)


def explain(rule: str) -> tuple[str, str]:
    """What a rule means, and the remedy."""
    return MEANINGS.get(rule, _MALFORMED)
