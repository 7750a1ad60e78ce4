"""Raw extracts: what landed, what of it was loaded, and how a file becomes a table of text.

places.py, objects.py    where extracts land: a folder, or a bucket, behind one interface
landing.py               the nights and files there, and which are complete
strays.py                what stands there outside every night
ledger.py                which file was loaded, with what result: every file loads once
archives.py              what zips hold, so that each is opened once
unpack.py                gzip, Zstandard (zstandard.py), and members of zips
table.py, readers.py     what every reader gives, and which one opens a file
csv_text.py              CSV; csv_structure.py, csv_walk.py, csv_chunks.py, csv_bitmaps.py below it
json_text.py             JSON; json_lines.py, json_walk.py, json_documents.py, json_rows.py below it
parquet_text.py          Parquet
xlsx_text.py             XLSX; xlsx_container.py, xlsx_cells.py below it
encodings.py, disguises.py, parts.py   what several readers need
"""
