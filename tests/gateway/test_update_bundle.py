"""Bundles: what is packed is proven, what was altered in any way is refused with a reason."""

import hashlib
import hmac
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from neonat import update
from neonat.gateway import bundle
from neonat.gateway.bundle import BundleError
from neonat.gateway.proof import Mac, prove

KEY = bytes(range(32))
FILES = {"neonat/__init__.py": b"", "neonat/gateway/program.py": b"VERSION = 2\n", "a.py": b"x\n"}

parts = st.text("abcXYZ019_-", min_size=1, max_size=8)
paths = st.lists(parts, min_size=1, max_size=4).map("/".join)


def head(whole):
    return io.BytesIO(whole[: update.head_size(whole)])


def signed(lines, key=KEY):
    """A manifest of any lines with a right MAC."""
    text = "".join(line + "\n" for line in lines).encode()
    return io.BytesIO(text + f"mac {hmac.digest(key, text, 'sha256').hex()}\n".encode())


def entry(path, size=1):
    return f"{hashlib.sha256(b'x').hexdigest()} {size} {path}"


@given(st.dictionaries(paths, st.binary(max_size=50), max_size=6), st.integers(0, 2**32 - 1))
def test_what_is_packed_is_proven(files, counter):
    whole = update.pack(files, KEY, "1.2.3+x", counter, 6)
    found = prove(head(whole), KEY)
    assert (found["version"], found["counter"], found["mpy"]) == ("1.2.3+x", counter, 6)
    assert found["body"] == sum(map(len, files.values()))
    entries = list(bundle.entries(head(whole)))
    assert {path: (size, digest) for digest, size, path in entries} == {
        path: (len(data), hashlib.sha256(data).digest()) for path, data in files.items()
    }
    assert whole.endswith(b"".join(files[path] for _, _, path in entries))


@given(st.data())
def test_one_byte_of_the_manifest_altered_is_refused(data):
    whole = bytearray(head(update.pack(FILES, KEY, "1", 1)).getvalue())
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    same = bytes(whole).lower() == head(update.pack(FILES, KEY, "1", 1)).getvalue()
    if not same:
        with pytest.raises(BundleError):
            prove(io.BytesIO(bytes(whole)), KEY)


@given(st.binary(max_size=300))
@example(b"neonat-bundle 1 version=1 counter=1 mpy=0 files=1\n")
@example(b"neonat-bundle 1 version=1 counter=1 mpy=0 files=0\nmac \xff\n")
def test_rubbish_is_refused(data):
    with pytest.raises(BundleError):
        prove(io.BytesIO(data), KEY)


def test_a_cut_manifest_is_refused_at_every_byte():
    whole = head(update.pack(FILES, KEY, "1", 1)).getvalue()
    for end in range(len(whole)):
        with pytest.raises(BundleError):
            prove(io.BytesIO(whole[:end]), KEY)


def test_another_key_is_refused():
    with pytest.raises(BundleError, match="not authentic"):
        prove(head(update.pack(FILES, KEY, "1", 1)), bytes(32))


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([entry("../main.py")], "leaves its place"),
        ([entry("/main.py")], "leaves its place"),
        ([entry("a/../../main.py")], "leaves its place"),
        ([entry("a/./b.py")], "leaves its place"),
        ([entry("a//b.py")], "leaves its place"),
        ([entry("a/")], "leaves its place"),
        ([entry(".hidden")], "leaves its place"),
        ([entry("a\\b.py")], "a path is"),
        ([entry("é.py")], "a path is"),
        ([entry("a" * 65)], "a path is"),
        ([entry("b.py"), entry("a.py")], "do not ascend"),
        ([entry("a.py"), entry("a.py")], "do not ascend"),
        ([entry("a.py", 600_000)], "too large"),
        ([entry("a.py", 500_000), entry("b.py", 500_000)], "more than"),
        ([entry("a.py", -1)], "number"),
    ],
)
def test_an_authentic_manifest_is_not_believed_everything(lines, why):
    title = f"neonat-bundle 1 version=1 counter=1 mpy=0 files={len(lines)}"
    with pytest.raises(BundleError, match=why):
        prove(signed([title, *lines]), KEY)


@pytest.mark.parametrize("title", ["version=../x", "version=", "counter=4294967296", "files=121"])
def test_a_title_out_of_bounds_is_refused(title):
    pairs = {"version": "1", "counter": "1", "mpy": "0", "files": "0"}
    name, _, value = title.partition("=")
    pairs[name] = value
    words = " ".join(f"{key}={value}" for key, value in pairs.items())
    with pytest.raises(BundleError):
        prove(signed([f"neonat-bundle 1 {words}"]), KEY)


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200))
def test_the_mac_is_hmac_sha_256(key, data):
    mac = Mac(key)
    mac.update(data)
    assert mac.digest() == hmac.digest(key, data, "sha256")


def test_a_delivery_goes_on_where_the_gateway_says():
    whole = update.pack({"a.py": bytes(5000)}, KEY, "2", 3)
    delivery = update.Delivery(whole, "n")
    there = bytearray()
    begin = delivery.begin()
    assert (begin["head"], begin["size"]) == (delivery.head, len(whole))
    assert delivery.take({"id": "other", "command": "update", "ok": True, "at": 5}) == []
    waiting = delivery.take({"id": "n", "command": "update", "ok": True, "at": 0, "piece": 700})
    lost = True
    while waiting:
        offset, _, data = waiting.pop(0).partition(b"\n")
        if len(there) > 2000 and lost:
            lost = False
            waiting = []
            delivery.begin()
        elif int(offset) == len(there):
            there += data
        reply = {"id": "n", "command": "update", "ok": True, "at": len(there)}
        waiting += delivery.take(reply)
    assert bytes(there) == whole
    assert delivery.take({"id": "n", "command": "update", "ok": True, "state": "trial"}) == []
    assert delivery.state == "trial"
    with pytest.raises(update.UpdateError, match="rolled back"):
        delivery.take({"id": "n", "command": "update", "ok": False, "error": "rolled back"})
