"""`flywheel sql`: statements in, answers out, and the shell with a person at it.

Belongs here: the command as it is called, the shell in a terminal of its own. Does not belong here:
examples of the page (test_connect_page.py).
"""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from orchestration.serving.query import is_complete
from orchestration.serving.shell import completions
from orchestration.settings import Settings
from tests.integration.postgres_server import publish

FLYWHEEL = Path(sys.executable).with_name("flywheel")
CONTROL_D = "\x04"
# A shell that says nothing for so long hangs.
PATIENCE_SECONDS = 60
Run = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("sql") / "home"
    publish(
        Settings(home=home),
        "create table marts.fct_one as select range as number, 1.50::decimal(18,2) as amount, "
        "date '2025-09-28' as day from range(250)",
        "comment on table marts.fct_one is 'One row a number. More is said later.'",
        "comment on column marts.fct_one.amount is 'In the reporting currency.'",
    )
    return home


@pytest.fixture
def run(home: Path, tmp_path: Path) -> Run:
    def run_command(*arguments: str, said: str = "") -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [FLYWHEEL, "sql", *arguments],
            env=os.environ | {"FLYWHEEL_HOME": str(home)},
            cwd=tmp_path,
            input=said.encode(),
            capture_output=True,
            check=False,
        )

    return run_command


def test_a_table_that_is_cut_says_so_in_words(run: Run) -> None:
    cut = run("select number from marts.fct_one order by number", "--rows", "3")

    assert cut.stdout.decode().count("│") == 2 * 5
    assert b"the first 3 rows are shown, and there are more: --rows 0" in cut.stderr
    whole = run("select number from marts.fct_one order by number", "--rows", "0")
    assert (b"249" in whole.stdout, whole.stderr) == (True, b"")


def test_a_table_of_just_as_many_rows_is_not_cut(run: Run) -> None:
    assert run("from marts.fct_one limit 3", "--rows", "3").stderr == b""


def test_a_table_need_not_be_named_with_its_schema(run: Run, tmp_path: Path) -> None:
    assert b"250" in run("select count(*) from fct_one").stdout
    assert run("from fct_one", "--output", "answer.csv").returncode == 0


@pytest.mark.parametrize("name", ["one", "marts.ones", "fct_oen", "FCT_ONE_"])
def test_a_table_that_is_not_there_is_told_with_those_that_are_near(run: Run, name: str) -> None:
    told = run(f"select * from {name}").stderr.decode()
    assert "Did you mean marts.fct_one?" in told
    assert told.count("Did you mean") == 1


@pytest.mark.parametrize(
    ("begun", "words"),
    [
        ("fct", ["fct_one"]),
        ("FCT", ["fct_one"]),
        ("marts.f", ["marts.fct_one"]),
        ("one.am", ["one.amount"]),
        (".sch", [".schema"]),
        ("", []),
        ("zzz", []),
    ],
)
def test_words_are_completed(begun: str, words: list[str]) -> None:
    assert completions(begun, ["amount", "fct_one", "marts.fct_one"]) == words


def test_several_statements_are_answered_in_turn(run: Run) -> None:
    both = run(said="select 'one' as ä; -- first\nselect 'two' as b; /* all */ -- done")

    assert both.stdout.index(b"one") < both.stdout.index(b"two")


def test_values_keep_their_kind_in_files(run: Run, tmp_path: Path) -> None:
    query = "select * from marts.fct_one order by number limit 1 -- the first"
    for ending in ("csv", "json", "parquet"):
        assert run(query, "--output", f"answer.{ending}").returncode == 0

    assert (tmp_path / "answer.csv").read_text() == "number,amount,day\n0,1.50,2025-09-28\n"
    assert json.loads((tmp_path / "answer.json").read_text()) == [
        {"number": 0, "amount": 1.5, "day": "2025-09-28"}
    ]
    assert pl.read_parquet_schema(tmp_path / "answer.parquet")["amount"] == pl.Decimal(18, 2)
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == [
        "answer.csv",
        "answer.json",
        "answer.parquet",
    ]


def test_json_can_be_read_though_a_quotient_has_no_number(run: Run) -> None:
    told = run(
        'select 1 / 0 as share, 0 / 0 as share, \'inf\'::float as "a""b", number '
        "from marts.fct_one order by number desc limit 2 -- quotients",
        *("--format", "json"),
    )

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    rows = json.loads(told.stdout, parse_constant=refuse)
    assert [list(row.values()) for row in rows] == [
        [None, None, None, 249],
        [None, None, None, 248],
    ]
    assert 'a"b' in rows[0]


