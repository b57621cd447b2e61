"""PostgreSQL: connections, schema, locks between machines, audit trail, full text columns.

Anyone may call it. It knows settings, errors and its own tables; it knows no index, no model
and no job.
"""
