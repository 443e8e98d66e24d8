"""The ESP32's own board module, from the image of `deploy`: line, network, watchdog."""

import contextlib
import json
from datetime import UTC, datetime
from statistics import median_low

import pytest

from desk.esp32_board import Esp32Board
from desk.time_server import TimeServer
from desk.unix_board import STAND_INS, image_of
from gateway.bench_server import MICROPYTHON, Broker, Server, incubator
from gateway.test_gateway_live import certificates, issue
from neonat.board import image
from neonat.board.problem import BoardError
from neonat.gateway import envelope
from waiting import free_port, wait_for

pytestmark = pytest.mark.skipif(not MICROPYTHON.exists(), reason="no micropython here")


# Of 128 KiB beside the stand-ins, after a collection, with TLS, on the 64-bit Unix port.
FREE = 32 * 1024
CERTIFICATES = {"ca": "ca.pem", "cert": "bed.pem", "key": "bed.key"}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The bytes of an image and the broker's port in it."""
    folder = tmp_path_factory.mktemp("image")
    port = free_port()
    return image_of(folder, id="bed-1", broker=f"mqtt://localhost:{port}").read_bytes(), port


@pytest.fixture
def bench(tmp_path, made):
    """A board, switched off, and a server; the line has nobody at its other end."""
    broker = Broker(tmp_path, port=made[1])
    server = Server(made[1])
    path = tmp_path / "bed-1.bin"
    path.write_bytes(made[0])
    board = Esp32Board(tmp_path, path, str(tmp_path / "incubator"))
    yield board, server, broker
    board.off()
    server.close()
    broker.kill()


def records(server, word):
    return [
        envelope.parse_record(data)[1] for data in server.data() if data.startswith(f"!{word} ")
    ]


def test_it_asks_the_hardware_of_the_olimex_board_for_what_is_wired_there(bench, tmp_path):
    board, server, _ = bench
    with incubator(tmp_path, "--baud", "38400", "--parity", "even"), board:
        wait_for(lambda: len(server.frames()) > 3, what="frames")
        wait_for(lambda: board.fed() > 2, what="a fed watchdog")
        wait_for(lambda: records(server, "boot"), what="the boot record")
        line = {"baud": 38400, "parity": "even"}
        wait_for(lambda: server.states[-1].get("line") == line, what="the line in the state")
    wiring = board.wiring()
    lan = {"phy_type": 8720, "phy_addr": 0, "ref_clk_mode": 3}
    lan |= {"power": 12, "mdc": 23, "mdio": 18, "ref_clk": 17}
    assert wiring[:3] == [["hostname", "bed-1"], ["lan", lan], ["uart", 2, 4, 36, 8, 1]]
    assert records(server, "boot")[0]["reason"] == "power"


def test_a_cable_that_was_out_needs_no_restart(bench, tmp_path):
    board, server, broker = bench
    with incubator(tmp_path, "--baud", "38400", "--parity", "odd"), board:
        wait_for(lambda: len(server.frames()) > 3, what="frames")
        board.cable(False)
        wait_for(lambda: "network: down" in board.text(), what="the lost link")
        broker.kill()
        wait_for(lambda: "no network: look at the cable" in board.text(), what="the reason")
        broker.start()
        before = len(server.frames())
        board.cable(True)
        wait_for(lambda: len(server.frames()) > before + 3, what="frames again")
    assert {boot for boot, _ in server.rows} == {1}
    assert not server.conflicts


def test_a_stuck_program_is_bitten_by_its_watchdog(bench, tmp_path):
    board, server, _ = bench
    with incubator(tmp_path, "--baud", "38400", "--parity", "odd"), board:
        wait_for(lambda: len(server.frames()) > 1, what="frames")
        board.bite()
        wait_for(lambda: (2, 1) in server.rows, what="the next boot")
    assert server.rows[2, 1][1].startswith("!boot reason=watchdog")
    assert not records(server, "drop")
    assert not server.conflicts


def test_an_incubator_that_comes_after_the_board_is_found_and_tried_first_from_then_on(
    bench, tmp_path
):
    board, server, _ = bench
    with board:
        wait_for(lambda: "broker: online" in board.text(), what="the board without a line")
        line = ("--device", "babyroo", "--baud", "19200", "--parity", "none")
        with incubator(tmp_path, *line):
            wait_for(lambda: records(server, "link"), what="the link")
            assert records(server, "link")[0]["device"] == "5702"
            wait_for(lambda: remembered(board) == 19200, what="what is remembered")
            asked(board, server, 1, "restart")
            seen = board.text().count("open, ")
            wait_for(lambda: board.tend() and (2, 1) in server.rows, what="the next start")
            wait_for(lambda: board.text().count("open, ") > seen, what="its line")
    opens = [text for text in board.text().splitlines() if "open, " in text]
    # A pseudo-terminal does not tell even from none.
    assert opens[seen].endswith(("19200 baud, parity none", "19200 baud, parity even"))


