"""How values look on a page: numbers, languages, pictures, CSV files, static files.

Pages and views call it. It knows no query.
"""
