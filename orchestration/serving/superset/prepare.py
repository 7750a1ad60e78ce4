"""Make Superset's tables, its administrator, and everything in the bundle. Runs in its environment.

Belongs here: what has to be said to Superset in its own words. Does not belong here: what the
bundle holds (bundle.py). Nothing of ours can be imported here.

Standard input: {"files": {name in the bundle: text}, "password": text or null}. A password of null
leaves that of an administrator who is already there. Doing it twice does it once.
"""

from __future__ import annotations

import json
import sys
from typing import Any

_ADMINISTRATOR = "admin"


def main() -> None:
    """Prepare what the configuration names."""
    from superset.app import create_app

    asked = json.load(sys.stdin)
    app = create_app()
    with app.app_context():
        make_tables(app)
        administrator = make_administrator(app, asked["password"])
        import_bundle(asked["files"], administrator)


def make_tables(app: Any) -> None:
    """Tables of the metadata, then permissions and roles, as `superset db upgrade` and `init`."""
    from flask_migrate import upgrade

    upgrade()
    app.appbuilder.add_permissions(update_perms=True)
    app.appbuilder.sm.sync_role_definitions()


def make_administrator(app: Any, password: str | None) -> Any:
    """The one account that is there from the start."""
    manager = app.appbuilder.sm
    user = manager.find_user(_ADMINISTRATOR)
    if user is None:
        user = manager.add_user(
            _ADMINISTRATOR, "Flywheel", "administrator", "admin@localhost",
            manager.find_role("Admin"), password=password,
        )  # fmt: skip
    elif password is not None:
        manager.reset_password(user.id, password)
    return user


def import_bundle(files: dict[str, str], user: Any) -> None:
    """Connection, datasets, charts and dashboards: what is there under the same id is replaced."""
    from flask import g
    from superset import db
    from superset.commands.importers.v1.assets import ImportAssetsCommand

    g.user = user
    ImportAssetsCommand(files).run()
    db.session.commit()


if __name__ == "__main__":
    main()