def remembered(board):
    """The speed that the board's flash has for its next start; None while it is written."""
    with contextlib.suppress(KeyError, ValueError, BoardError):
        return json.loads(image.contents(board.image.read_bytes())["line.json"])["baud"]
    return None


def with_config(whole, content):
    """The image of the same board with another `config.json`."""
    return image.build({**image.contents(whole), "config.json": content})


def asked(board, server, number, command, **facts):
    """The reply to a command; the board is tended."""
    server.command({"id": number, "command": command, **facts})
    return wait_for(
        lambda: board.tend() and next((r for r in server.replies if r["id"] == number), None),
        what=f"the reply to {command}",
    )


def confirmed(board, server, number):
    """Whether the trial that the command began has ended well."""
    ends = [reply for reply in server.replies if reply["id"] == number]
    return board.tend() and any(reply.get("state") == "confirmed" for reply in ends)


def test_a_broken_configuration_starts_a_safe_mode_that_the_desk_can_mend(bench, tmp_path, made):
    board, server, _ = bench
    config = json.loads(image.contents(made[0])["config.json"])
    board.image.write_bytes(with_config(made[0], json.dumps({**config, "baud": 7}).encode()))
    with incubator(tmp_path, "--baud", "38400", "--parity", "odd"), board:
        wait_for(lambda: records(server, "error"), what="what is wrong")
        assert "baud is a number" in records(server, "error")[0]["detail"]
        status = asked(board, server, 1, "status")
        assert "baud is a number" in status["state"]["safe"]
        assert (status["state"]["link"], status["reason"]) == ("down", "power")
        assert status["address"] == "127.0.0.1"
        found = asked(board, server, 2, "get-config")["config"]
        assert found["broker"]["host"] == "localhost"
        assert not asked(board, server, 3, "set-config", config={"parity": "odd"})["ok"]
        assert not server.frames()
        assert asked(board, server, 4, "set-config", config={"baud": None})["state"] == "trial"
        wait_for(lambda: confirmed(board, server, 4), what="the confirmation")
        wait_for(lambda: server.frames(), what="frames")
        assert "safe" not in asked(board, server, 5, "status")["state"]
        board.off()
        board.image.write_bytes(with_config(board.image.read_bytes(), b"{"))
        board.power()
        wait_for(lambda: len(records(server, "error")) > 1, what="what is wrong now")
        assert "safe" in asked(board, server, 6, "status")["state"]
        assert asked(board, server, 7, "set-config", config={"parity": "odd"})["ok"]
        wait_for(lambda: confirmed(board, server, 7), what="the confirmation")
    assert not server.conflicts
    secrets = [config["broker"]["password"], config["update_key"], config["webrepl_password"]]
    said = board.text() + json.dumps(server.replies + server.states) + "".join(server.data())
    assert not [secret for secret in secrets if secret in said]


def clocks(server, boot):
    """The `!clock` records of a boot that is set, in order."""
    found = [(key, data) for key, (_, data) in sorted(server.rows.items()) if key[0] == boot]
    return [envelope.parse_record(data)[1] for _, data in found if data.startswith("!clock ")]


def ahead_s(stamp):
    """How far a stamp is ahead of this machine's clock."""
    then = datetime.fromisoformat(stamp.replace("Z", "+00:00"))
    return (then - datetime.now(UTC)).total_seconds()


