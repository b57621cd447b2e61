"""Pictures: untrusted bytes decoded to sRGB, their colours, renditions and thumbnails on disk.

Anyone may call it. It knows bytes, pixels and files; it knows no model and no index.
"""
