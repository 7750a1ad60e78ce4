"""What a person who waits, or who asks how nights went, sees on the terminal.

Belongs here: progress, the table of the last nights, what is held back, texts of hostile files.
Does not belong here: whole nights (tests/integration/test_nightly.py), the commands on quarantine
(test_quarantine_command.py).
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

from orchestration import progress
from orchestration.bronze.load import load_file
from orchestration.bronze.night import accept, load_night
from orchestration.bronze.quarantine import waiting
from orchestration.bronze.reload import plan_reload
from orchestration.commands.printing import print_held, print_nights, print_plan
from orchestration.extracts.landing import local_file
from orchestration.extracts.ledger import Ledger, Load
from orchestration.extracts.table import ROW_NUMBER
from orchestration.nightly import plan
from orchestration.settings import Settings
from orchestration.sources.catalog import load_sources
from orchestration.terminal import escaped
from tests.conftest import land

NIGHT = date(2025, 9, 1)
ACME = """\
source: acme
extract: delta
objects:
  opportunities:
    files: "deals*.csv"
    key: opportunity_id
    columns: {opportunity_id: id, stage: state, amount: {column: value, replace: {none: ""}}}
"""


def screen(*, is_terminal: bool = False) -> Console:
    return Console(file=io.StringIO(), force_terminal=is_terminal, width=120)


def shown(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.fixture
def home(settings: Settings) -> Settings:
    return describe(settings, ACME)


def describe(settings: Settings, text: str) -> Settings:
    settings.user_sources.mkdir(parents=True, exist_ok=True)
    (settings.user_sources / "acme.yml").write_text(text, encoding="utf-8")
    return settings


def load(home: Settings, path: Path) -> Load:
    contract = load_sources(home.user_sources)["acme"].contracts["opportunities"]
    return load_file(local_file(contract, NIGHT, path), Ledger(home.ledger), home, "run")


@pytest.fixture
def deals(tmp_path: Path) -> Path:
    path = tmp_path / "deals.csv"
    path.write_text("id,state,value\n" + "".join(f"d{n},Open,1\n" for n in range(500)))
    return path


# Progress ----------------------------------------------------------------------------------------


def test_a_terminal_shows_a_bar_for_the_file_that_fills_with_its_rows(
    home: Settings, deals: Path
) -> None:
    console = screen(is_terminal=True)
    with progress.shown_on(console):
        load(home, deals)
    assert "acme/opportunities 2025-09-01/deals.csv" in shown(console)
    assert "500/500" in shown(console)


def test_elsewhere_no_bar_is_drawn(home: Settings, deals: Path) -> None:
    console = screen()
    with progress.shown_on(console):
        load(home, deals)
    assert shown(console) == ""


def test_elsewhere_a_file_that_takes_long_is_a_plain_line(
    home: Settings, deals: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_WORTH_A_LINE_BYTES", 1000)
    console = screen()
    with progress.shown_on(console):
        load(home, deals)
    assert shown(console) == "reading   acme/opportunities 2025-09-01/deals.csv, 0 MB\n"


def test_rows_that_nobody_watches_are_not_counted() -> None:
    rows = pl.LazyFrame({ROW_NUMBER: [1, 2]})
    assert progress.counted(rows, 2) is rows


# Nights ------------------------------------------------------------------------------------------


def table(home: Settings, limit: int = 7) -> list[list[str]]:
    console = screen()
    print_nights(console, Ledger(home.ledger).loads, limit)
    return [line.split() for line in shown(console).splitlines()]


def test_the_last_nights_say_what_was_read_accepted_and_quarantined(home: Settings) -> None:
    for day, text in enumerate(["d1,Open,1\nd2,Open,x", "d3,Open,1", "d4,Open,1"], start=1):
        night = date(2025, 9, day)
        land(home, "acme", night, {"deals.csv": f"id,state,value\n{text}\n"})
        load_night(home, night, f"run-{day}", "acme")
    assert table(home, limit=3)[1:] == [
        ["2025-09-03", "acme", "1", "1", "1", "0", "loaded"],
        ["2025-09-02", "acme", "1", "1", "1", "0", "loaded"],
        ["2025-09-01", "acme", "1", "2", "1", "1", "loaded"],
    ]
    assert len(table(home, limit=2)) == 3


def test_a_row_that_was_read_anew_counts_once(home: Settings) -> None:
    land(home, "acme", NIGHT, {"deals.csv": "id,state,value\nd1,Open,1\nd2,Open,x\nd3,Open,y\n"})
    load_night(home, NIGHT, "first", "acme")
    accept(home)
    describe(home, ACME.replace('{none: ""}', '{x: "1"}'))
    plan_reload(home, waiting(Ledger(home.ledger), home))
    load_night(home, NIGHT, "again", "acme")
    accept(home)
    assert table(home)[1:] == [["2025-09-01", "acme", "1", "3", "2", "1", "accepted"]]


def load_of(name: str, night: date = NIGHT) -> Load:
    return Load(
        load_id=name, load_number=1, run_id="run", source="acme", object=name, batch_date=night,
        file=f"{name}.csv", bytes=1, modified_ns=1, checksum="", extract="full",
        contract_version="", rows_read=1_000, rows_accepted=1_000, rows_quarantined=0,
        status="refused", error=None, started_at=datetime(2025, 9, 1),
        finished_at=datetime(2025, 9, 1),
    )  # fmt: skip


def test_what_is_held_back_is_named_with_a_command_on_one_line() -> None:
    console = screen()
    print_held(console, [load_of("users"), load_of("accounts")])
    (line,) = shown(console).splitlines()
    assert line.startswith(
        "2025-09-01 is held back: acme/accounts, acme/users refused, 2,000 rows are in no version."
    )
    assert line.endswith("flywheel nightly --date 2025-09-01")


# No terminal at all ------------------------------------------------------------------------------


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("command", ["status", "sql 'select 1'"])
def test_a_command_ends_the_same_where_its_streams_are_closed(
    settings: Settings, closed: str, command: str
) -> None:
    def status_of(redirection: str) -> int:
        run = "from orchestration.cli import main; main()"
        return subprocess.run(
            ["sh", "-c", f'"{sys.executable}" -c "{run}" {command} {redirection}'],
            env={**os.environ, "FLYWHEEL_HOME": str(settings.root)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        ).returncode

    assert status_of(closed) == status_of("") == (0 if command == "status" else 2)


def test_what_is_written_to_a_closed_stream_ends_up_in_no_file(tmp_path: Path) -> None:
    """The next file that is opened gets the number of the stream."""
    written = tmp_path / "rows.csv"
    code = (
        f"import os, orchestration.terminal; file = open({str(written)!r}, 'w'); "
        f"os.write(1, b'to the terminal')"
    )
    done = subprocess.run(["sh", "-c", f'"{sys.executable}" -c "{code}" >&- 2>&-'], check=False)
    assert (done.returncode, written.read_text()) == (0, "")


def test_a_command_goes_on_when_nobody_reads_it_any_more(settings: Settings) -> None:
    """Its status is what became of it: 1 would say that a gate refused a night."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-c", "from orchestration.cli import main; main()", "status"],
        env={**os.environ, "FLYWHEEL_HOME": str(settings.root)},
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


# Texts from outside ------------------------------------------------------------------------------


def test_the_name_of_a_file_cannot_color_or_move_the_terminal(home: Settings) -> None:
    land(home, "acme", NIGHT, {"\x1b[2Jnotes\r[red].txt": "x"})
    console = screen()
    print_plan(console, plan(home, None, None))
    assert (
        shown(console) == "no object claims acme/2025-09-01/ [2Jnotes [red].txt: it is not read\n"
    )


@pytest.mark.parametrize("text", ["größe 表 [bold]", "100 %"])
def test_a_text_that_can_be_shown_is_shown_as_it_is(text: str) -> None:
    console = screen()
    console.print(escaped(text))
    assert shown(console) == f"{text}\n"
