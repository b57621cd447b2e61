"""Pictures on the network: asked for, fetched into the spool, or put off.

Batches of encode jobs and the watcher call it. It asks a host that sent a picture before whether it
changed. It decodes no picture and needs no model.
"""
