"""Accounts of staff and keys of programs: stored, checked, changed with an audit entry.

Login, the API and the admin's pages and commands call it. It knows the database and no page.
"""
