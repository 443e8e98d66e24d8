"""What is expected of the next frame: the same answer as last time, at the usual time. Sans-I/O.

One text for both ways: where the coder reads, what is handed in is nothing and what comes out is
the record. A frame is told from the one before it with the same beginning: by its changed digits,
or by the piece that was put in. Its checksum is not stored where it follows from that.
"""

from neonat.gateway.coder import Coder
from neonat.gateway.writing import stamp, unset_stamp

SLOTS = 24
HEAD = 5  # `\x01$`: the start and the code of a frame, escaped
NEW = 31

# Where the odds of each decision begin.
CHECKSUM = 1
LENGTH = 2
CHANGED = 32
AS_USUAL = 64
SLOT = 96
FAR = 128
NEAR = 208
PIECE = 288
LETTER = 368
DIGIT = 496
PLACE = 752
ODDS = 1264

# A slot is the last frame with one beginning: its text, time in 1/16 ms, period, the gap to the
# record before, and the slot of what follows it.
TEXT = 0
AT = 1
PERIOD = 2
GAP = 3
NEXT = 4

UNSET_MAX = 10**12

LETTER_FOLLOWS = 15
BLANK = 10


def words(at: int) -> str:
    """The time of a record: since 1970, or since boot where that is too long ago."""
    return unset_stamp(at) if at < UNSET_MAX else stamp(at)


class Model:
    """Codes records one after the other."""

    def __init__(self) -> None:
        self.coder = Coder(ODDS)
        self.begin()

    def begin(self) -> None:
        """Know nothing of any record before."""
        self.coder.forget()
        self._at = 0
        self._slots: "list[list]" = []
        self._last = 0

    def record(self, at: int, text: bytes) -> "tuple[int, bytes]":
        """Code the time, ms, and the escaped frame of a record."""
        coder = self.coder
        number = NEW if coder.reads else self._find(text)
        usual = self._slots[self._last][NEXT] if self._slots else NEW
        if self._slots and coder.bit(AS_USUAL + self._last, number == usual):
            number = usual
        else:
            number = coder.tree(SLOT, 5, number)
        if number == NEW:
            return self._first(at, text)
        slot = self._slots[number]
        at = self._time(slot, at)
        if coder.bit(CHANGED + number, text != slot[TEXT]):
            slot[TEXT] = self._change(number, slot[TEXT], text)
        self._follow(number)
        self._at = at
        return at, slot[TEXT]

    def _find(self, text: bytes) -> int:
        head = text[:HEAD]
        for number, slot in enumerate(self._slots):
            if slot[TEXT][:HEAD] == head:
                return number
        return NEW

    def _follow(self, number: int) -> None:
        self._slots[self._last][NEXT] = number
        self._last = number

    def _first(self, at: int, text: bytes) -> "tuple[int, bytes]":
        gap = self.coder.signed(FAR, at - self._at)
        at = self._at + gap
        text = self._letters(text, self.coder.number(PIECE, len(text)))
        if len(self._slots) < SLOTS:
            self._slots.append([text, at << 4, 0, gap << 4, 0])
            self._follow(len(self._slots) - 1)
        self._at = at
        return at, text

    def _letters(self, text: bytes, count: int) -> bytes:
        out = bytearray()
        for place in range(count):
            letter = text[place] if place < len(text) else 0
            out.append(self.coder.tree(LETTER, 7, letter))
        return bytes(out)

    def _time(self, slot: "list", at: int) -> int:
        """What comes right behind another follows that one, everything else its own period."""
        near = slot[GAP] < 3200
        guess = self._at + (slot[GAP] + 8 >> 4) if near else slot[AT] + slot[PERIOD] + 8 >> 4
        error = self.coder.signed(NEAR if near else FAR, at - guess)
        at = guess + error
        gap = at - self._at << 4
        if -200 < error < 200:
            if near:
                slot[GAP] += gap - slot[GAP] >> 2
                slot[AT] = at << 4
            else:
                slot[PERIOD] += error + 1 >> 1
                slot[AT] = (guess << 4) + error * 6
        else:
            slot[GAP] = gap
            slot[PERIOD] = (at << 4) - slot[AT]
            slot[AT] = at << 4
        return at

    def _change(self, number: int, old: bytes, new: bytes) -> bytes:
        coder = self.coder
        follows = coder.bit(CHECKSUM, _sum(old, new[:-2]) == new[-2:])
        if coder.bit(LENGTH + (number & 7), len(new) != len(old)):
            body = self._piece(old[:-2], new[:-2])
        else:
            body = self._digits(number, old[:-2], new)
        return body + (_sum(old, body) if follows else self._letters(new[-2:], 2))

    def _piece(self, old: bytes, new: bytes) -> bytes:
        """What is between the same beginning and the same end."""
        most = min(len(old), len(new), 127)
        before = after = 0
        while before < most and old[before] == new[before]:
            before += 1
        while after < most - before and old[-1 - after] == new[-1 - after]:
            after += 1
        before = self.coder.tree(LETTER, 7, before)
        after = self.coder.tree(LETTER, 7, after)
        count = self.coder.number(PIECE, max(0, len(new) - before - after))
        piece = self._letters(new[before : before + count], count)
        return old[:before] + piece + old[len(old) - after :]

    def _digits(self, number: int, old: bytes, new: bytes) -> bytes:
        """From right to left, so that a carry is expected."""
        coder = self.coder
        out = bytearray(old)
        carry = 0
        for place in range(len(old) - 1, HEAD - 1, -1):
            was = old[place]
            index = PLACE + (place * 3 + number * 37 & 127) * 4 + carry
            letter = new[place] if place < len(new) else 0
            if not coder.bit(index, letter != was):
                carry = carry if was == 46 else 0
                continue
            index = DIGIT + (place & 7) * 16 + (128 if carry > 1 else 0)
            step = coder.tree(index, 4, _step(was, letter))
            if step == LETTER_FOLLOWS:
                out[place] = coder.tree(LETTER, 7, letter)
                carry = 1
            elif step == BLANK:
                out[place] = 32
                carry = 3
            else:
                first = was - 48 if 48 <= was < 58 else 0
                out[place] = 48 + (first + step) % 10
                carry = 1
                if not 48 <= was < 58 or (out[place] < was and step <= 5):
                    carry = 2
                elif out[place] > was and step > 5:
                    carry = 3
        return bytes(out)


def _step(was: int, letter: int) -> int:
    """How a character becomes another: digits further, a blank, or any letter."""
    if 48 <= letter < 58:
        return (letter - (was if 48 <= was < 58 else 48)) % 10
    return BLANK if letter == 32 else LETTER_FOLLOWS


def _sum(old: bytes, body: bytes) -> bytes:
    """The checksum of a frame that had `old` before; where it has another, that is stored."""
    try:
        start = int(old[-2:], 16)
    except ValueError:
        return b""
    return b"%02X" % (start + sum(body) - sum(old[:-2]) & 255)
