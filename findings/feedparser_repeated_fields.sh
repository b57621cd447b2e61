#!/usr/bin/env bash
# feedparser 6.0.14 keeps only the last picture of a product in a merchant feed.
#
# Behaviour: a merchant feed is RSS with a second namespace, and repeats fields: up to ten
#   `g:additional_image_link`, any number of `g:product_detail`. feedparser stores fields it has no rule
#   for under one key each, and every next one replaces the one before. Fields inside of others are laid
#   flat, so which value belongs to which name is gone.
# Seen: three additional pictures -> the third; two details (Volume 350 ml, Material clay) -> Material clay;
#   `bozo` is False.
# Why it matters: all but one of a product's further pictures are never indexed, without an error; the
#   same parser works well on what other feeds repeat (links, categories, authors).
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet feedparser==6.0.14
"$place/venv/bin/python" - <<'PYTHON'
import sys

import feedparser

pictures = [f"https://shop.example/mug-{n}.jpg" for n in (2, 3, 4)]
details = {"Volume": "350 ml", "Material": "clay"}
item = "".join(f"<g:additional_image_link>{p}</g:additional_image_link>" for p in pictures)
for name, value in details.items():
    item += (
        f"<g:product_detail><g:attribute_name>{name}</g:attribute_name>"
        f"<g:attribute_value>{value}</g:attribute_value></g:product_detail>"
    )
feed = feedparser.parse(
    '<?xml version="1.0"?><rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel>'
    "<title>Shop</title><link>https://shop.example</link><description>All</description>"
    f"<item><title>Mug</title><link>https://shop.example/mug</link>{item}</item></channel></rss>"
)
(entry,) = feed.entries
got = {key: value for key, value in entry.items() if key.startswith("g_")}
print("bozo:", feed.bozo)
for key, value in got.items():
    print(f"{key} = {value!r}")
if got.get("g_additional_image_link") != pictures[-1] or got.get("g_attribute_name") != "Material":
    sys.exit("feedparser keeps repeated fields otherwise now.")
PYTHON
