"""What a source file may say, and the contracts that follow from it.

model.py, file_options.py      the shape of a source file (pydantic)
document.py, reading.py        from YAML to that shape, every mistake with its place
explain.py, mistakes.py        in plain words
contract.py                    one resolved contract per source object: drives reader, quarantine,
                               dbt sources and docs
stage_map.py                   which stage a renamed one stands for, by sources/stage_map.csv
catalog.py                     the built-in sources and the user's own, as contracts
check.py, lint.py, landed.py   mistakes of a source file, against itself and against what landed
schema.py, source.schema.json  the same shape for editors
infer.py, drafting/            a source file drafted from a folder of exports
dbt_sources.py, reference.py   the dbt source declarations and the reference pages, written
salesforce.yml hubspot.yml canonical.yml   the built-in declarations
"""
