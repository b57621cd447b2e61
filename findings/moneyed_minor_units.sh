#!/usr/bin/env bash
# py-moneyed 3.0 counts by 100 or 1,000 what it prints, through Babel 2.18.0, without any decimals.
#
# Behaviour: py-moneyed's minor units follow ISO 4217, its texts follow CLDR (through Babel), and these
#   differ for a dozen currencies in use: Iraqi and Serbian dinars, Lebanese pounds, Afghan afghanis, …
#   CLDR says how many decimals people write, ISO how many there are.
# Seen: Money("0.60", "RSD"): sub-unit amount 60, text "RSD1"; Money("1234.75", "IQD"): 1234750, "IQD1,235".
# Why it matters: whoever takes the number of decimals from Babel to store prices as whole cents stores
#   other numbers than payment providers and feeds send, and the text shown is not the price charged.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet py-moneyed==3.0 babel==2.18.0
"$place/venv/bin/python" - <<'PYTHON'
import sys

from babel.numbers import get_currency_precision
from moneyed import Money
from moneyed.l10n import format_money

seen = {("0.60", "RSD"): (60, "RSD1"), ("1234.75", "IQD"): (1234750, "IQD1,235")}
changed = False
for (amount, currency), expected in seen.items():
    money = Money(amount, currency)
    got = money.get_amount_in_sub_unit(), format_money(money, locale="en_US")
    decimals = get_currency_precision(currency)
    print(f"{amount} {currency}: {got[0]} sub-units, {got[1]!r}; Babel says {decimals} decimals")
    changed = changed or got != expected
if changed:
    sys.exit("py-moneyed and Babel agree on minor units otherwise now.")
PYTHON
