"""Flywheel: extracts → bronze → staging → intermediate → marts → gate → publish → serve.

Each room of this package is one step of that line:

    sources       what a source file may say, and the contracts that follow from it
    extracts      the landing folder, the load ledger, readers of raw formats
    bronze        casts rows by contract, splits accepted from quarantined ones
    warehouse     the dbt project as assets (staging, intermediate, marts)
    gate          suites, dbt tests and reconciliation as blocking checks
    publication   candidate, promote, versions, rollback
    simulation    the sample company

`settings.py` says where things are, `company.py` what a company decides for itself;
`definitions.py` puts the rooms together; nothing is connected to or read at import.
"""
