"""Exchange rates, plan rates and conversion, against one question a day and exact decimals.

Belongs here: the models' SQL as dbt compiles it, on random lists of rates. Does not belong here:
rates from landed files (test_company_settings.py), money in the marts.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

import duckdb
import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.integration.compiled import Compiler
from tests.reference.rates import Listed, RateList, World, converted

DAY = timedelta(days=1)
FIRST_DAY, ALWAYS = date(2024, 1, 1), date(1900, 1, 1)
CURRENCIES = ("USD", "EUR", "GBP", "JPY")
SOURCES = ("bank", "hubspot", "mycrm", "salesforce")
AS_OF = date(2024, 2, 10)


@pytest.fixture(scope="module")
def exchange_rates(compiler: Compiler) -> dict[str, str]:
    """The model, by reporting currency."""
    return {
        code: compiler.model("int_exchange_rates", {"reporting_currency": code})
        for code in ("USD", "EUR")
    }


@pytest.fixture(scope="module")
def plan_rates(compiler: Compiler) -> dict[str, str]:
    """The model, by the day that the company has set; without one, that of a year from February."""
    return {
        day: compiler.model("int_plan_rates", {"plan_rate_date": day, "fiscal_year_start_month": 2})
        for day in ("", "2024-01-15")
    }


@pytest.fixture(scope="module")
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as flywheel")
        connection.execute("create schema flywheel.staging; create schema flywheel.intermediate")
        connection.execute("use flywheel.staging")
        connection.execute(
            "create table stg_flywheel__loads as select unnest(?) as source_system, "
            "'accepted' as status",
            [list(SOURCES)],
        )
        connection.execute(
            "create table stg_flywheel__full_extracts as select 'mycrm' as source_system, "
            "'exchange_rates' as object_name, date '2024-02-10' as batch_date"
        )
        connection.execute(
            "create table stg_salesforce__exchange_rates (source_system varchar, "
            "currency_code varchar, valid_from date, rate double, corporate_currency_code varchar)"
        )
        connection.execute(
            "create table stg_mapped__exchange_rates (source_system varchar, "
            "currency_code varchar, valid_from date, rate double, last_seen_date date)"
        )
        connection.execute(
            f"create table flywheel.intermediate.int_as_of as select date '{AS_OF}' as as_of_date"
        )
        yield connection


def fill(warehouse: duckdb.DuckDBPyConnection, world: World) -> None:
    """The lists as staging has them."""
    for table in ("stg_salesforce__exchange_rates", "stg_mapped__exchange_rates"):
        warehouse.execute(f"delete from {table}")
    for line in world.crm.lines:
        warehouse.execute(
            "insert into stg_salesforce__exchange_rates values ('salesforce', ?, ?, ?, ?)",
            [line.currency, line.valid_from, line.rate, world.crm.base],
        )
    for each in world.written:
        for line in each.lines:
            warehouse.execute(
                "insert into stg_mapped__exchange_rates values (?, ?, ?, ?, ?)",
                [each.source, line.currency, line.valid_from, line.rate, AS_OF],
            )


def rates_of(base: str | None) -> st.SearchStrategy[tuple[Listed, ...]]:
    """Lines of a list; now and then the base itself is among them, as CRMs have it."""
    lines = st.builds(
        Listed,
        currency=st.sampled_from(CURRENCIES),
        valid_from=st.integers(0, 40).map(lambda number: FIRST_DAY + DAY * number)
        | st.just(ALWAYS),
        rate=st.sampled_from([0.25, 0.8, 0.9, 1.1, 1.25, 150.0]),
    ).map(lambda one: Listed(one.currency, one.valid_from, 1.0) if one.currency == base else one)
    return st.lists(lines, max_size=8, unique_by=lambda line: (line.currency, line.valid_from)).map(
        tuple
    )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    reporting = draw(st.sampled_from(["USD", "EUR"]))
    corporate = draw(st.sampled_from([None, *CURRENCIES]))
    return World(
        reporting,
        tuple(
            RateList(source, reporting, draw(rates_of(reporting))) for source in ("mycrm", "bank")
        ),
        RateList("salesforce", corporate, draw(rates_of(corporate))),
    )


def told(
    warehouse: duckdb.DuckDBPyConnection, model: str, days: list[date]
) -> dict[tuple[str, str, date], list[float]]:
    """The rates that hold on each day, by source, currency and day."""
    warehouse.execute(
        f"create or replace table flywheel.intermediate.int_exchange_rates as {model}"
    )
    rows = warehouse.execute(
        "select source_system, currency_code, day, list(rate_to_reporting) "
        "from (select unnest(?::date[]) as day) as days inner join "
        "flywheel.intermediate.int_exchange_rates on day >= valid_from and "
        "(day < valid_to or valid_to is null) group by all",
        [days],
    ).fetchall()
    return {(source, currency, day): rates for source, currency, day, rates in rows}


@hypothesis_settings(deadline=None, max_examples=150)
@given(world=worlds())
@example(  # from a currency over the corporate one to the reporting one, both with dated rates
    world=World(
        "USD",
        (),
        RateList(
            "salesforce",
            "EUR",
            (
                Listed("USD", ALWAYS, 1.1),
                Listed("USD", date(2024, 1, 20), 1.25),
                Listed("GBP", date(2024, 1, 10), 0.8),
                Listed("GBP", date(2024, 2, 1), 0.9),
            ),
        ),
    )
)
def test_on_every_day_a_currency_has_the_rate_that_the_lists_say(
    world: World, exchange_rates: dict[str, str], warehouse: duckdb.DuckDBPyConnection
) -> None:
    fill(warehouse, world)
    changes = world.days_of_change()
    days = sorted({day + DAY * shift for day in {*changes, FIRST_DAY} for shift in (-1, 0, 1)})

    found = told(warehouse, exchange_rates[world.reporting], days)

    expected = {
        (source, currency, day): [pytest.approx(worth, rel=1e-15)]
        for source in SOURCES
        for currency in CURRENCIES
        for day in days
        if day >= ALWAYS and (worth := world.worth(source, currency, day)) is not None
    }
    assert found == expected


@hypothesis_settings(deadline=None, max_examples=60)
@given(
    world=worlds().filter(lambda world: world.reporting == "USD"),
    day=st.sampled_from(["", "2024-01-15"]),
)
def test_the_plan_rate_is_that_of_its_day_or_the_first_known_one(
    world: World,
    day: str,
    exchange_rates: dict[str, str],
    plan_rates: dict[str, str],
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    """The fiscal year of the as-of date starts on 1 February."""
    fill(warehouse, world)
    told(warehouse, exchange_rates["USD"], [])
    plan_day = date.fromisoformat(day or "2024-02-01")
    later = sorted(each for each in world.days_of_change() if each > plan_day)

    found = warehouse.execute(
        f"select source_system, currency_code, plan_rate from ({plan_rates[day]})"
    ).fetchall()

    expected = {}
    for source in SOURCES:
        for currency in CURRENCIES:
            known = [world.worth(source, currency, each) for each in (plan_day, *later)]
            first = next((worth for worth in known if worth is not None), None)
            if first is not None:
                expected[source, currency] = pytest.approx(first, rel=1e-15)
    assert len(found) == len(expected)
    assert {(source, currency): rate for source, currency, rate in found} == expected


def test_a_rate_that_a_full_extract_no_longer_has_was_taken_back(
    exchange_rates: dict[str, str], warehouse: duckdb.DuckDBPyConnection
) -> None:
    lines = (Listed("EUR", ALWAYS, 0.8), Listed("EUR", date(2024, 2, 1), 0.5))
    fill(warehouse, World("USD", (RateList("mycrm", "USD", lines),), RateList("salesforce", None)))
    warehouse.execute(
        "update stg_mapped__exchange_rates set last_seen_date = date '2024-02-09' where rate = 0.5"
    )

    found = told(warehouse, exchange_rates["USD"], [AS_OF])

    assert found["mycrm", "EUR", AS_OF] == [1.25]


def test_a_row_says_whose_rates_it_borrows(
    exchange_rates: dict[str, str], warehouse: duckdb.DuckDBPyConnection
) -> None:
    """A list written for the warehouse before the CRM's, by name; its own before any other."""
    euros = (Listed("EUR", ALWAYS, 0.8),)
    pounds = (Listed("GBP", ALWAYS, 0.9),)
    fill(
        warehouse,
        World(
            "USD",
            (RateList("mycrm", "USD", euros), RateList("bank", "USD", euros)),
            RateList("salesforce", "USD", euros + pounds),
        ),
    )
    told(warehouse, exchange_rates["USD"], [])

    assert warehouse.execute(
        "select source_system, currency_code, rate_source_system "
        "from flywheel.intermediate.int_exchange_rates where currency_code <> 'USD' order by 1, 2"
    ).fetchall() == [
        ("bank", "EUR", "bank"), ("bank", "GBP", "salesforce"),
        ("hubspot", "EUR", "bank"), ("hubspot", "GBP", "salesforce"),
        ("mycrm", "EUR", "mycrm"), ("mycrm", "GBP", "salesforce"),
        ("salesforce", "EUR", "salesforce"), ("salesforce", "GBP", "salesforce"),
    ]  # fmt: skip


