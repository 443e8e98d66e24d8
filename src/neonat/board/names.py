"""Sources made ready for a small heap: names that cost nothing.

MicroPython keeps every name of its programs in RAM, but for those that it has in its own ROM. So
what our modules define takes names of the ROM that no module uses, the same in all modules. What
Python's own objects have too keeps its name, and so does what a string or a script outside names.
Arguments get single letters.
"""

import ast
import builtins
import hashlib
import io
import re
import select
import socket
import ssl
from collections import Counter
from collections.abc import Iterator

from neonat.board import trimming
from neonat.board.trimming import Trees

# In the ROM of the Unix and of the esp32 port: errno, uctypes, math, exceptions, builtins.
SPARE = """
EACCES EADDRINUSE EAGAIN EALREADY EBADF ECONNABORTED ECONNREFUSED ECONNRESET EEXIST EHOSTUNREACH
EINPROGRESS EINVAL EIO EISDIR ENOBUFS ENODEV ENOENT ENOMEM ENOTCONN EOPNOTSUPP EPERM ETIMEDOUT
ARRAY BFINT16 BFINT32 BFINT8 BFUINT16 BFUINT32 BFUINT8 BF_LEN BF_POS BIG_ENDIAN FLOAT32 FLOAT64 INT
INT16 INT32 INT64 INT8 LITTLE_ENDIAN LONG LONGLONG NATIVE PTR SHORT UINT UINT16 UINT32 UINT64 UINT8
ULONG ULONGLONG USHORT VOID addressof bytearray_at bytes_at sizeof acos acosh asin asinh atan atan2
atanh ceil copysign cos cosh degrees erf erfc exp expm1 fabs floor fmod frexp gamma isclose
isfinite isinf isnan ldexp lgamma log10 log2 modf radians sin sinh sqrt tan tanh trunc phase polar
rect cmath math ArithmeticError AssertionError AttributeError BaseException EOFError Ellipsis
GeneratorExit ImportError IndentationError IndexError KeyError LookupError NameError NoneType
NotImplementedError NotImplemented OverflowError RuntimeError StopAsyncIteration StopIteration
SyntaxError TypeError UnicodeError ZeroDivisionError OrderedDict FileIO StringIO
TextIOWrapper BytesIO IOBase dict_view module generator closure iterator bound_method enumerate
filter frozenset slice staticmethod classmethod issubclass callable bin oct locals globals compile
setattr intersection intersection_update difference difference_update isdisjoint issubset
issuperset symmetric_difference symmetric_difference_update union discard appendleft popleft
deque heapify heappop heappush calcsize pack_into unpack_from b2a_base64 hexlify unhexlify crc32
rpartition rsplit center splitlines ticks_cpu ticks_add ticks_us sleep_us
sleep_ms mktime gmtime localtime getrandbits randrange randint choice uniform heap_lock heap_unlock
opt_level mem_info qstr_info stack_use kbd_intr schedule platform byteorder maxsize exc_info
atexit namedtuple viper ptr ptr8 ptr16 ptr32 native bytecode
mem_alloc isenabled threshold accept bind listen connect recv recvfrom send sendall sendto
setblocking setsockopt settimeout makefile getaddrinfo AF_INET AF_INET6 SOCK_DGRAM SOCK_RAW
SOL_SOCKET SO_BROADCAST SO_REUSEADDR CERT_NONE CERT_OPTIONAL PROTOCOL_TLS_SERVER set_ciphers
get_ciphers cipher server_side md5 sha1 dump dumps load match search sub
group seed random ipoll unregister modify POLLERR POLLHUP Task TaskQueue cur_task push
peek coro ph_key cancel DeflateIO AUTO RAW ZLIB GZIP aes encrypt decrypt unpack pack popitem
fromkeys isalpha isspace islower isupper upper lstrip rstrip rfind rindex format throw reverse sort
extend clear VfsFat mkfs getcwd ilistdir chdir urandom statvfs sorted reversed round hash hex
iter next object property eval exec input complex float chr all abs argv ps1 ps2 version_info
time_ns sleep enable disable collect mem8 mem16 mem32 Signal PinBase rmdir lower
partition endswith isdigit copy id pow any map print_exception implementation stdout stderr
CancelledError IOQueue Loop Event Lock SingletonGenerator Stream StreamReader StreamWriter
ThreadSafeFlag TimeoutError call_exception_handler create_task current_task drain
get_event_loop get_exception_handler get_extra_info new_event_loop open_connection pend_throw
queue_read queue_write run_forever run_until_complete runq_len set_exception_handler is_set
start_server stream_awrite wait_closed wait_for wait_for_ms wait_io_event waitq_len
_dequeue _enqueue _exc_context _exc_handler _io_queue _promote_to_task _serve _stop_task
_task_queue aclose awritestr backlog FrameBuffer FrameBuffer1 GS2_HMSB GS4_HMSB GS8 MONO_HLSB
MONO_HMSB MONO_VLSB MVLSB RGB565 blit ellipse fill_rect hline pixel poly scroll vline
_check_exists _chunk _download_file _ensure_path_exists _install_json _install_package
_rewrite_url package_json_url allocate_lock LockType IP_ADD_MEMBERSHIP IP_DROP_MEMBERSHIP
PROTOCOL_DTLS_CLIENT PROTOCOL_DTLS_SERVER MBEDTLS_VERSION SSLSocket VfsLfs1 ViperTypeError
rel_tol abs_tol big little lookahead progsize readsize psk_identity psk_key server_psk_keys
verify_callback do_handshake cert_reqs cadata cafile certfile keyfile time_pulse_us
inet_ntop inet_pton chunked parse_headers cryptolib RingIO errorcode execfile urls
gather main_task readexactly waiting waiter ArgumentParser ArgumentTypeError add_argument
parse_known_args nargs dest store_true store_false store_const factorial acquire release locked
get_ident buffering deps libc_ver soft_reset getvalue python_compiler mem_current mem_peak
mem_total opt_names optname peername tau usys putenv unsetenv sgen short_hash sock sockaddr
MSG_DONTROUTE MSG_DONTWAIT MSG_PEEK SO_ERROR SO_KEEPALIVE SO_LINGER B1000000 B115200 B1152000
B230400 B460800 B500000 B57600 B576000 B921600 fromhex deleter getter setter exc_type
return_exceptions return_unknown render_arg requesting status_code consume_unknown imag real
iterable keepends off idx out_buf funcs do_install usage websocket
"""
OURS = ("medibus", "neonat")
# Objects of these have attributes of their own, which keep their names.
THEIRS = (
    str,
    bytes,
    bytearray,
    memoryview,
    int,
    float,
    dict,
    list,
    tuple,
    set,
    type,
    OSError,
    io.FileIO,
    io.StringIO,
    io.TextIOWrapper,
    socket.socket,
    ssl.SSLContext,
    type(select.poll()),
    type(hashlib.sha256()),
)
# Of MicroPython's streams, block devices, `machine` and `network`.
MACHINE = """
readinto readline ioctl readblocks writeblocks feed init deinit memory datetime value any irq
isconnected ifconfig ipconfig active status config connect disconnect scan
"""
_WORD = re.compile(r"^\w+$")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def shortened(texts: dict[str, str], scripts: tuple[str, ...] = ()) -> dict[str, str]:
    """Sources by module, trimmed and with other names; what they do stays the same.

    `scripts` are texts that use these modules as they are. SyntaxError.
    """
    trees, _ = _renamed(texts, scripts)
    return {name: ast.unparse(tree) + "\n" for name, tree in trees.items()}


