"""`make superset`: install it when it is not there, prepare it, serve it.

Belongs here: the order of things and what is printed. Does not belong here: how each is done.

Exit status: that of the server, or 2 when it could not be started.
"""

from __future__ import annotations

import os
import sys

from orchestration.exit_status import ExitStatus
from orchestration.serving.superset.connection import NotConnectedError, address, shown
from orchestration.serving.superset.environment import (
    EnvironmentFailedError,
    install,
    is_installed,
    variables,
)
from orchestration.serving.superset.server import (
    ADMINISTRATOR,
    DASHBOARD_PATH,
    NotPreparedError,
    command,
    prepare,
)
from orchestration.settings import Settings


def main() -> None:
    """Become the server, once everything is in place."""
    settings = Settings()
    port = os.environ.get("FLYWHEEL_SUPERSET_PORT", "8088")
    given = os.environ.get("FLYWHEEL_SUPERSET_PASSWORD")
    if not port.isdecimal():
        print(f"FLYWHEEL_SUPERSET_PORT must be a number, not {port}", file=sys.stderr)
        sys.exit(ExitStatus.USAGE)
    try:
        marts = address(settings)
        if not is_installed():
            print("installing Superset into .venv-superset (once; 700 MB, minutes)", flush=True)
            install()
        print(f"marts      {shown(marts)}", flush=True)
        made_up = prepare(settings, marts, given)
    except (NotConnectedError, EnvironmentFailedError, NotPreparedError) as error:
        print(error, file=sys.stderr)
        sys.exit(ExitStatus.USAGE)
    if made_up:
        print(f"password   {made_up}  (of {ADMINISTRATOR}; it is not shown again)")
    print(f"look       http://127.0.0.1:{port}{DASHBOARD_PATH}  (as {ADMINISTRATOR})", flush=True)
    serve = command(int(port))
    os.execve(serve[0], serve, dict(variables(settings)))


if __name__ == "__main__":
    main()
