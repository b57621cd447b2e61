"""Accounts of staff and keys of programs: kept, changed on the record, checked.

Login, the API and the admin's pages and commands call it. It knows the database; it knows no page.
"""