def originals(texts: dict[str, str], scripts: tuple[str, ...] = ()) -> dict[str, dict[str, str]]:
    """By module, what `shortened` has renamed: the name in the sources by the one that runs."""
    _, others = _renamed(texts, scripts)
    return {name: {new: old for old, new in each.items()} for name, each in others.items()}


def _renamed(
    texts: dict[str, str], scripts: tuple[str, ...]
) -> tuple[Trees, dict[str, dict[str, str]]]:
    """The modules with other names, and by module these names by those in the sources."""
    trees = {name: ast.parse(texts[name]) for name in sorted(texts)}
    used = [ast.parse(text) for text in scripts]
    outside = {name for tree in used for name in (*_names(tree), *_said(tree))}
    # MicroPython itself calls methods of such names.
    trimming.trim(trees, outside | _theirs())
    keywords = {name for tree in trees.values() for name in _keywords(tree)}
    for tree in trees.values():
        _letter_arguments(tree, outside | keywords)
    kept = _kept(trees, outside | keywords)
    names = {module: set(_names(tree)) for module, tree in trees.items()}
    wanted = {module: set(_defined(tree)) - kept for module, tree in trees.items()}
    related = _related(trees)
    count = Counter(name for each in names.values() for name in each)
    taken = kept.union(*names.values())
    spare = [name for name in SPARE.split() if name not in taken]
    shared = {
        name
        for module, found in wanted.items()
        for name in found
        if count[name] > 1 or module in related
    }
    others = _named(shared, count, spare)
    found = {}
    for module, tree in trees.items():
        seen = {others.get(name, name) for name in names[module]}
        inner = wanted[module] - shared
        free = [name for name in spare if name not in seen]
        found[module] = others | _named(inner, count, free)
        _Renaming(found[module]).visit(tree)
    return trees, found


