"""Sources made ready for a small heap: what nobody outside reads gets names that cost nothing.

MicroPython keeps every name of its programs in RAM, but for those that it has in its own ROM. So
private names (`_name`) and constants (`NAME`) take names of the ROM that no module uses, the same
in all modules; a whole number that only its module reads becomes MicroPython's `const`, which
leaves no name at all.
"""

import ast
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterator

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
SyntaxError TypeError UnicodeError ViewType ZeroDivisionError OrderedDict FileIO StringIO
TextIOWrapper BytesIO IOBase dict_view module generator closure iterator bound_method enumerate
filter frozenset slice staticmethod classmethod issubclass callable bin oct locals globals compile
setattr intersection intersection_update difference difference_update isdisjoint issubset
issuperset symmetric_difference symmetric_difference_update union discard maxlen appendleft popleft
deque heapify heappop heappush calcsize pack_into unpack_from b2a_base64 hexlify unhexlify crc32
decompress swapcase rpartition rsplit center splitlines ticks_cpu ticks_add ticks_us sleep_us
sleep_ms mktime gmtime localtime getrandbits randrange randint choice uniform heap_lock heap_unlock
opt_level mem_info qstr_info stack_use kbd_intr schedule platform byteorder maxsize exc_info
getsizeof atexit tracebacklimit namedtuple viper ptr ptr8 ptr16 ptr32 native asm_thumb bytecode
mem_alloc isenabled threshold accept bind listen connect recv recvfrom send sendall sendto
setblocking setsockopt settimeout makefile getaddrinfo AF_INET AF_INET6 SOCK_DGRAM SOCK_RAW
SOL_SOCKET SO_BROADCAST SO_REUSEADDR CERT_NONE CERT_OPTIONAL PROTOCOL_TLS_SERVER set_ciphers
get_ciphers getpeercert cipher server_side md5 sha1 hexdigest dump dumps load match search sub
group groups DEBUG seed random ipoll unregister modify POLLERR POLLHUP Task TaskQueue cur_task push
peek coro ph_key cancel DeflateIO AUTO RAW ZLIB GZIP aes encrypt decrypt unpack pack popitem
fromkeys isalpha isspace islower isupper upper lstrip rstrip rfind rindex format throw reverse sort
extend clear VfsFat mkfs getcwd ilistdir chdir urandom uname statvfs sorted reversed round hash hex
iter next object property eval exec input complex float chr all abs argv ps1 ps2 version_info
settrace time_ns sleep enable disable collect mem8 mem16 mem32 Signal PinBase rmdir polling lower
partition endswith isdigit copy id pow any map print_exception implementation stdout stderr
FrameBuffer FrameBuffer1 GS2_HMSB GS4_HMSB GS8 MONO_HLSB MONO_HMSB MONO_VLSB MVLSB RGB565 blit
ellipse fill fill_rect hline vline pixel poly scroll Lock Loop Event IOQueue CancelledError
SingletonGenerator Server Stream StreamReader StreamWriter ThreadSafeFlag TimeoutError create_task
gather current_task get_event_loop new_event_loop run_forever run_until_complete wait_for
wait_for_ms wait_io_event main_task queue_read queue_write open_connection start_server readexactly
stream_awrite get_extra_info pend_throw wait_closed waiting waiter waitq_len runq_len
ArgumentParser ArgumentTypeError add_argument parse_known_args nargs dest store_true store_false
store_const factorial allocate_lock acquire release locked start_new_thread stack_size get_ident
LockType cert_reqs certfile keyfile psk_identity psk_key server_psk_keys verify_callback
MBEDTLS_VERSION errorcode help ViperTypeError RingIO abs_tol rel_tol aclose awritestr backlog
buffering deps inet_ntop inet_pton is_set libc_ver soft_reset getvalue python_compiler mem_current
mem_peak mem_total opt_names optname peername tau tcgetattr tcsetattr termios time_pulse_us usys
getenv putenv unsetenv sgen short_hash sock sockaddr IP_ADD_MEMBERSHIP IP_DROP_MEMBERSHIP
MSG_DONTROUTE MSG_DONTWAIT MSG_PEEK SO_ERROR SO_KEEPALIVE SO_LINGER TCSANOW AF_UNIX B1000000
B115200 B1152000 B230400 B460800 B500000 B57600 B576000 B921600 fromhex deleter getter setter
exc_type return_exceptions return_unknown render_arg package_json_url parse_headers requesting
status_code chunked consume_unknown imag real iterable keepends off idx out_buf funcs do_install
usage websocket urls
"""
OURS = ("medibus", "neonat")
_PRIVATE = re.compile(r"_[A-Za-z]\w*$")
_WORD = re.compile(r"\w+")

Place = tuple[int, int]  # row from 1, column from 0
# How many characters from there on, and what stands there instead.
Edit = tuple[Place, int, str]


def shortened(texts: dict[str, str]) -> dict[str, str]:
    """Sources by module with other names in them; what they do stays the same."""
    modules = {name: Module(texts[name]) for name in sorted(texts)}
    uses: Counter[str] = Counter()
    users: Counter[str] = Counter()
    for module in modules.values():
        uses.update(name for name, _ in module.names)
        users.update({name for name, _ in module.names})
    kept = {name for module in modules.values() for name in module.said | module.foreign}
    wanted = {name for module in modules.values() for name in module.own} - kept
    for module in modules.values():
        module.inner = {name for name in module.numbers if users[name] == 1 and name in wanted}
        wanted -= module.inner
    spare = [name for name in SPARE.split() if name not in uses and name not in kept]
    spare += [f"_{number}" for number in range(len(wanted))]
    ranked = sorted(wanted, key=lambda name: (-uses[name], name))
    others = dict(zip(ranked, spare, strict=False))
    return {name: module.written(others) for name, module in modules.items()}


class Module:
    """One source. `names`: every name in it, with its place; `own`: private names and constants
    that it defines; `numbers`: those that are always the same whole number, with its place;
    `said`: words in its strings; `foreign`: what others than our modules define. `inner` are the
    numbers that become `const`.
    """

    def __init__(self, text: str):
        self.lines = text.splitlines(keepends=True)
        self.names = [
            (token.string, token.start)
            for token in tokenize.generate_tokens(io.StringIO(text).readline)
            if token.type == tokenize.NAME
        ]
        tree = ast.parse(text)
        defined = Counter(_defined(tree))
        self.own = {name for name in defined if _PRIVATE.match(name)}
        self.numbers: dict[str, tuple[Place, Place]] = {}
        for node in tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                name = node.targets[0].id
                if name.isupper() and len(name) > 1:
                    self.own.add(name)
                    if defined[name] == 1 and _is_number(node.value):
                        self.numbers[name] = _extent(node.value)
        self.said = set(_said(tree))
        self.foreign = set(_foreign(tree))
        self.inner: set[str] = set()

    def written(self, others: dict[str, str]) -> str:
        """Its text with these names instead of others."""
        edits: list[Edit] = [
            (at, len(name), "_" + name.lstrip("_") if name in self.inner else others[name])
            for name, at in self.names
            if name in self.inner or name in others
        ]
        for name in self.inner:
            (row, column), (end_row, end_column) = self.numbers[name]
            edits.append(((row, column), 0, "const("))
            edits.append(((end_row, end_column), 0, ")"))
        lines = list(self.lines)
        for (row, column), length, new in sorted(edits, reverse=True):
            line = lines[row - 1]
            lines[row - 1] = line[:column] + new + line[column + length :]
        return "".join(lines)


def _extent(value: ast.expr) -> tuple[Place, Place]:
    assert value.end_lineno
    assert value.end_col_offset
    return (value.lineno, value.col_offset), (value.end_lineno, value.end_col_offset)


def _defined(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr


def _foreign(tree: ast.AST) -> Iterator[str]:
    """Names from modules that are not ours, and attributes of these modules."""
    theirs = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            theirs |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not (node.module or "").startswith(OURS):
            yield from (alias.name for alias in node.names)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") in theirs:
            yield node.attr


def _said(tree: ast.AST) -> Iterator[str]:
    """The words of all strings but docstrings: one may name an attribute."""
    quiet = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in quiet:
            yield from _WORD.findall(node.value)


def _is_number(value: ast.expr) -> bool:
    if isinstance(value, ast.BinOp):
        return _is_number(value.left) and _is_number(value.right)
    return isinstance(value, ast.Constant) and type(value.value) is int
