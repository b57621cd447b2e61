#!/usr/bin/env bash
# price-parser 0.5.1 takes three decimals for thousands, so prices in dinars come out 1,000 times too high.
#
# Behaviour: Kuwait, Bahrain, Oman, Jordan and Tunisia divide their money by 1,000 and write three
#   decimals. price-parser takes a separator before exactly three digits for a thousands separator, even
#   where the currency is named, where the price begins with a zero, and where another separator before it
#   leaves no second reading ("1,299.000").
# Seen: "KWD 12.500" -> 12500, "BHD 0.750" -> 750, "KWD 1,299.000" -> 1299000; "KWD 12.50" -> 12.50.
# Why it matters: a catalogue of a Gulf shop is read without an error, and price filters and sorting are
#   wrong for every product in it. Give `decimal_separator` where the feed's country is known.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet price-parser==0.5.1
"$place/venv/bin/python" - <<'PYTHON'
import sys
from decimal import Decimal

from price_parser import Price

written = {"KWD 12.500": "12500", "BHD 0.750": "750", "KWD 1,299.000": "1299000", "KWD 12.50": "12.50"}
read = {text: Price.fromstring(text).amount for text in written}
for text, amount in read.items():
    print(f"{text!r} -> {amount}")
helped = Price.fromstring("KWD 12.500", decimal_separator=".").amount
print(f"'KWD 12.500' with decimal_separator='.' -> {helped}")
if any(read[text] != Decimal(amount) for text, amount in written.items()):
    sys.exit("price-parser reads three decimals otherwise now.")
PYTHON
