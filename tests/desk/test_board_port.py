"""`neonat board` at a serial port: images, esptool, mpremote, provisioning."""

import json
import os
import pty
import stat
import struct
import subprocess
import sys
import tty
from pathlib import Path

import pytest

from neonat.board import files, image, tools, vault
from neonat.cli.main import main

# Notes what it was told, says what the test wants, and for mpremote what a board would.
FAKE = """#!{python}
import json, os, sys
here = os.path.dirname(__file__)
name = os.path.basename(__file__)
with open(here + "/calls", "a") as calls:
    calls.write(json.dumps([name, *sys.argv[1:]]) + "\\n")
plan = json.load(open(here + "/plan")) if os.path.exists(here + "/plan") else {{}}
if plan.get("at") is None or plan["at"] in sys.argv:
    if "says" in plan:
        print(plan["says"], file=sys.stderr)
        sys.exit(plan.get("code", 2))
if name == "esptool" and "write-flash" in sys.argv:
    for done in ("0.0%", "50.0%", "100.0%"):
        print("Writing at 0x00001000 [==>  ] " + done)
if name == "mpremote":
    words = sys.argv[3:]
    for at, word in enumerate(words):
        if word == "cp":
            print("cp", words[at + 1], words[at + 2])
            target = os.path.join(here, "board", words[at + 2].lstrip(":"))
            os.makedirs(os.path.dirname(target), exist_ok=True)
            open(target, "wb").write(open(words[at + 1], "rb").read())
    if "unique_id" in " ".join(words):
        print("a0b1c2d3e4f5")
"""


@pytest.fixture
def bench(tmp_path, monkeypatch):
    """A folder with an esptool and an mpremote that only pretend, found before the real ones."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("esptool", "mpremote"):
        (folder / name).write_text(FAKE.format(python=sys.executable))
        (folder / name).chmod(0o755)
    monkeypatch.setattr(tools, "BESIDE", folder)
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.fixture
def port():
    """A terminal like a board's."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    yield os.ttyname(slave)
    os.close(master)
    os.close(slave)


def plan(bench, **what):
    (bench / "plan").write_text(json.dumps(what))


def calls(bench):
    path = bench / "calls"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def micropython(folder, chip=0, version="1.29.0"):
    """A file that begins as MicroPython's image for a chip does."""
    content = bytes([0xE9, 4, 2, 0x20]) + bytes(8) + struct.pack("<H", chip) + bytes(50)
    path = folder / "micropython.bin"
    path.write_bytes(content + b"MicroPython v" + version.encode() + b" on 2026-08-29")
    return str(path)


def tried(capfd, *words):
    """Exit code and stderr of `neonat board …`."""
    code = main(["board", *words])
    return code, capfd.readouterr().err


def one_line(text):
    return text.count("\n") == 1 and "Traceback" not in text


def test_flash_erases_writes_and_verifies(bench, port, tmp_path, capfd):
    code, text = tried(capfd, "flash", "--port", port, "--image", micropython(tmp_path))
    assert code == 0, text
    steps = [next(word for word in call if word.endswith("-flash")) for call in calls(bench)]
    assert steps == ["erase-flash", "write-flash", "verify-flash"]
    assert calls(bench)[1][-2:] == ["0x1000", str(tmp_path / "micropython.bin")]
    assert calls(bench)[0][1:5] == ["--chip", "esp32", "--port", port]
    assert "MicroPython is on the board" in text


def entry(offset, size, label):
    return struct.pack("<2sBBII16s4x", b"\xaaP", 1, 0, offset, size, label)


PARTITIONS = [
    ([(0x9000, 0x6000, b"nvs"), (0x10000, 0x1F0000, b"factory")], 0x200000),
    ([(0x10000, 0x1F0000, b"factory"), (0x210000, 0x1F0000, b"vfs")], 0x210000),
    ([(0x10000, 0x270000, b"factory")], 0x280000),
    ([], 0x200000),
]


@pytest.mark.parametrize(("table", "at"), PARTITIONS)
def test_the_files_go_where_the_image_says(bench, port, tmp_path, capfd, table, at):
    path = Path(micropython(tmp_path))
    content = path.read_bytes().ljust(0x7000, b"\xff") + b"".join(entry(*row) for row in table)
    path.write_bytes(content + bytes(64))
    (tmp_path / "files.bin").write_bytes(bytes(4096))
    words = ("--image", str(path), "--files", str(tmp_path / "files.bin"))
    code, text = tried(capfd, "flash", "--port", port, *words)
    assert code == 0, text
    assert calls(bench)[1][-2:] == [hex(at), str(tmp_path / "files.bin")]


