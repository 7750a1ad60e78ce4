"""The commands of the console script `flywheel`, below orchestration/cli.py.

Belongs here: options, what is printed, exit statuses. Does not belong here: what a command does,
which it imports when it runs, so that none pays for another.

nightly.py      `nightly`, `status`
simulate.py     `simulate`
sql.py          `sql`
versions.py     `versions`, `rollback`, `changes`
quarantine.py   `quarantine`, with its own commands
sources.py      `sources`, with its own commands
outcome.py      `report`, `alerts`
morning.py      `morning`
accept.py       `accept`
postgres.py     `serve-postgres`
privacy.py      `forget`, `retention`
printing.py     tables and sentences of nights and versions
"""
