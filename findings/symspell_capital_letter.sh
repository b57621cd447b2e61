#!/usr/bin/env bash
# symspellpy 6.10.1 corrects "Mug" to "rug".
#
# Behaviour: lookups tell capitals from small letters, so "Mug" is no known word, but one edit away from
#   "mug" and from "rug"; of words equally near, the more frequent comes first. In capitals a word is so
#   many edits away that it finds nothing.
# Seen: dictionary mug 100, rug 5000: "mug" -> mug; "Mug" -> rug, mug; "MUG" -> nothing.
# Why it matters: phones capitalise what one types first. A search that repairs typing errors sends those
#   shoppers to rugs, and a test in small letters never shows it.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet symspellpy==6.10.1
"$place/venv/bin/python" - <<'PYTHON'
import sys

from symspellpy import SymSpell, Verbosity

speller = SymSpell(max_dictionary_edit_distance=2)
for word, count in (("mug", 100), ("rug", 5000)):
    speller.create_dictionary_entry(word, count)
found = {
    typed: [hit.term for hit in speller.lookup(typed, Verbosity.CLOSEST, max_edit_distance=2)]
    for typed in ("mug", "Mug", "MUG")
}
for typed, words in found.items():
    print(f"{typed!r} -> {words}")
if found != {"mug": ["mug"], "Mug": ["rug", "mug"], "MUG": []}:
    sys.exit("symspellpy looks up words with capitals otherwise now.")
PYTHON
