"""What differs from one ESP32 board to another: pins, and what is on it. Data, no logic.

Olimex ESP32-POE-ISO: its schematic, and MicroPython's documentation of `network.LAN`. The generic
ESP32 has Wi-Fi only and MicroPython's default pins of UART 2 and of the SPI bus for an SD card.
"""

# uart: number, TX, RX. lan: arguments of `network.LAN`. sd: arguments of `machine.SDCard`.
BOARDS: "dict[str, dict]" = {
    "esp32-poe-iso": {
        "uart": (2, 4, 36),
        "lan": {
            "phy_type": "PHY_LAN8720",
            "phy_addr": 0,
            "power": 12,
            "mdc": 23,
            "mdio": 18,
            "ref_clk": 17,
        },
        # One data line: 4 and 12 of the others are taken.
        "sd": {"slot": 1, "width": 1},
    },
    "esp32": {"uart": (2, 17, 16), "lan": None, "sd": {"slot": 2}},
}
DEFAULT = "esp32-poe-iso"


def uart(serial: str, board: str) -> "tuple[int, int, int]":
    """Number, TX and RX of `uart2` (the board's pins) or `uart1:25:26`; ValueError."""
    words = serial.split(":")
    number, tx, rx = BOARDS[board]["uart"]
    try:
        if not words[0].startswith("uart") or len(words) not in (1, 3):
            raise ValueError
        wanted = int(words[0][4:])
        if len(words) == 3:
            tx, rx = int(words[1]), int(words[2])
        elif wanted != number:
            raise ValueError
        if wanted not in (1, 2) or not (0 <= tx < 34 and 0 <= rx < 40):
            raise ValueError
    except ValueError:
        raise ValueError(
            "serial is uart%d, or one with its pins TX and RX, such as uart1:25:26" % number
        ) from None
    return wanted, tx, rx
