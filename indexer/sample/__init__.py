"""A sample shop that the project draws itself, for demonstration, tests and training.

`draw_product` and `street_photo` return single pictures with their facts; `write_sample` writes a
whole shop in the evaluation format. It refuses to fetch anything.
"""

from __future__ import annotations

from indexer.sample.drawn_product import DrawnProduct, draw_product
from indexer.sample.street_photos import street_photo
from indexer.sample.write_shop import SampleReport, WrongSampleSize, write_sample

__all__ = [
    "DrawnProduct",
    "SampleReport",
    "WrongSampleSize",
    "draw_product",
    "street_photo",
    "write_sample",
]
