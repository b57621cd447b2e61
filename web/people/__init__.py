"""The admin's pages under /people: accounts, API keys, the audit trail.

Only admins see them. `web.accounts` stores what they change.
"""