def test_a_query_may_begin_with_a_comment(run: Run) -> None:
    told = run("-- how many\nselect count(*) as rows_there from marts.fct_one", "--format", "csv")

    assert told.stdout == b"rows_there\n250\n"
    assert b"No such option: --fromat" in run("select 1", "--fromat", "csv").stderr


def test_rows_are_added_to_what_a_file_holds(home: Path, tmp_path: Path) -> None:
    """`>>`: a writer that opened standard output by its name would cut the file."""
    file = tmp_path / "rows.csv"
    file.write_text("before\n")
    with file.open("a") as opened:
        subprocess.run(
            [FLYWHEEL, "sql", "select 1 as a", "--format", "csv"],
            env=os.environ | {"FLYWHEEL_HOME": str(home)},
            stdout=opened,
            check=True,
        )
    assert file.read_text() == "before\na\n1\n"


def test_a_failed_export_leaves_the_file_that_was_there(run: Run, tmp_path: Path) -> None:
    (tmp_path / "answer.csv").write_text("old")
    failed = run("select error('stop') from marts.fct_one", "--output", "answer.csv")

    assert (failed.returncode, failed.stdout) == (2, b"")
    assert b"stop" in failed.stderr
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["answer.csv"]
    assert (tmp_path / "answer.csv").read_text() == "old"


@pytest.mark.parametrize("format_", ["table", "csv", "parquet"])
def test_a_standard_output_that_takes_nothing_is_told_and_no_disk_is_blamed(
    home: Path, tmp_path: Path, format_: str
) -> None:
    """A descriptor for reading only: what is written to it fails."""
    (tmp_path / "closed").touch()
    with (tmp_path / "closed").open("rb") as output:
        told = subprocess.run(
            [FLYWHEEL, "sql", "--format", format_, "select 1"],
            env=os.environ | {"FLYWHEEL_HOME": str(home)},
            stdout=output,
            stderr=subprocess.PIPE,
            check=False,
        )

    assert told.returncode == 2
    assert told.stderr == b"standard output cannot be written: Bad file descriptor\n"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["select 1", "--output", "answer.xlsx"], b"csv, json or parquet"),
        (["select 1", "--output", "nowhere/answer.csv"], b"there is no folder"),
        (["select 1", "--format", "csv", "--output", "."], b"is a folder: name a file in it"),
        (["select 1; select 2", "--format", "csv"], b"only the rows of one select"),
        (["select 1", "--version", "2001-01-01-001"], b"no version 2001-01-01-001; kept: 2025-"),
        (["--file", "nothing.sql"], b"cannot be read"),
        (["select 1", "--file", "nothing.sql"], b"not both"),
        ([], b"there is no statement"),
        (["create table marts.mine (a int)"], b"read-only"),
        (["copy (select 1) to 'mine.csv'"], b"disabled by configuration"),
        (["select * from read_text('/etc/hostname')"], b"disabled by configuration"),
        (["attach 'mine.duckdb'"], b"disabled by configuration"),
        (["set enable_external_access = true"], b"locked"),
        (["copy (select 1) to 'mine.csv'", "--format", "csv"], b"only the rows of one select"),
        (["select 1) to 'mine.csv'; --", "--format", "csv"], b"syntax error"),
    ],
)
def test_what_cannot_be_answered_is_said(
    run: Run, tmp_path: Path, arguments: list[str], text: bytes
) -> None:
    told = run(*arguments)

    assert told.returncode == 2
    assert text in told.stderr
    assert [path for path in tmp_path.iterdir() if path.is_file()] == []


@pytest.mark.parametrize(
    ("text", "complete"),
    [
        ("select 1;", True),
        ("select 1; -- done", True),
        ("select 1", False),
        ("select ';'", False),
        ("select 'it''s ;", False),
        ('select ";"', False),
        ("select 1 -- ;", False),
        ("select 1 /* ; */", False),
        ("select $$ ; $$", False),
        ("select 'ä;ö' ;", True),
        ("-- nothing yet", False),
        ("", False),
    ],
)
def test_a_statement_is_complete_at_its_semicolon(text: str, complete: bool) -> None:
    assert is_complete(text) == complete


