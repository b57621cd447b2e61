#!/usr/bin/env bash
# python-calamine 0.9.1 reads 12345.0 from the cell in which openpyxl 3.1.5 reads 12345.
#
# Behaviour: a number in an .xlsx file has no type. openpyxl gives an int where no fraction is written,
#   python-calamine always a float; made into text, a key then has ".0" at its end.
# Seen: article number 12345 -> openpyxl 12345, calamine 12345.0; EAN 4006381333931 -> 4006381333931.0.
# Why it matters: who changes to the quicker reader gives every product with a numeric article number a new
#   key, and none of the old ones is found again. Text cells ("00012") are the same in both.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet python-calamine==0.9.1 openpyxl==3.1.5
"$place/venv/bin/python" - "$place/shop.xlsx" <<'PYTHON'
import sys

import openpyxl
import python_calamine

path = sys.argv[1]
book = openpyxl.Workbook()
for value in (12345, 4006381333931, "00012"):
    book.active.append([value])
book.save(path)

slow = [str(row[0]) for row in openpyxl.load_workbook(path).active.values]
sheet = python_calamine.CalamineWorkbook.from_path(path).get_sheet_by_index(0)
quick = [str(row[0]) for row in sheet.to_python()]
print("openpyxl:", slow)
print("calamine:", quick)
if slow != ["12345", "4006381333931", "00012"] or quick != ["12345.0", "4006381333931.0", "00012"]:
    sys.exit("openpyxl and python-calamine read whole numbers otherwise now.")
PYTHON