@pytest.mark.parametrize(
    ("chip", "version", "words"),
    [(9, "1.29.0", "is for an esp32s3"), (0, "1.20.0", "take 1.24 or later"), (77, "1.29.0", "77")],
)
def test_a_wrong_image_is_not_written(bench, port, tmp_path, capfd, chip, version, words):
    wrong = micropython(tmp_path, chip, version)
    code, text = tried(capfd, "flash", "--port", port, "--image", wrong)
    assert (code, calls(bench)) == (1, [])
    assert words in text and one_line(text)


def test_what_is_no_image_is_not_written(bench, port, tmp_path, capfd):
    (tmp_path / "page.bin").write_text("<html>")
    code, text = tried(capfd, "flash", "--port", port, "--image", str(tmp_path / "page.bin"))
    assert (code, calls(bench)) == (1, [])
    assert "micropython.org/download" in text and one_line(text)


# What esptool 5.6 says, and what a person needs to read.
ESPTOOL = [
    ("A fatal error occurred: This chip is ESP32-S3, not ESP32. Wrong chip argument?", "ESP32-S3"),
    ("A fatal error occurred: Failed to connect to ESP32: No serial data received.", "plug it in"),
    ("Could not open X, the port is busy or doesn't exist.\n([Errno 16] Device or resource busy",
     "another program uses"),
    ("[Errno 13] could not open port X: [Errno 13] Permission denied: 'X'", "dialout"),
    ("([Errno 2] could not open port X: [Errno 2] No such file or directory: 'X')", "no port"),
    ("A fatal error occurred: Packet content transfer stopped (received 8 bytes)", "cable"),
    ("A fatal error occurred: Verify failed (digest mismatch).", "worn out"),
    ("A fatal error occurred: File does not fit: exceeds flash size", "4 MB"),
    ("line one\nA fatal error occurred: something new", "something new"),
    ("", "says nothing"),
]  # fmt: skip


@pytest.mark.parametrize(("says", "words"), ESPTOOL)
def test_a_failure_of_esptool_is_one_line_that_says_what_to_do(
    bench, port, tmp_path, capfd, says, words
):
    plan(bench, says=says)
    wait = tried(capfd, "flash", "--port", port, "--image", micropython(tmp_path))
    assert wait[0] == 1
    lines = wait[1].splitlines()
    assert words in lines[-1]
    assert lines[:-1] == ["erase"]


def test_the_real_esptool_is_understood(port):
    words = ["--chip", "esp32", "--port", port, "--connect-attempts", "1", "erase-flash"]
    with pytest.raises(tools.BoardError, match="no ESP32 answers on"):
        tools.run("esptool", words, port)
    known = tools.run("esptool", ["--help"], port)
    assert all(f"{command}-flash " in known for command in ("erase", "write", "verify"))


def test_ports_that_cannot_be(bench, port, tmp_path, capfd):
    import serial

    chip = micropython(tmp_path)
    for wrong, words in (("/dev/ttyNONE", "there is no port"), (chip, "no serial port")):
        code, text = tried(capfd, "flash", "--port", wrong, "--image", chip)
        assert code == 1 and words in text and one_line(text)
        code, text = tried(capfd, "deploy", "--port", wrong)
        assert code == 1 and words in text and "compile" not in text
    with serial.Serial(port, exclusive=True):
        code, text = tried(capfd, "flash", "--port", port, "--image", chip)
    assert code == 1 and "another program uses" in text and one_line(text)
    assert calls(bench) == []


MPREMOTE = [
    ("mpremote: failed to access X (it may be in use by another program)", "another program"),
    ("mpremote: could not enter raw repl", "neonat board flash"),
    ("OSError: [Errno 28] ENOSPC", "full"),
    ("serial.serialutil.SerialException: device reports readiness", "plug it in"),
]


@pytest.mark.parametrize(("says", "words"), MPREMOTE)
def test_a_failure_of_mpremote_is_one_line(bench, port, capfd, says, words):
    plan(bench, says=says, code=1)
    code, text = tried(capfd, "deploy", "--port", port)
    assert code == 1
    assert words in text.splitlines()[-1]
    assert "Traceback" not in text


