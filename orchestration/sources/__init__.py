"""What a source file may say, and the contracts that follow from it.

model.py       the shape of a source file (pydantic), with errors that name the place
contract.py    one resolved contract per source object: drives reader, quarantine, dbt sources
catalog.py     the built-in sources and the user's own, as contracts
salesforce.yml canonical.yml   the built-in declarations
"""
