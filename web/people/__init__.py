"""The admin's pages under /people: accounts, API keys, the audit trail.

Admins alone see them. What they change is kept by `web.accounts`.
"""