# Conversion --------------------------------------------------------------------------------------

MONEY = st.decimals(
    min_value=Decimal("-1e9"), max_value=Decimal("1e9"), places=2, allow_nan=False
) | st.decimals(min_value=Decimal("-1e6"), max_value=Decimal("1e6"), places=6, allow_nan=False)
RATES = (
    st.decimals(min_value=Decimal("0.0001"), max_value=Decimal("999"), places=4).map(float)
    | st.decimals(min_value=Decimal("0.01"), max_value=Decimal("20"), places=2).map(
        lambda units: 1 / float(units)
    )
    | st.sampled_from([1.0, 0.5, 0.25, 1.1, 1 / 24255, 1 / 3, 1e-7])
)


@pytest.fixture(scope="module")
def conversion(compiler: Compiler) -> dict[str, str]:
    sql = "select number, {{ in_reporting_currency('amount', 'rate') }} from money order by number"
    return {
        code: compiler.statement(sql, {"reporting_currency": code})
        for code in ("USD", "JPY", "KWD")
    }


@hypothesis_settings(deadline=None, max_examples=100)
@given(money=st.lists(st.tuples(MONEY, RATES), min_size=1, max_size=50))
@example(money=[(Decimal("100.15"), 1.1), (Decimal("0.5"), 0.25), (Decimal("1.005"), 1.0)])
@example(money=[(Decimal("9999999999999998.99"), 0.9999999999999999)])
def test_money_is_converted_exactly_and_rounded_half_to_even(
    money: list[tuple[Decimal, float]],
    conversion: dict[str, str],
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    warehouse.execute(
        "create or replace temp table money (number int, amount decimal(24, 6), rate double)"
    )
    warehouse.executemany(
        "insert into money values (?, ?, ?)",
        [(number, amount, rate) for number, (amount, rate) in enumerate(money)],
    )

    for code, digits in (("USD", 2), ("JPY", 0), ("KWD", 2)):
        found = [amount for _, amount in warehouse.execute(conversion[code]).fetchall()]
        assert found == [converted(amount, rate, digits) for amount, rate in money]


# Around what 64 bits hold with six places, and a good deal beyond.
DELIVERED = st.decimals(
    min_value=Decimal("-9e15"), max_value=Decimal("9e15"), places=6, allow_nan=False
) | st.decimals(min_value=Decimal("999999999990"), max_value=Decimal("1000000000010"), places=6)


@pytest.fixture(scope="module")
def rounding(compiler: Compiler) -> str:
    return compiler.statement("select {{ to_cents('amount') }} from money order by number", {})


@hypothesis_settings(deadline=None, max_examples=100)
@given(amounts=st.lists(DELIVERED, min_size=1, max_size=50))
@example(amounts=[Decimal("0.125"), Decimal("-0.135"), Decimal("2.005"), Decimal("0.015001")])
@example(amounts=[Decimal("999999999999.995"), Decimal("1000000000000.005")])
def test_an_amount_of_any_size_is_rounded_half_to_even(
    amounts: list[Decimal], rounding: str, warehouse: duckdb.DuckDBPyConnection
) -> None:
    warehouse.execute("create or replace temp table money (number int, amount decimal(24, 6))")
    warehouse.executemany("insert into money values (?, ?)", list(enumerate(amounts)))

    found = [amount for (amount,) in warehouse.execute(rounding).fetchall()]
    assert found == [amount.quantize(Decimal("0.01"), ROUND_HALF_EVEN) for amount in amounts]


def test_money_without_a_rate_is_unknown_and_never_taken_at_one(
    conversion: dict[str, str], warehouse: duckdb.DuckDBPyConnection
) -> None:
    warehouse.execute(
        "create or replace temp table money as select * from (values "
        "(1, 10.00::decimal(24, 6), null::double), (2, null, 1.0), (3, null, 1.5)) "
        "as m (number, amount, rate)"
    )

    assert warehouse.execute(conversion["USD"]).fetchall() == [(1, None), (2, None), (3, None)]


def test_money_finds_the_rate_of_its_day(
    compiler: Compiler, exchange_rates: dict[str, str], warehouse: duckdb.DuckDBPyConnection
) -> None:
    lines = (Listed("EUR", date(2024, 1, 10), 0.8), Listed("EUR", date(2024, 2, 1), 0.5))
    fill(warehouse, World("USD", (RateList("mycrm", "USD", lines),), RateList("salesforce", None)))
    told(warehouse, exchange_rates["USD"], [])
    warehouse.execute(
        "create or replace temp table deals as select * from (values "
        "(1, 'EUR', date '2024-01-09'), (2, 'EUR', date '2024-01-31'), "
        "(3, 'EUR', date '2024-02-01'), (4, 'USD', date '2030-01-01'), (5, 'EUR', null), "
        "(6, 'CHF', date '2024-02-01')) as d (number, currency_code, close_date)"
    )
    sql = compiler.statement(
        "with rates as (select * from flywheel.intermediate.int_exchange_rates), "
        "days as (select 'mycrm' as source_system, currency_code, close_date as rate_date "
        "from deals), rates_asked as ({{ rates_of_days('days', 'rates') }}) "
        "select deals.number, rates_asked.rate_to_reporting from deals left join rates_asked "
        "on deals.currency_code = rates_asked.currency_code "
        "and deals.close_date = rates_asked.rate_date order by 1",
        {},
    )

    assert warehouse.execute(sql).fetchall() == [
        (1, None), (2, 1.25), (3, 2.0), (4, 1.0), (5, None), (6, None),
    ]  # fmt: skip
