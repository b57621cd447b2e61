"""The encoder inside the package: its image tower, colour histograms and local heads.

Only `search.encoder` calls it. It knows torch and its own weights; it knows no catalogue.
"""
