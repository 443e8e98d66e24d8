"""An adaptive binary arithmetic coder: bits that are expected cost next to nothing. Sans-I/O."""

from array import array

MASK = 0xFFFFFF  # of the registers: products stay small integers on a 32-bit board
# How fast odds follow: first at once, then slowly.
RATES = b"\x01\x02\x02\x03\x03\x04\x04\x04\x04\x05"
PAGE = 110
LEAST = 24
MOST = 4071
ROOM = 1024


class Coder:
    """`count` odds, each learned by itself. One class for both ways: so one model does for both.

    `write` begins a new output, `read` takes an input; the odds go on. Both stand in `buffer`,
    whose first `used` bytes are taken.
    """

    def __init__(self, count: int):
        # In pages, since a full heap has no large piece left.
        self._pages = [array("H", bytes(PAGE * 2)) for _ in range(0, count, PAGE)]
        self.buffer = bytearray(ROOM)
        self._size = self._code = 0
        self.forget()
        self.write()

    def forget(self) -> None:
        """Begin to learn anew."""
        # 12 bits of probability, 4 bits of how often it was learned.
        for page in self._pages:
            for index in range(PAGE):
                page[index] = 2048 << 4

    def write(self) -> None:
        """Encode from here on."""
        self.reads = False
        self.used = self._low = 0
        self._high = MASK

    def read(self, size: int) -> None:
        """Decode so many bytes of the buffer from here on."""
        self.reads = True
        self._size = size
        self.used = self._low = self._code = 0
        self._high = MASK
        for _ in range(3):
            self._code = self._code << 8 | self._next()

    def end(self) -> memoryview:
        """The whole output, until the next `write` or `read`."""
        self._put(self._high >> 16)
        return memoryview(self.buffer)[: self.used]

    def _put(self, byte: int) -> None:
        if self.used == len(self.buffer):
            self.buffer.extend(bytes(ROOM >> 3))
        self.buffer[self.used] = byte
        self.used += 1

    def _next(self) -> int:
        self.used += 1
        return self.buffer[self.used - 1] if self.used <= self._size else 0

    def bit(self, index: int, bit: int) -> int:
        """Code a bit by the odds of `index`; reading, `bit` says nothing and the result is it."""
        page = self._pages[index // PAGE]
        index %= PAGE
        odds = page[index]
        chance = odds >> 4
        low = self._low
        high = self._high
        middle = low + ((high - low >> 8) * chance >> 4)
        if self.reads:
            bit = self._code <= middle
        learned = odds & 15
        rate = RATES[learned]
        if bit:
            high = middle
            chance += (4095 - chance) >> rate
        else:
            low = middle + 1
            chance -= chance >> rate
        page[index] = min(MOST, max(LEAST, chance)) << 4 | min(learned + 1, len(RATES) - 1)
        while not (low ^ high) >> 16:
            if self.reads:
                self._code = (self._code << 8 & MASK) | self._next()
            else:
                self._put(high >> 16)
            low = low << 8 & MASK
            high = (high << 8 & MASK) | 255
        self._low = low
        self._high = high
        return 1 if bit else 0

    def tree(self, base: int, bits: int, value: int) -> int:
        """Code a number of so many bits; takes 2 ** bits odds from `base` on."""
        node = 1
        for shift in range(bits - 1, -1, -1):
            node = node << 1 | self.bit(base + node, value >> shift & 1)
        return node - (1 << bits)

    def number(self, base: int, value: int) -> int:
        """Code a number of 0 or more that is mostly small; takes 80 odds from `base` on."""
        size = 0
        while value >> size:
            size += 1
        size = self.tree(base, 6, size)
        found = 1 if size else 0
        for place in range(size - 1):
            index = base + 64 + min(size, 7) * 2 + place if place < 2 else 0
            found = found << 1 | self.bit(index, value >> size - 2 - place & 1)
        return found

    def signed(self, base: int, value: int) -> int:
        """Code a number that is mostly near 0; takes 80 odds from `base` on."""
        folded = self.number(base, value << 1 if value >= 0 else (-value << 1) - 1)
        return -(folded + 1 >> 1) if folded & 1 else folded >> 1
