"""From a request to a query: fields, filters, uploads, pictures named by their address.

Views of the API and the pages call it. It refuses what can't be used, and searches nothing.
"""
