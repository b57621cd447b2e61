"""From a request to a query and its answer: fields, filters, photos, searches.

Views of the API and the pages call it. It refuses fields that can't be used.
"""
