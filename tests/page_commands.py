"""Who runs the commands of README and docs: the one table.

Belongs here: for each block of code of each page, the test that runs it, or the plain reason why it
cannot run in a test. Does not belong here: running (integration/test_readme.py and the modules that
are named here). architecture/test_page_commands.py holds the table against the pages, so that a
command without a line here, or a line without its command, is told.

A block is named by its page and first line; where all of a language are run, by that language.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.pages import Block

# Every block of a language of a page ("": indented lines), and the module that runs each of them.
WHOLE: dict[tuple[str, str], str] = {
    ("README.md", "sql"): "integration/test_readme.py",
    ("docs/tour.md", "sql"): "integration/test_readme.py",
    ("docs/connect.md", "sh"): "integration/test_connect_page.py",
    ("docs/connect.md", "python"): "integration/test_connect_page.py",
    ("docs/tutorial.md", ""): "integration/test_tutorial.py",
    ("docs/examples/pipedrive/README.md", "sh"): "integration/test_pipedrive_page.py",
}

# Blocks that a page's own test runs.
BY_A_TEST: dict[tuple[str, str], str] = {
    # Its second line, `make test`, is what runs this.
    ("README.md", "make nightly"): "integration/test_readme.py",
    ("docs/object-storage.md", "export FLYWHEEL_LANDING=s3://acme-crm/extracts"):
        "integration/test_pages_with_servers.py",
    ("docs/outcomes.md", "export FLYWHEEL_ALERT_WEBHOOK_FILE=/run/secrets/flywheel_webhook"):
        "integration/test_pages_with_servers.py",
    ("docs/outcomes.md", "export FLYWHEEL_ALERT_EMAIL_TO=data@example.org,ops@example.org"):
        "integration/test_pages_with_servers.py",
    ("docs/postgres.md",
     "export FLYWHEEL_POSTGRES=postgresql://flywheel:secret@db.example.com:5432/warehouse"):
        "integration/test_postgres_page.py",
    ("docs/postgres.md", "select version, as_of_date, published_at"):
        "integration/test_postgres_page.py",
    ("docs/postgres.md", "create role superset login password '…' in role bi_reader;"):
        "integration/test_postgres_page.py",
    ("docs/postgres.md", "revoke temporary on database warehouse from public;"):
        "integration/test_postgres_page.py",
    ("docs/postgres.md", "create role flywheel login password '…' createrole;"):
        "integration/test_postgres_page.py",
}  # fmt: skip


@dataclass(frozen=True)
class Given:
    """How a block is given in test_readme.py, where the sample company of `make nightly` stands.

    `says` must come out of it. A block that changes the home gets a `copy`, one that comes before
    the first night has none yet; `beside` are folders of this checkout that stand beside the home
    under the name that the page gives them.
    """

    says: str = ""
    home: Literal["sample", "copy", "none"] = "sample"
    beside: tuple[tuple[str, str], ...] = ()


# Blocks that are given to the sample company as they stand.
TO_THE_SAMPLE: dict[tuple[str, str], Given] = {
    ("README.md",
     ".venv/bin/flywheel sources infer my_exports --name mycrm "
     "--output flywheel_home/sources/mycrm.yml"):
        Given("good", "none", beside=(("my_exports", "docs/examples/tutorial/exports"),)),
    ("docs/history.md",
     "select accounts.segment, count(*) as won_count, sum(won.amount) as won_amount"):
        Given(says="enterprise"),
    ("docs/history.md",
     "select stage_key, count(*) as open_count, sum(amount) as open_amount"):
        Given(says="2667943.91"),
    # The sample company has one source.
    ("docs/personal-data.md",
     "select email_hash, count(distinct source_system) as sources"): Given(says="0 rows"),
    ("docs/personal-data.md",
     "flywheel forget isolde.thornibald.31@persons.example --dry-run"):
        Given("nothing is left", "copy"),
    ("docs/morning-report.md",
     "flywheel morning                                # the version that readers see"):
        Given(says="morning-2025-09-30-001.html"),
    ("docs/outcomes.md", "flywheel report"): Given(says="night-2025-09-29-"),
    ("docs/outcomes.md",
     'flywheel sql "select night, suite, \\"check\\", observed from ops.gate_result '
     'where not success"'): Given(says="0 rows"),
    ("docs/metrics.md", "dbt parse"): Given("opportunity__segment"),
    ("docs/sources.md", "mkdir -p flywheel_home/sources"):
        Given(home="none"),
}  # fmt: skip

# Commands of `flywheel` that sentences and tables name, one after the other, to a copy of the same:
# what must come out of each.
NAMED_ALONE: dict[str, str] = {
    "status": "published  2025-09-30-001",
    "versions": "2025-09-28-001",
    "changes": "2025-09-30-001",
    "sources check": "no source file stands in",
    "quarantine": "",
    "quarantine explain": "",
    "quarantine reload": "",
    "retention": "nothing is too old",
    "nightly": "nothing new",
    "rollback": "2025-09-29-001",
}

# Those that need more than a home: where they run, or what stands there in the place of a value.
NAMED_ELSEWHERE: dict[str, str] = {
    "accept CHECK --reason '…'": "places for values; integration/test_accept_command.py fills them",
    "forget": "integration/test_readme.py gives it an address",
    "forget 0035g00000DXB8YAAX": "unit/test_forget.py, by an id as by an address",
    "nightly --date": "integration/test_outcomes.py",
    "nightly --date 2025-09-29": "integration/test_outcomes.py",
    "nightly --date 2025-10-01": "integration/test_outcomes.py",
    "nightly --full-refresh": "tests/faults, and every comparison of later nights with a rebuild",
    "quarantine explain --show-personal": "unit/test_refused_rows_are_masked.py",
    "simulate": "`make nightly` begins with it",
    "sources": "a group of commands",
    "sources infer FOLDER": "a place for a value",
    "sql": "integration/test_sql_command.py, with a person at its shell",
    'sql "…"': "a place for a value",
}

# Blocks that no test runs, and why. "no command": it shows something.
NOT_RUN: dict[tuple[str, str], str] = {
    ("README.md", "extracts → bronze → staging → intermediate → marts → gate → publish → serve"):
        "no command",
    ("CONTRIBUTING.md", "make install-dev"):
        "they are what `.ci/run` does at every stop, and `make test` runs this very test",
    ("CONTRIBUTING.md", ".venv/bin/python -m pytest tests/unit/test_landing.py"):
        "tests that `make test` runs anyway",
    ("CONTRIBUTING.md", ".venv/bin/python -m tests.architecture.test_graph"):
        "they write files of the checkout, and tests compare those with what would be written",
    ("CONTRIBUTING.md", ".venv/bin/python -m orchestration.sources.dbt_sources"):
        "it writes files of the checkout, and a test compares them with what would be written",
    ("CONTRIBUTING.md", ".venv/bin/python -m tests.screenshots superset"):
        "pictures and figures are made by hand, figures in an hour on a quiet machine",
    ("docs/benchmarks.md",
     "make bench                                                        # an hour"):
        "an hour on a quiet machine",
    ("docs/bi-tools.md", "make superset"):
        "it does not end; what it does is done by tests/bi, where Superset (700 MB) is installed",
    ("docs/connect.md", 'pip install "duckdb>=1.4"'):
        "the environment of the tests holds it, and no test changes that environment",
    ("docs/connect.md", "python -m venv harlequin && harlequin/bin/pip install harlequin"):
        "an environment of 288 MB, and a program for a person at a terminal",
    ("docs/connect.md", 'install.packages("duckdb")'): "it needs R, and a package from CRAN",
    ("docs/examples/fivetran_salesforce/README.md",
     "unload ('select * from salesforce.opportunity')"): "it needs Amazon Redshift",
    ("docs/metrics.md", "pip install -e '.[metricflow]'"):
        "the environment of the tests holds it, and no test changes that environment",
    ("docs/recovery.md", "python -m tests.faults.kills --kills 200"):
        "an hour of killed nights; tests/faults runs short forms of both",
    ("tests/fuzz/README.md", "python -m tests.fuzz.run csv -max_total_time=600"):
        "ten minutes, with a fuzzer that the tests do not install; test_targets.py runs the seeds",
    ("tests/golden/README.md", "python -m tests.golden.rewrite"):
        "it writes what test_golden_marts.py compares",
}  # fmt: skip


def runner(block: Block) -> str | None:
    """The module that runs a block, a reason why none does, or nothing."""
    name = (block.page, block.first)
    if name in TO_THE_SAMPLE:
        return "integration/test_readme.py"
    # What cannot run goes before: all others of its language can.
    return NOT_RUN.get(name) or BY_A_TEST.get(name) or WHOLE.get((block.page, block.language))


def modules() -> set[Path]:
    """The modules that the table names, below tests/."""
    return {Path(module) for module in (*WHOLE.values(), *BY_A_TEST.values())}
