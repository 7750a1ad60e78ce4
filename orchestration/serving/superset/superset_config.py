"""Superset's configuration, for one machine and one team.

Belongs here: what Superset must know before it starts. Does not belong here: the connection and
what is shown (dashboard/). Superset reads this file in its own environment, so nothing of ours can
be imported.
"""

from __future__ import annotations

import os
from pathlib import Path

_HOME = Path(os.environ["SUPERSET_HOME"])

SECRET_KEY = (_HOME / "secret_key").read_text(encoding="utf-8")
SQLALCHEMY_DATABASE_URI = f"sqlite:///{_HOME / 'superset.db'}?check_same_thread=false"

# The page may ask nobody but this server; Superset's own list names its makers' hosts.
TALISMAN_ENABLED = True
TALISMAN_CONFIG = {
    "content_security_policy": {
        "base-uri": ["'self'"],
        "default-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "object-src": "'none'",
        "style-src": ["'self'", "'unsafe-inline'"],
        # Superset's charts compile functions; without 'unsafe-eval' they stay empty.
        "script-src": ["'self'", "'unsafe-inline'", "'unsafe-eval'"],
    },
    "content_security_policy_nonce_in": [],
    # Loopback has no certificate. Behind TLS, set it.
    "force_https": False,
    "session_cookie_secure": False,
}

APP_NAME = "Flywheel"
# Limits are counted in this one process.
RATELIMIT_STORAGE_URI = "memory://"
# A night publishes a new version: what was cached would be the old one.
CACHE_CONFIG = {"CACHE_TYPE": "NullCache"}
DATA_CACHE_CONFIG = {"CACHE_TYPE": "NullCache"}
ROW_LIMIT = 10_000
SQLLAB_TIMEOUT = 60
SUPERSET_WEBSERVER_TIMEOUT = 60

EXTRA_CATEGORICAL_COLOR_SCHEMES = [
    {
        "id": "flywheel",
        "label": "Flywheel",
        "description": "The colours of the tour and the morning report",
        "isDefault": True,
        "colors": [
            "#3d8fd1", "#d9772b", "#7b8087", "#2a9d78", "#8d6cc0",
            "#c2557f", "#b59a2c", "#4fb3c6", "#5b6ee1", "#a0674b",
        ],
    },
    {
        "id": "flywheel_light",
        "label": "Flywheel, light",
        "description": "For charts that write on their areas",
        "colors": [
            "#a9d0ee", "#c0dcf2", "#d3e6f5", "#e3effa", "#eef5fc",
            "#f5d3b5", "#f8e0cb", "#d9dbde", "#c6e6da", "#ddd2ee",
        ],
    },
]  # fmt: skip
EXTRA_SEQUENTIAL_COLOR_SCHEMES = [
    {
        "id": "flywheel_blues",
        "label": "Flywheel blues",
        "description": "From nothing to much",
        "isDiverging": False,
        "isDefault": True,
        "colors": ["#f3f8fd", "#cfe3f4", "#9cc6e8", "#63a5d9", "#3d8fd1", "#2467a3", "#123f6b"],
    }
]
