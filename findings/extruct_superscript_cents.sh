#!/usr/bin/env bash
# extruct 0.18.0 and price-parser 0.5.1 together make 1250 of the price 12<sup>50</sup>.
#
# Behaviour: shops set cents as superscript inside the element marked `itemprop="price"`. extruct's
#   microdata gives the element's text with a space where the tag was, "12 50". price-parser takes the
#   space for a thousands separator, although two digits follow it.
# Seen: 12<sup>50</sup> -> "12 50" -> 1250; 1299<sup>00</sup> -> "1299 00" -> 129900.
# Why it matters: each library does something sensible alone; the pipeline of both, which is the usual one
#   for product pages, is wrong by a factor of 100 without an error.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet extruct==0.18.0 price-parser==0.5.1
"$place/venv/bin/python" - <<'PYTHON'
import sys

import extruct
from price_parser import Price

PAGE = """<html><body><div itemscope itemtype="https://schema.org/Offer">
<span itemprop="price">{}</span></div></body></html>"""
wrong = []
for price, seen in (("12<sup>50</sup>", 1250), ("1299<sup>00</sup>", 129900), ("12.50", None)):
    (offer,) = extruct.extract(PAGE.format(price), syntaxes=["microdata"])["microdata"]
    text = offer["properties"]["price"]
    amount = Price.fromstring(text).amount
    print(f"{price} -> {text!r} -> {amount}")
    wrong.append(seen is not None and amount != seen)
if any(wrong):
    sys.exit("extruct and price-parser together read superscript cents otherwise now.")
PYTHON
