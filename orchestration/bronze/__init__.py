"""Raw text becomes typed rows: cast by contract, accepted rows to bronze, the rest to quarantine.

cast.py      a contract as polars expressions: values, and the first rule a row breaks
load.py      one file: read, cast, split, write, account for every row
night.py     which files a night still has to load, and what becomes of loads afterwards
assets.py    the sources as Dagster assets with a blocking check for each object
"""