def test_a_silent_board_does_not_hold_the_desk(bench, port):
    (bench / "mpremote").write_text(f"#!{sys.executable}\nimport time\ntime.sleep(60)\n")
    with pytest.raises(tools.BoardError, match="no answer on"):
        tools.run("mpremote", ["connect", port], port, quiet_s=0.2)


def test_deploy_copies_the_compiled_program_and_the_configuration(bench, port, tmp_path, capfd):
    folder = provisioned(capfd, tmp_path)
    code, text = tried(capfd, "deploy", "--port", port, "--config", folder)
    assert code == 0, text
    board = bench / "board"
    assert json.loads((board / "config.json").read_text())["id"] == "bed-1"
    there = {str(path.relative_to(board)) for path in board.rglob("*") if path.is_file()}
    assert there == {*files.program(), "config.json"}
    assert calls(bench)[-1][-2:] == ["+", "reset"]


def test_an_image_has_the_same_bytes_again_and_holds_everything(tmp_path, capfd):
    folder = provisioned(capfd, tmp_path)
    for name in ("one.bin", "two.bin"):
        code, text = tried(capfd, "deploy", "--config", folder, "--image", str(tmp_path / name))
        assert code == 0, text
    one = (tmp_path / "one.bin").read_bytes()
    assert one == (tmp_path / "two.bin").read_bytes()
    assert len(one) == image.SIZE
    found = image.contents(one)
    assert found.keys() == {*files.program(), "config.json"}
    assert found["main.py"] == (files.scripts() / "main.py").read_bytes()
    assert stat.S_IMODE((tmp_path / "one.bin").stat().st_mode) == 0o600


def test_files_that_do_not_fit_are_one_line(tmp_path):
    with pytest.raises(image.BoardError, match="do not fit"):
        image.build({"large": bytes(70000)}, 65536)


def provisioned(capfd, tmp_path, **more):
    facts = {"id": "bed-1", "broker": "mqtt://server", **more}
    (tmp_path / "bed.json").write_text(json.dumps(facts))
    words = ("--from", str(tmp_path / "bed.json"), "--out", str(tmp_path / "boards"))
    code, text = tried(
        capfd, "provision", *words, "--secrets", str(tmp_path / "board-secrets.json")
    )
    assert code == 0, text
    return str(tmp_path / "boards" / "bed-1")


