#!/usr/bin/env bash
# Babel 2.18.0 writes "CHF1,234.50" where CLDR asks for a space between letters and digits.
#
# Behaviour: CLDR's patterns join sign and number; a rule beside them says to put a no-break space between
#   where a letter would touch a digit. Babel ships the patterns and does not apply the rule, so every
#   currency without a sign of its own in that language is glued to its number.
# Seen: en_US: CHF1,234.50, KWD1,234.500, but $1,234.50; a locale whose pattern has a space keeps it (de_CH).
# Why it matters: a shop with several currencies shows them so on all its pages, browsers' Intl on the same
#   page does it rightly, and texts that are compared or parsed later differ by one invisible sign.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet babel==2.18.0
"$place/venv/bin/python" - <<'PYTHON'
import sys

from babel.numbers import format_currency

seen = {
    ("CHF", "en_US"): "CHF1,234.50",
    ("KWD", "en_US"): "KWD1,234.500",
    ("USD", "en_US"): "$1,234.50",
    ("CHF", "de_CH"): "CHF\u00a01\u2019234.50",
}
written = {key: format_currency(1234.5, key[0], locale=key[1]) for key in seen}
for (currency, locale), text in written.items():
    print(f"{currency} in {locale}: {text!a}")
if written != seen:
    sys.exit("Babel writes currencies in letters otherwise now.")
PYTHON
