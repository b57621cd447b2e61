#!/usr/bin/env bash
# kombu 5.7.0 on a SQL database never hands out again what a killed consumer took, nor deletes what is done.
#
# Behaviour: the SQLAlchemy transport marks a message's row as not visible when it is taken. Whether it is
#   acknowledged later is written nowhere, so the database can't tell a task that was done from one whose
#   worker died. There is no visibility timeout. A consumer that closes its connection puts messages back
#   itself; one that is killed can't.
# Seen: of three messages one is acknowledged, one is in the hands of a killed process, one is left: the next
#   consumer gets only the third, and the table then holds three rows that are not visible.
# Why it matters: `acks_late` and `reject_on_worker_lost` of Celery promise that nothing is lost, and on this
#   transport hold for none of the workers that are killed. The table grows for ever, too.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet kombu==5.7.0 sqlalchemy==2.1.9
cat > "$place/consume.py" <<'PYTHON'
import os
import signal
import sys
import warnings

warnings.simplefilter("ignore")  # SQLAlchemy 2.1 deprecates what kombu's tables use
from kombu import Connection

connection = Connection(f"sqla+sqlite:///{sys.argv[1]}")
queue = connection.SimpleQueue("work")
queue.get(block=False).ack()
print("takes", queue.get(block=False).payload, "and is killed", flush=True)
os.kill(os.getpid(), signal.SIGKILL)
PYTHON
cat > "$place/look.py" <<'PYTHON'
import sqlite3
import subprocess
import sys
import warnings

warnings.simplefilter("ignore")
from kombu import Connection

database, consumer = sys.argv[1:]
with Connection(f"sqla+sqlite:///{database}") as connection:
    queue = connection.SimpleQueue("work")
    for n in (1, 2, 3):
        queue.put({"task": n})
subprocess.run([sys.executable, consumer, database], check=False)
with Connection(f"sqla+sqlite:///{database}") as connection:
    queue = connection.SimpleQueue("work")
    left = []
    try:
        while True:
            message = queue.get(block=False)
            message.ack()
            left.append(message.payload["task"])
    except queue.Empty:
        print("the next consumer gets tasks", left)
with sqlite3.connect(database) as rows:
    visible = [row[0] for row in rows.execute("SELECT visible FROM kombu_message ORDER BY id")]
print("rows, visible or not:", visible)
if left != [3]:
    sys.exit("kombu hands out again what a killed consumer had taken.")
if visible != [0, 0, 0]:
    sys.exit("kombu deletes messages that are done.")
PYTHON
"$place/venv/bin/python" "$place/look.py" "$place/queue.db" "$place/consume.py"
