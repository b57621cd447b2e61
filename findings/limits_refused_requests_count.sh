#!/usr/bin/env bash
# limits 5.8.0 with its fixed window refuses small requests because a large one was refused before.
#
# Behaviour: a hit may cost more than 1. The fixed window adds the cost first and then compares, so a
#   refused hit uses up the rest of the window. The moving window and the sliding counter compare first.
# Seen: 10 a minute, costs 8, 5, 1, 1: fixed window True, False, False, False; the two others True, False,
#   True, True.
# Why it matters: a request for many things at once costs as many hits. A client that asks for five when two
#   are left is locked out until the window ends, and asking for less, as it should, does not help. The fixed
#   window is Flask-Limiter's default.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet limits==5.8.0
"$place/venv/bin/python" - <<'PYTHON'
import sys

from limits import parse, storage, strategies

limit, costs, hits = parse("10/minute"), (8, 5, 1, 1), {}
for strategy in (
    strategies.FixedWindowRateLimiter,
    strategies.MovingWindowRateLimiter,
    strategies.SlidingWindowCounterRateLimiter,
):
    limiter = strategy(storage.MemoryStorage())
    hits[strategy.__name__] = [limiter.hit(limit, "client", cost=cost) for cost in costs]
    print(f"{strategy.__name__}: costs {costs} -> {hits[strategy.__name__]}")
fixed, moving, sliding = hits.values()
if moving != [True, False, True, True] or sliding != moving:
    sys.exit("The moving window or the sliding counter of limits treat refused hits otherwise now.")
if fixed != [True, False, False, False]:
    sys.exit("The fixed window of limits treats refused hits otherwise now.")
PYTHON
