"""The encoder inside the package: its image tower, colour histograms and local heads.

`search.encoder` alone calls it. It knows torch and its own weights; it knows no catalogue.
"""
