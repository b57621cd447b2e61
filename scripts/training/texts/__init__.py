"""The text side of training: words and corpora, the space they are taught in, the tower."""
