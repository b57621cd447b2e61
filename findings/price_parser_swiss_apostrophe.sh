#!/usr/bin/env bash
# price-parser 0.5.1 reads 1 where Babel 2.18.0 wrote 1299.00 for Switzerland.
#
# Behaviour: CLDR, and so Babel, groups Swiss thousands by U+2019, the typographic apostrophe.
#   price-parser groups by the typewriter's ' alone: at U+2019 it stops, and returns what stands before.
# Seen: format_currency(1299, "CHF", locale="de_CH") = "CHF 1’299.00" -> 1; "CHF 1'299.00" -> 1299.00.
# Why it matters: a Swiss page that any CLDR library rendered (ICU and browsers' Intl write the same sign)
#   is read without an error, and what costs 1,299 francs sorts below what costs 5.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet price-parser==0.5.1 babel==2.18.0
"$place/venv/bin/python" - <<'PYTHON'
import sys
from decimal import Decimal

from babel.numbers import format_currency
from price_parser import Price

price = Decimal("1299.00")
swiss = format_currency(price, "CHF", locale="de_CH")
german = format_currency(price, "EUR", locale="de_DE")
typed = swiss.replace("\u2019", "'")
for text in (swiss, typed, german):
    print(f"{text!a} -> {Price.fromstring(text).amount}")
if Price.fromstring(german).amount != price or Price.fromstring(typed).amount != price:
    sys.exit("The readings that were right are not any more.")
if Price.fromstring(swiss).amount != 1:
    sys.exit("price-parser reads the typographic apostrophe otherwise now, or Babel writes another.")
PYTHON
