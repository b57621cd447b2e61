"""What pages share: formats of values, languages, pictures, pages of lists, CSV and static files.

Pages and views call it. It knows no query.
"""
