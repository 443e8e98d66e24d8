"""A board's file system as one image: the littlefs that MicroPython mounts."""

from neonat.board.files import Files
from neonat.board.problem import MISSING, BoardError

# MicroPython's esp32 port: flash sectors, and what it leaves for files of 4 MiB of flash; of a
# larger flash all above the first 2 MiB.
BLOCK_SIZE = 4096
PROGRAM = 0x200000
SIZE = 0x200000
# MicroPython's VfsLfs2 mounts with these (extmod/vfs_lfs.c, extmod/vfs_lfsx.c).
PROGRAM_SIZE = 32
CACHE_SIZE = 4 * PROGRAM_SIZE


def build(files: Files, size: int = SIZE) -> bytes:
    """The image of a partition of `size` bytes; the same files give the same bytes. BoardError."""
    try:
        import littlefs
    except ImportError as error:
        raise BoardError(MISSING.format("littlefs-python")) from error
    system = littlefs.LittleFS(
        block_size=BLOCK_SIZE,
        block_count=size // BLOCK_SIZE,
        read_size=PROGRAM_SIZE,
        prog_size=PROGRAM_SIZE,
        cache_size=CACHE_SIZE,
        lookahead_size=PROGRAM_SIZE,
    )
    try:
        for name, content in sorted(files.items()):
            folder = name.rpartition("/")[0]
            if folder:
                system.makedirs(folder, exist_ok=True)
            with system.open(name, "wb") as file:
                file.write(content)
    except littlefs.LittleFSError as error:
        raise BoardError(f"the files do not fit the board's {size >> 10} KiB: {error}") from error
    return bytes(system.context.buffer)


def contents(image: bytes) -> Files:
    """Every file of an image by its path from the root; BoardError when it is none."""
    try:
        import littlefs
    except ImportError as error:
        raise BoardError(MISSING.format("littlefs-python")) from error
    context = littlefs.UserContext(buffer=bytearray(image))
    try:
        system = littlefs.LittleFS(
            context,
            block_size=BLOCK_SIZE,
            block_count=len(image) // BLOCK_SIZE,
            read_size=PROGRAM_SIZE,
            prog_size=PROGRAM_SIZE,
            cache_size=CACHE_SIZE,
            lookahead_size=PROGRAM_SIZE,
        )
    except littlefs.LittleFSError as error:
        raise BoardError(f"this is no image of a board's files: {error}") from error
    found: Files = {}
    for folder, _, names in system.walk("/"):
        for name in names:
            path = f"{folder}/{name}".lstrip("/").replace("//", "/")
            with system.open(path, "rb") as file:
                found[path] = file.read()
    return found
