"""Pictures on the network, before they are encoded: asked for, fetched into the spool, or put off.

Hosts that sent a picture before are asked whether it changed; only what did is sent. Nothing here
decodes a picture or needs a model.
"""
