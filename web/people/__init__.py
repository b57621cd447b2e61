"""The admin's pages under /people: accounts, API keys, the audit trail."""
