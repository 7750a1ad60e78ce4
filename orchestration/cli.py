"""The console script `flywheel`.

Belongs here: which commands there are, and how errors of any of them end. Does not belong here: the
commands themselves (commands/).
"""

from __future__ import annotations

import sys

import typer
from rich.console import Console

from orchestration.commands.accept import accept
from orchestration.commands.morning import morning
from orchestration.commands.nightly import nightly, status
from orchestration.commands.outcome import alerts_app, report
from orchestration.commands.postgres import serve_postgres
from orchestration.commands.privacy import forget, retention
from orchestration.commands.quarantine import quarantine_app
from orchestration.commands.simulate import simulate
from orchestration.commands.sources import sources_app
from orchestration.commands.sql import Asking, ask
from orchestration.commands.versions import changes, rollback, versions
from orchestration.exit_status import ExitStatus
from orchestration.secrets import SecretFileError, redacted
from orchestration.settings import Settings, WrongSettingError
from orchestration.terminal import say

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Nightly CRM extracts in, gated and published funnel and cohort marts out.",
)
app.command()(nightly)
app.command()(simulate)
app.command()(status)
app.command(name="sql", cls=Asking)(ask)
app.command()(versions)
app.command()(rollback)
app.command()(changes)
app.command()(morning)
app.command()(report)
app.command()(accept)
app.command()(serve_postgres)
app.command()(forget)
app.command()(retention)
app.add_typer(quarantine_app, name="quarantine")
app.add_typer(sources_app, name="sources")
app.add_typer(alerts_app, name="alerts")


def main() -> None:
    """Run a command; what a person can put right ends with a sentence and not with a traceback."""
    import traceback

    from orchestration.company import CompanyFileError
    from orchestration.extracts.places import LandingUnreachableError
    from orchestration.faults import HelpNeededError, advice, told
    from orchestration.lock import NightRunningError
    from orchestration.outputs import OutputError
    from orchestration.privacy.keys import MaskingKeyError
    from orchestration.publication.opening import VersionUnreadableError
    from orchestration.publication.versions import NoSuchVersionError
    from orchestration.serving.postgres.target import PostgresError
    from orchestration.sources.model import SourceFileError

    errors = Console(stderr=True)
    try:
        app()
    except (
        PostgresError,
        CompanyFileError,
        SourceFileError,
        SecretFileError,
        NoSuchVersionError,
        NightRunningError,
        LandingUnreachableError,
        MaskingKeyError,
        OutputError,
        VersionUnreadableError,
        WrongSettingError,
    ) as error:
        say(errors, str(error), "red")
        sys.exit(ExitStatus.USAGE)
    except HelpNeededError as error:
        say(errors, str(error), "red")
        sys.exit(ExitStatus.FAILED)
    except Exception as error:
        settings = Settings()
        advised = advice(told(error), settings)
        if advised is None:
            sys.stderr.write(redacted(settings, "".join(traceback.format_exception(error))))
        else:
            first_line = str(error).partition("\n")[0]
            said = f"{type(error).__name__}: {first_line}\n{advised}"
            say(errors, redacted(settings, said), "red")
        sys.exit(ExitStatus.FAILED)