def _named(wanted: set[str], count: Counter[str], spare: list[str]) -> dict[str, str]:
    """A name of the ROM for each, first for those in most modules; a short one when it ends."""
    ranked = sorted(wanted, key=lambda name: (-count[name], name))
    more = [f"_{number}" for number in range(len(ranked))]
    return dict(zip(ranked, spare + more, strict=False))


def _kept(trees: Trees, outside: set[str]) -> set[str]:
    """Names that others than these modules, or strings in them, know."""
    kept = outside | _theirs() | set(dir(builtins))
    kept |= {part for path in trees for part in path.split("/")}
    for tree in trees.values():
        kept.update(_said(tree), _foreign(tree))
    return kept


def _theirs() -> set[str]:
    """Names that objects of MicroPython have too."""
    return set(MACHINE.split()) | {name for each in THEIRS for name in dir(each)}


def _related(trees: Trees) -> set[str]:
    """Modules with classes that inherit from other modules of ours, and these."""
    found = set()
    for module, tree in trees.items():
        origin = {
            alias.asname or alias.name: path for path, alias, _ in trimming.imports(module, tree)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                for base in (each.id for each in node.bases if isinstance(each, ast.Name)):
                    if base in origin:
                        found |= {module, origin[base]}
    return found


class _Renaming(ast.NodeTransformer):
    """Gives every name that is a key of `others` its other name."""

    def __init__(self, others: dict[str, str]):
        self._others = others

    def generic_visit(self, node: ast.AST) -> ast.AST:
        for field in ("id", "attr", "name", "arg", "asname"):
            name = getattr(node, field, None)
            if isinstance(name, str) and not isinstance(node, ast.keyword):
                setattr(node, field, self._others.get(name, name))
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            node.names = [self._others.get(name, name) for name in node.names]
        return super().generic_visit(node)


def _letter_arguments(tree: ast.Module, kept: set[str]) -> None:
    """A letter for each argument: MicroPython keeps their names, which nobody else sees."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            taken = {name for part in (*node.body, node.args) for name in _names(part)}
            free = (letter for letter in _LETTERS if letter not in taken)
            arguments = [each.arg for each in node.args.args if each.arg != "self"]
            others = dict(zip((name for name in arguments if name not in kept), free, strict=False))
            for inner in (
                each for part in (*node.body, *node.args.args) for each in ast.walk(part)
            ):
                for field in ("id", "arg"):
                    name = getattr(inner, field, None)
                    if name in others and not isinstance(inner, ast.keyword):
                        setattr(inner, field, others[name])


def _keywords(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg:
            yield node.arg


def _names(tree: ast.AST) -> Iterator[str]:
    """Every name in it."""
    for node in ast.walk(tree):
        for field in ("id", "attr", "name", "arg", "asname"):
            name = getattr(node, field, None)
            if isinstance(name, str):
                yield name
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            yield from node.names


def _defined(tree: ast.AST) -> Iterator[str]:
    """Names that are seen outside of the function that they are in."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr
        elif isinstance(node, ast.Global):
            yield from node.names
        if isinstance(node, (ast.Module, ast.ClassDef)):
            yield from _stored(node)


def _stored(node: "ast.Module | ast.ClassDef") -> Iterator[str]:
    """What a module or a class assigns to, outside of its functions."""
    stack: list[ast.AST] = list(node.body)
    while stack:
        each = stack.pop()
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
            yield each.id
        elif not isinstance(each, (ast.FunctionDef, ast.ClassDef)):
            stack += ast.iter_child_nodes(each)


def _foreign(tree: ast.AST) -> Iterator[str]:
    """Names from modules that are not ours, and attributes of these modules."""
    theirs = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            theirs |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not (
            node.level or (node.module or "").startswith(OURS)
        ):
            yield from (alias.name for alias in node.names)
    yield from theirs
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") in theirs:
            yield node.attr


def _said(tree: ast.AST) -> Iterator[str]:
    """Strings that are one word: it may name an attribute."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from _WORD.findall(node.value)