def typed(home: Path, state: Path, *lines: str) -> str:
    """What a terminal shows when lines are typed into the shell, each at its prompt."""
    ours, its = pty.openpty()
    environment = os.environ | {
        "FLYWHEEL_HOME": str(home), "XDG_STATE_HOME": str(state), "TERM": "dumb", "COLUMNS": "100",
    }  # fmt: skip
    shell = subprocess.Popen(
        [FLYWHEEL, "sql"], env=environment, stdin=its, stdout=its, stderr=its, close_fds=True
    )
    os.close(its)
    shown = ""
    try:
        for line in lines:
            shown += shown_until(ours, "> ")
            os.write(ours, line.encode())
        shown += shown_until(ours, None)
        assert shell.wait(timeout=PATIENCE_SECONDS) == 0
    finally:
        shell.kill()
        os.close(ours)
    return shown.replace("\r\n", "\n")


def shown_until(terminal: int, end: str | None) -> str:
    """What is shown until it ends so; without an end, until nobody writes any more."""
    shown = b""
    while end is None or not shown.decode(errors="replace").endswith(end):
        readable, _, _ = select.select([terminal], [], [], PATIENCE_SECONDS)
        assert readable, f"nothing came after {shown!r}"
        # On Linux a terminal whose other end is closed is an error to read, not an end.
        try:
            data = os.read(terminal, 65536)
        except OSError:
            break
        if not data:
            break
        shown += data
    return shown.decode()


def test_the_shell_answers_over_several_lines_and_leaves(home: Path, tmp_path: Path) -> None:
    shown = typed(
        home,
        tmp_path,
        "select count(*) as rows_there\n",
        "from marts.fct_one; -- all\n",
        "selec 1;\n",
        "select 'still here';\n",
        ".quit\n",
    )

    assert "250" in shown
    assert "Parser Error" in shown
    assert "still here" in shown


def test_the_shell_shows_what_there_is_and_what_it_means(home: Path, tmp_path: Path) -> None:
    shown = typed(
        home,
        tmp_path,
        *(".tables one\n", ".schema fct_one\n", ".schema nothing\n", ".nonsense\n", ".help\n"),
        CONTROL_D,
    )

    assert "marts.fct_one  One row a number.\n" in shown
    assert "amount  DECIMAL(18,2)  In the reporting currency." in shown
    assert "there is no table nothing" in shown
    assert "there is no .nonsense" in shown
    assert ".schema TABLE" in shown


def test_the_shell_remembers(home: Path, tmp_path: Path) -> None:
    typed(home, tmp_path, "select 'remembered';\n", ".quit\n")

    assert "select 'remembered';" in (tmp_path / "flywheel" / "sql_history").read_text()


def test_a_query_that_is_stopped_leaves_the_shell_open(home: Path, tmp_path: Path) -> None:
    ours, its = pty.openpty()
    shell = subprocess.Popen(
        # Whoever started the tests may have turned Ctrl-C off.
        ["env", "--default-signal=INT", FLYWHEEL, "sql"],
        env=os.environ
        | {"FLYWHEEL_HOME": str(home), "XDG_STATE_HOME": str(tmp_path), "TERM": "dumb"},
        stdin=its,
        stdout=its,
        stderr=its,
    )
    os.close(its)
    try:
        shown_until(ours, "> ")
        os.write(ours, b"select count(sqrt(range)) from range(1000000000000);\n")
        # Until it runs.
        time.sleep(2)
        shell.send_signal(signal.SIGINT)
        assert "stopped" in shown_until(ours, "flywheel> ")
        os.write(ours, b"select 'still here';\n.quit\n")
        assert "still here" in shown_until(ours, None)
        assert shell.wait(timeout=PATIENCE_SECONDS) == 0
    finally:
        shell.kill()
        os.close(ours)


def test_a_pipe_that_is_closed_is_no_error(home: Path) -> None:
    ran = subprocess.run(
        f"{FLYWHEEL} sql 'from range(1000000)' --format csv | head -1",
        shell=True,
        env=os.environ | {"FLYWHEEL_HOME": str(home)},
        capture_output=True,
        check=False,
    )
    assert (ran.stdout, ran.stderr) == (b"range\n", b"")
