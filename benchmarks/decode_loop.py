"""The loops that decode.py times; runs under CPython and MicroPython.

As a program: `decode_loop.py SOURCES FILE LOOP CHUNK SECONDS` prints frames a second.
"""

import sys
import time

PASS = 0.1
clock = getattr(time, "process_time", time.time)


def baseline(data, chunk):
    """Split at CR and compare the checksum, no more; the count of frames."""
    frames = 0
    rest = b""
    for at in range(0, len(data), chunk):
        lines = (rest + data[at : at + chunk]).split(b"\r")
        rest = lines.pop()
        for line in lines:
            if b"%02X" % (sum(line[:-2]) & 255) == line[-2:]:
                frames += 1
    return frames


def decode(data, chunk):
    """Frames, proven."""
    from medibus.decoder import Decoder

    decoder = Decoder()
    for at in range(0, len(data), chunk):
        decoder.feed(data[at : at + chunk])
    return decoder.frames


def decode_items(data, chunk):
    """Frames and all their items."""
    from medibus.decoder import Decoder
    from medibus.frame import Frame
    from medibus.items import items

    decoder = Decoder()
    for at in range(0, len(data), chunk):
        for event in decoder.feed(data[at : at + chunk]):
            if isinstance(event, Frame):
                items(event)
    return decoder.frames


LOOPS = {"baseline": baseline, "decode": decode, "items": decode_items}


def timed(loop, data, chunk, seconds):
    """Frames a second of the best of several passes over `data`, of processor time.

    The best, since what else runs on the machine can only slow a pass down.
    """
    run = LOOPS[loop]
    best = 0.0
    spent = 0.0
    while spent < seconds:
        frames = 0
        start = clock()
        took = 0.0
        while took < PASS:
            frames += run(data, chunk)
            took = clock() - start
        best = max(best, frames / took)
        spent += took
    return best


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    with open(sys.argv[2], "rb") as file:
        recorded = file.read()
    print(timed(sys.argv[3], recorded, int(sys.argv[4]), float(sys.argv[5])))
