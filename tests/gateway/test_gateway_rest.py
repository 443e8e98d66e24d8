"""The gateway waits for what is to come: its loop goes round with the frames, not all the time."""

from gateway.bench_server import Broker, Server, incubator
from neonat.gateway.board_cpython import Board
from neonat.gateway.program import Gateway

LOOKS_A_RECORD = 30


class Counting(Board):
    """Counts how often the program looks at the clock, and ends it after `enough()`."""

    looks = 0

    def ticks(self):
        self.looks += 1
        if self.enough():
            self.stopped = True
        return super().ticks()


def test_its_loop_goes_round_with_the_records(tmp_path):
    broker = Broker(tmp_path)
    server = Server(broker.port)
    board = Counting()
    board.enough = lambda: len(server.frames()) > 15 or board.looks > 50_000
    config = {"id": "bed-1", "spool": str(tmp_path / "spool"), "spool_bytes": 1 << 20}
    config |= {"broker": {"host": "127.0.0.1", "port": broker.port}, "topic_prefix": "neonat/1"}
    try:
        with incubator(tmp_path) as line:
            Gateway({**config, "serial": line}, board, lambda text: None).run()
        assert len(server.frames()) > 15
        assert board.looks < LOOKS_A_RECORD * len(server.rows)
    finally:
        server.close()
        broker.kill()
