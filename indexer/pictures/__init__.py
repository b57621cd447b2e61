"""The state of pictures on their way in: claimed, fetched, spooled, stamped, orphaned.

Fetching and encoding share it. It knows rows and files; it knows no model and no host.
"""
