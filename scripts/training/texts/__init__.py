"""The text side of training: words, the corpus, the space of target vectors, the tower."""
