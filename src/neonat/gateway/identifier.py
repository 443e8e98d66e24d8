"""The name of a gateway."""


def valid_gateway(name: str) -> bool:
    """Whether `name` can be a gateway's: 1 to 32 of `A-Z a-z 0-9 _ -`."""
    return 0 < len(name) <= 32 and all(
        0x61 <= byte <= 0x7A or 0x41 <= byte <= 0x5A or 0x30 <= byte <= 0x39 or byte in b"_-"
        for byte in name.encode()
    )
