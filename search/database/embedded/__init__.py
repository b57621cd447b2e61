"""The PostgreSQL server that comes with pip: started on demand, shared, stopped by its last user.

`search.database.connection` calls it. It knows processes, files and locks; it knows no table.
"""
