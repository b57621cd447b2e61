"""Logging in: sessions of staff, the pages for passwords, the menu of each role.

The application factory installs it. `web.accounts` stores the accounts.
"""
