"""Ingests a catalogue: rows are read, validated, and written to the database or refused.

Commands, the nightly run and the watch call it. It knows sources and tables; it knows no vector.
"""
