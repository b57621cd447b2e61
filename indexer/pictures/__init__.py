"""Pictures on their way in: which are to be done, claims, files that wait, what became of each.

Fetching and encoding share it. It knows rows and files; it knows no model and no host.
"""
