"""HTTP to other machines: addresses, hosts that may be asked, deadlines, fetched pictures.

Whoever needs a picture by its address calls it. It knows no catalogue and stores nothing.
"""
