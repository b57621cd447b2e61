"""Asking other machines: addresses, hosts that may be asked, deadlines, pictures fetched.

Anyone who needs a picture by its address calls it. It knows no catalogue and keeps nothing.
"""
