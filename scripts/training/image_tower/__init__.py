"""The image side of training: frozen features, the label branch, the heads."""
