"""The steps of `scripts/train_*.py`; none of them is needed at run time."""

from search.encoder.torchvision_ops import declare_missing_operators

# timm and transformers import torchvision.
declare_missing_operators()
