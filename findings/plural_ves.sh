#!/usr/bin/env bash
# Neither snowballstemmer 3.1.1 nor simplemma 2.0.0 brings "shelves" to "shelf".
#
# Behaviour: English nouns in -f and -fe have plurals in -ves. The Snowball stemmer, which PostgreSQL
#   and Lucene use, too, cuts the ending and leaves "shelv", "leav", "scarv".
#   simplemma, which looks words up, takes "shelves" and "leaves" for the verbs to shelve and to leave, yet
#   brings "knives" to "knife".
# Seen: shelves, shelf: snowball shelv, shelf; simplemma shelve, shelf. mugs, mug: mug, mug in both.
# Why it matters: somebody who types "shelves" does not find a product whose title says "shelf". These
#   nouns are furniture, cutlery, clothing and plants, what shops sell; a handful of synonyms mends it.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet snowballstemmer==3.1.1 simplemma==2.0.0
"$place/venv/bin/python" - <<'PYTHON'
import sys

import simplemma
import snowballstemmer

stem = snowballstemmer.stemmer("english").stemWord
pairs = [("mugs", "mug"), ("shelves", "shelf"), ("leaves", "leaf"), ("scarves", "scarf"), ("knives", "knife")]
apart = {"snowball": set(), "simplemma": set()}
for many, one in pairs:
    stems = stem(many), stem(one)
    lemmas = simplemma.lemmatize(many, lang="en"), simplemma.lemmatize(one, lang="en")
    print(f"{many}, {one}: snowball {stems}, simplemma {lemmas}")
    if stems[0] != stems[1]:
        apart["snowball"].add(many)
    if lemmas[0] != lemmas[1]:
        apart["simplemma"].add(many)
if apart["snowball"] != {"shelves", "leaves", "scarves", "knives"}:
    sys.exit("The Snowball stemmer joins plurals in -ves otherwise now.")
if not {"shelves", "leaves"} <= apart["simplemma"] or "knives" in apart["simplemma"]:
    sys.exit("simplemma joins plurals in -ves otherwise now.")
PYTHON