def test_the_time_comes_from_servers_that_agree_and_survives_a_reset(bench, tmp_path, made):
    board, server, broker = bench
    good = [TimeServer(5000.0), TimeServer(5000.1)]
    bad = [TimeServer(-90000), TimeServer(stratum=0), TimeServer(5000.0, origin=False)]
    config = json.loads(image.contents(made[0])["config.json"])
    config["ntp"] = [each.name for each in good + bad]
    board.image.write_bytes(with_config(made[0], json.dumps(config).encode()))
    broker.kill()
    with incubator(tmp_path, "--baud", "38400", "--parity", "odd"), board:
        wait_for(lambda: "clock: 2 of 5 time servers agree" in board.text(), what="the time")
        broker.start()
        wait_for(lambda: len(clocks(server, 1)) > 1, what="the clock's records")
        wait_for(lambda: (1, 1) in server.rows, what="the first record")
        stamps = [server.rows[key][0] for key in sorted(server.rows)]
        # What waited when the time came has got it too.
        assert not [stamp for stamp in stamps if stamp.startswith("+")]
        assert stamps == sorted(stamps)
        assert 4900 < ahead_s(stamps[-1]) < 5100
        first, device = clocks(server, 1)[:2]
        assert first["source"] == "ntp"
        assert abs(int(device["offset"]) + 5000 + 137) < 20
        assert len(device["device"]) == 19
        wait_for(lambda: server.states and server.states[-1].get("clock") == "ntp", what="state")
        for each in good + bad:
            each.close()
        assert asked(board, server, 1, "restart")["ok"]
        wait_for(lambda: board.tend() and clocks(server, 2), what="the clock of the next boot")
        assert clocks(server, 2)[0]["source"] == "rtc"
        assert 4900 < ahead_s(server.rows[max(server.rows)][0]) < 5100
        board.off()
        board.power()
        wait_for(lambda: (3, 3) in server.rows, what="records after the power was off")
        assert server.rows[3, 3][0].startswith("+")
    assert not server.conflicts


def test_a_board_without_a_configuration_says_so_at_its_usb_port(bench, made):
    board, _, _ = bench
    files = image.contents(made[0])
    del files["config.json"]
    board.image.write_bytes(image.build(files))
    with board:
        wait_for(lambda: "run `neonat board deploy --config" in board.text(), what="the line")
    assert "no usable configuration, " in board.text()


def test_it_logs_in_by_its_certificate_with_room_in_its_heap_and_tells_no_secret(tmp_path):
    certificates(tmp_path)
    curve = "ec -pkeyopt ec_paramgen_curve:P-256"
    authority = "basicConstraints=critical,CA:TRUE"
    issue(tmp_path, "ward", curve, "ward.pem", "ward.key", more=authority)
    issue(tmp_path, "bed-1", curve, "bed.pem", "bed.key", signer="ward")
    # The broker knows the first authority only.
    with open(tmp_path / "bed.pem", "a") as chain:
        chain.write((tmp_path / "ward.pem").read_text())
    (tmp_path / "key.pem").chmod(0o644)
    tmp_path.chmod(0o755)
    port, secure = free_port(), free_port()
    broker = Broker(
        tmp_path,
        f"allow_anonymous true\nlistener {secure} 127.0.0.1\nrequire_certificate true\n"
        f"use_identity_as_username true\nuser root\ncafile {tmp_path}/ca.pem\n"
        f"certfile {tmp_path}/cert.pem\nkeyfile {tmp_path}/key.pem\n",
        port,
    )
    server = Server(port)
    files = {name: str(tmp_path / path) for name, path in CERTIFICATES.items()}
    made = image_of(tmp_path, id="bed-1", broker=f"mqtts://localhost:{secure}", **files)
    board = Esp32Board(tmp_path, made, str(tmp_path / "incubator"), measured="yes")
    try:
        with incubator(tmp_path, "--baud", "38400", "--parity", "odd"), board:
            wait_for(lambda: len(server.frames()) > 3, what="frames through TLS")
            # In most seconds: a record that waits for its acknowledgement takes some of it.
            with contextlib.suppress(AssertionError):
                wait_for(lambda: median_low(board.free()[-9:]) >= FREE)
            assert median_low(board.free()[-9:]) >= FREE, board.free()
            assert board.stand_ins() >= STAND_INS
            # Without any time server the clock chip is at least not before the provisioning.
            kept = json.loads((board.hardware / "rtc").read_text())
            assert abs(kept["behind_us"]) < 3 * 86400e6
            assert kept["memory"] == ""
            log = asked(board, server, 1, "log")["lines"]
            assert any("broker: online" in line for line in log)
            config = asked(board, server, 2, "get-config")["config"]
            assert config["broker"]["tls"]["cert"] == "/cert.pem"
            assert asked(board, server, 3, "webrepl", minutes=1)["ok"]
            asked(board, server, 4, "set-config", config={"broker": {"password": "another-one"}})
            wait_for(lambda: board.tend() and (2, 1) in server.rows, what="the trial")
            asked(board, server, 5, "status")
    finally:
        server.close()
        broker.kill()
    said = board.text() + json.dumps(server.replies + server.states) + "".join(server.data())
    config = json.loads(image.contents(made.read_bytes())["config.json"])
    secrets = [config[key] for key in ("update_key", "webrepl_password")]
    secrets += [config["broker"]["password"], "another-one", "PRIVATE KEY"]
    secrets += (tmp_path / "bed.key").read_text().splitlines()[1:-1]
    assert not [secret for secret in secrets if secret in said]
