"""Pictures to learn from: the development sets, Debian packages, drawn shops, composed scenes."""
