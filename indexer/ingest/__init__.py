"""A catalogue goes into the database: rows read, validated, written, refused with reasons.

Commands and the nightly run call it. It knows sources and tables; it knows no vector.
"""