def test_fifty_boards_from_one_file(tmp_path, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [f"bed-{n},mqtt://server,10.0.0.{n}/24,10.0.0.254" for n in range(1, 51)]
    Path("boards.csv").write_text("\n".join(["id,broker,address,gateway", *rows]))
    code, text = tried(capfd, "provision", "--from", "boards.csv")
    assert code == 0, text
    known = vault.load("board-secrets.json")
    assert len({each["update_key"] for each in known.values()}) == 50
    for path in ("board-secrets.json", "boards/bed-7/config.json", "boards/users.txt"):
        assert stat.S_IMODE(Path(path).stat().st_mode) == 0o600
    config = json.loads(Path("boards/bed-7/config.json").read_text())
    assert config["broker"]["password"] == known["bed-7"]["broker_password"]
    assert config["update_key"] == known["bed-7"]["update_key"]
    assert len(Path("boards/users.txt").read_text().splitlines()) == 50
    assert not any(secret in text for each in known.values() for secret in each.values())


def test_a_board_with_a_certificate_of_its_own(tmp_path, capfd):
    begin, end = "-----BEGIN {}-----\nAAAA\n", "-----END {}-----\n"
    for name, what in (("ca", "CERTIFICATE"), ("cert", "CERTIFICATE"), ("key", "EC PRIVATE KEY")):
        text = "some words\n" + (begin + end).format(what, what)
        (tmp_path / name).write_text(text + "more words")
    names = {name: str(tmp_path / name) for name in ("ca", "cert", "key")}
    folder = Path(provisioned(capfd, tmp_path, **{**names, "broker": "mqtts://server"}))
    config = json.loads((folder / "config.json").read_text())
    assert config["broker"]["tls"] == {"ca": "/ca.pem", "cert": "/cert.pem", "key": "/key.pem"}
    assert (folder / "key.pem").read_text().startswith("-----BEGIN EC PRIVATE KEY-----\nAAAA\n")
    assert "words" not in (folder / "cert.pem").read_text()
    (tmp_path / "key").write_text((begin + end).format(*["ENCRYPTED PRIVATE KEY"] * 2))
    words = ("--from", str(tmp_path / "bed.json"), "--out", str(tmp_path / "boards"))
    code, text = tried(capfd, "provision", *words, "--secrets", str(tmp_path / "s.json"))
    assert code == 1 and "has a password" in text and one_line(text)


def test_a_board_keeps_its_secrets_unless_they_are_to_be_replaced(tmp_path, capfd):
    secrets = str(tmp_path / "board-secrets.json")
    provisioned(capfd, tmp_path)
    first = vault.load(secrets)
    provisioned(capfd, tmp_path)
    assert vault.load(secrets) == first
    words = ("--from", str(tmp_path / "bed.json"), "--secrets", secrets, "--replace")
    tried(capfd, "provision", *words, "--out", str(tmp_path / "boards"))
    assert vault.load(secrets)["bed-1"]["update_key"] != first["bed-1"]["update_key"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id,broker\nbed-1,mqtt://a\nbed-1,mqtt://a", "twice"),
        ("id,broker\nbed 1,mqtt://a", "no name for a gateway"),
        ("id,broker\nbed-1,http://a", "mqtt://"),
        ("id,brocker\nbed-1,mqtt://a", "'brocker' is not known"),
        ("id,broker\nbed-1", "not as many columns"),
        ("id\nbed-1", "broker is missing"),
        ("id,broker\nbed-1,mqtts://a", "ca is missing"),
        ("id,broker,ca\nbed-1,mqtts://a,/none", "cannot read the certificate"),
        ("id,broker,cert\nbed-1,mqtt://a,/none", "needs mqtts"),
        ("id,broker,ca\nbed-1,mqtts://a,boards.csv", "holds no certificate in PEM"),
        ("id,broker,network\nbed-1,mqtt://a,wifi", "ssid is missing"),
        ("id,broker,network\nbed-1,mqtt://a,smoke", "ethernet or wifi"),
        ("id,broker,address\nbed-1,mqtt://a,10.0.0.1/24", "gateway is missing"),
        ("id,broker,address,gateway\nbed-1,mqtt://a,10.0.0.1,10.0.0.2", "10.0.0.1/24"),
        ("id,broker,address,gateway\nbed-1,mqtt://a,10.0.0.1/24,ten", "ten"),
        ("[{\"id\": 7}]", "texts"),
        ("[", "no JSON"),
        ("", "names no board"),
    ],
)  # fmt: skip
def test_a_wrong_file_of_boards_makes_nothing(tmp_path, capfd, monkeypatch, text, words):
    monkeypatch.chdir(tmp_path)
    Path("boards.csv").write_text(text)
    code, said = tried(capfd, "provision", "--from", "boards.csv")
    assert code == 1
    assert words in said.replace("192.168.1.20/24", "10.0.0.1/24") and one_line(said)
    assert sorted(os.listdir()) == ["boards.csv"]


def test_questions_with_defaults(tmp_path, monkeypatch):
    words = [sys.executable, "-m", "neonat", "board", "provision"]
    answers = "\nbed 1\nbed-1\nserver\nmqtt://server\n\n\nsmoke\n\n10.0.0.1\n\n\n\n"
    done = subprocess.run(words, input=answers, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    config = json.loads((tmp_path / "boards" / "bed-1" / "config.json").read_text())
    assert config["broker"]["user"] == "bed-1"
    assert "network, ethernet or wifi [ethernet]" in done.stderr
    assert "one of ethernet, wifi" in done.stderr
    assert "mqtt://[USER:PASSWORD@]HOST" in done.stderr
    without = subprocess.run(words, input="", capture_output=True, text=True, cwd=tmp_path)
    assert without.returncode == 2
    assert "--from FILE" in without.stderr


def test_secrets_that_others_can_read_are_refused(tmp_path):
    path = tmp_path / "board-secrets.json"
    path.write_text("{}")
    path.chmod(0o644)
    with pytest.raises(vault.BoardError, match="chmod 600"):
        vault.load(str(path))


def test_a_new_board_takes_its_own_id(bench, port, tmp_path):
    from neonat.board.deploy import unique_id

    assert unique_id(port) == "a0b1c2d3e4f5"


def test_tools_that_are_missing_are_named(monkeypatch, tmp_path, port, capfd):
    monkeypatch.setattr(tools, "BESIDE", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    code, text = tried(capfd, "flash", "--port", port, "--image", micropython(tmp_path))
    assert code == 1
    assert text.splitlines()[-1].endswith("esptool is not installed: run scripts/setup board")
