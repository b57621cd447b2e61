"""Files on disk: written whole or not at all, and removed when nothing names them any more.

Anyone who keeps files calls it. It knows paths and bytes; it does not know what they hold.
"""
