"""Catalogue health: what is missing, refused, doubled or doubtful, for merchandisers to put right.

What the tables know is asked when a page shows it (`lists`, `refusals`). What takes a look at every
picture is found once for each generation (`survey`, by way of `neighbours`, `duplicates` and
`misfits`) and kept as findings (`findings`).
"""
