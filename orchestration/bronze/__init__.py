"""Raw text becomes typed rows: cast by contract, accepted rows to bronze, the rest to quarantine.

due.py             which files a night still has to load
night.py           the life of a load, from there to publication or refusal
load.py            one file: a name in bronze, a line in the ledger
split.py           its rows on two sides, every one accounted for
header.py          its columns against the contract: found, missing, new
cast.py            its texts against the contract: accepted rows, and what the others break
values.py          what each column type accepts; common.py: the short cut for the usual forms
lookups.py         values found in another object; salesforce_ids.py: 15 characters become 18
paths.py           where both sides stand
quarantine.py      refused rows; rules.py: what they broke, in words; reload.py: read them anew
doubt.py           refused rows without which a record would look deleted
lost.py            files of bronze that are gone, and rows read anew for them
declared.py        tables that a source file holds itself
judge.py           contract_held and as_usual; references.py, usual.py, night_before.py,
                   stage_lists.py: what they compare with
profile.py         what each load holds, in numbers; watched.py: of which columns; differences.py:
                   what differs from the nights before
assets.py          the sources as Dagster assets with the checks of each object
"""
