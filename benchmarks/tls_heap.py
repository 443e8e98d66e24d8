"""Under MicroPython: one TLS connection of the gateway's own code, its heap and its time.

`tls_heap.py SOURCES HOST PORT CA [CERT KEY]`; prints one JSON object.
"""

import gc
import json
import sys
import time

sys.path.insert(0, sys.argv[1])

from neonat.gateway import login
from neonat.gateway.board_micropython import MicroPythonBoard


def main() -> None:
    """Connect, log in, wait for the broker's answer."""
    host, port, ca = sys.argv[2:5]
    tls = None if ca == "-" else {"ca": ca}
    if len(sys.argv) > 5:
        tls.update({"cert": sys.argv[5], "key": sys.argv[6]})
    board = MicroPythonBoard()
    gc.collect()
    before = gc.mem_alloc()
    started = time.ticks_us()
    connection = board.connect(host, int(port), tls)
    out = login.connect("bench", 20, ("t", "{}"), "", "")
    while not connection.ready():
        board.wait([connection], 100)
    answer = None
    while not answer:
        if out:
            out = out[connection.write(out) :]
        answer = connection.read(16)
        if not answer:
            board.wait([connection], 100)
    took = time.ticks_diff(time.ticks_us(), started)
    with open("/proc/self/status") as status:
        kib = [line.split()[1] for line in status if line.startswith("VmHWM")]
    gc.collect()
    facts = {"us": took, "held": gc.mem_alloc() - before, "kib": int(kib[0])}
    print(json.dumps(dict(facts, granted=answer[:2] == b" \x02")))


main()
