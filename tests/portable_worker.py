"""Calls functions of portable files on request, under whatever runtime runs this.

Arguments: the folders to import from. One JSON object a line on stdin,
`{"module", "function", "args"}`, one on stdout, `{"ok": result}` or `{"error": traceback}`. Bytes
are written `{"hex": "…"}` both ways.
"""

import gc
import io
import json
import sys


def packed(value):
    """A value with its bytes made fit for JSON."""
    if isinstance(value, (bytes, bytearray)):
        return {"hex": value.hex()}
    if isinstance(value, (list, tuple)):
        return [packed(part) for part in value]
    return value


def unpacked(value):
    """The value that `packed` was given, tuples as lists."""
    if isinstance(value, dict) and "hex" in value:
        return bytes.fromhex(value["hex"])
    if isinstance(value, list):
        return [unpacked(part) for part in value]
    return value


def traceback_of(error):
    """The traceback as text."""
    out = io.StringIO()
    if hasattr(sys, "print_exception"):
        sys.print_exception(error, out)
        return out.getvalue()
    import traceback

    return "".join(traceback.format_exception(error))


def answer(line):
    """What one call gave."""
    call = json.loads(line)
    try:
        function = getattr(__import__(call["module"]), call["function"])
        return {"ok": packed(function(*unpacked(call["args"])))}
    except Exception as error:
        return {"error": traceback_of(error)}


def main():
    """Answer until stdin ends."""
    for folder in sys.argv[1:]:
        sys.path.insert(0, folder)
    while True:
        line = sys.stdin.readline()
        if not line:
            return
        sys.stdout.write(json.dumps(answer(line)) + "\n")
        if hasattr(sys.stdout, "flush"):
            sys.stdout.flush()
        gc.collect()


if __name__ == "__main__":
    main()
