"""Flywheel: extracts → bronze → staging → intermediate → marts → gate → publish → serve.

The rooms of that line:

    sources/       what a source file may say, and the contracts that follow from it
    extracts/      the landing folder, the load ledger, readers of raw formats
    bronze/        casts rows by contract, splits accepted from quarantined ones
    warehouse/     the dbt project as assets (staging, intermediate, marts)
    gate/          suites, dbt tests and reconciliation as blocking checks
    publication/   candidate, promote, versions, rollback
    serving/       SQL on the published file, PostgreSQL and Superset for BI tools
    morning/       the morning report

Beside it:

    outcome/       what came of a night, told by a page and by alerts
    privacy/       what is known of persons: masked, forgotten, removed with age
    simulation/    the sample company
    metrics/       docs/metrics.md and the semantic layer, written from the registry of metrics
    tour/          docs/tour.md, written from questions and the answers of a warehouse

Who runs it, and where:

    cli.py, commands/                 the console script; exit_status.py, terminal.py, progress.py
    definitions.py                    the rooms put together for Dagster; jobs.py, schedules.py,
                                      labels.py; instance.py, event_log.py: its instance
    nightly.py                        one night after another; lock.py, recovery.py: before them
    settings.py, company.py           where things are; what a company decides for itself
    secrets.py, faults.py             kept out of texts; told in words that help
    durable.py, outputs.py, aside.py  files that outlive a crash, that a person asked for, that
                                      nothing can read any more

Nothing is connected to or read at import.
"""
