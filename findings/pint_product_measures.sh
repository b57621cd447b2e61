#!/usr/bin/env bash
# Pint 0.25.3 reads ordinary product measures as femtolitres, parsecs and products of lengths.
#
# Behaviour: a space is a multiplication sign to Pint, prefixes come before names, and a comma is dropped.
#   So "fl oz" is femtolitre times ounce, "pcs" is parsecs, "5 ft 3 in" is 15 square units, "1 1/2 in" is
#   one times a half, "250 gr" is grains, and "1,5 l" is fifteen litres. None of them raises.
# Seen: see the list below, and what the script prints.
# Why it matters: titles and feeds write sizes like this. A filter "at least 1 litre" takes 1,5 l for 15 l;
#   the dimension tells "fl oz" and "pcs" apart from volumes, but no dimension tells 0.5 from 1.5 inches.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet pint==0.25.3
"$place/venv/bin/python" - <<'PYTHON'
import sys

import pint

registry = pint.UnitRegistry()
seen = {
    "12 fl oz": "12 femtoliter * ounce",
    "5 pcs": "5 parsec",
    "5 ft 3 in": "15 foot * inch",
    "1 1/2 in": "0.5 inch",
    "250 gr": "250 grain",
    "1,5 l": "15 liter",
}
read = {text: str(registry(text)) for text in seen}
for text, quantity in read.items():
    print(f"{text!r} -> {quantity}")
changed = [text for text in seen if read[text] != seen[text]]
if changed:
    sys.exit(f"Pint reads {changed} otherwise now.")
PYTHON
