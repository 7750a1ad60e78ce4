"""A gated candidate becomes the version that readers see, at once and whole.

candidate.py   the private file of a night
versions.py    published versions: list, current one, rollback
promote.py     seal the candidate, and the rename that publishes it
interrupted.py the symlink and the memory, by this run or by the one after a crash
opening.py     a version for whoever reads it; whole.py, blocks.py: whether all of it is there
changes.py     what a version changed against the one before
comments.py    what the tables that a publication writes say of themselves
fingerprint.py what a version was made from, so that nothing new is built for nothing
assets.py      the publication as a Dagster asset
"""
