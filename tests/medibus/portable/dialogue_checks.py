"""What must hold for a session whatever the device does and whenever."""

from medibus.decoder import Decoder, LineError
from medibus.frame import Frame, response
from medibus.schedule import Plan
from medibus.session import Session

IDENTITY = b"5700'Babyleo TN500'01.06:06.00"
ICC, STOP, NAK = 0x51, 0x55, 0x15


class Watch:
    """A session beside a judge that knows which command may be outstanding."""

    def __init__(self, periods):
        plan = Plan({int(code): period for code, period in periods})
        self.session = Session(plan, expected="5700")
        self.now = 0
        self.outstanding = None
        self.asked_at = 0
        self.heard_at = 0
        self.asked = []

    def forget(self):
        """Drop what may be given up by now: unanswered for long, or the link silent."""
        limit = 3000 if self.outstanding == ICC else 10000
        silent = self.session.state != "down" and self.now - self.heard_at > 3000
        if self.now - self.asked_at >= limit or silent:
            self.outstanding = None

    def sent(self, data):
        for frame in Decoder().feed(data):
            assert isinstance(frame, Frame)
            if frame.is_command:
                assert self.outstanding in (None, frame.code), (self.outstanding, frame.code)
                self.outstanding = frame.code
                self.asked_at = self.now
                self.asked.append(frame.code)

    def tick(self):
        self.sent(self.session.tick(self.now))
        assert self.session.deadline(self.now) > 0

    def hear(self, frame):
        self.heard_at = self.now
        opens = frame.is_command and frame.code in (ICC, STOP)
        if opens or (not frame.is_command and frame.code == self.outstanding):
            self.outstanding = None
        sent = self.session.receive(self.now, frame)
        if frame.is_command and frame.code != NAK:
            assert sent[:2] == bytes((1, frame.code)), (frame, sent)
        self.sent(sent)

    def step(self, what, later, code, data):
        self.now += later
        replied = self.outstanding or code
        self.forget()
        if what == "tick":
            self.tick()
        elif what == "error":
            self.sent(self.session.receive(self.now, LineError(code, data, len(data))))
        elif what == "reply":
            self.hear(Frame(response(replied, data)[:-1]))
        else:
            self.hear(Frame(bytes((0x1B if what == "ask" else 1, code)) + data + b"00"))
        assert self.session.state in ("down", "connecting", "up")
        assert len(self.session.changes) <= 32


def check_session(periods, steps):
    """Any events at any times, then a device that behaves."""
    watch = Watch(periods)
    for step in steps:
        watch.step(*step)
    # A given up identification may take its full time, a stop its pause.
    until = watch.now + 60000
    watch.asked = []
    while not (watch.session.state == "up" and 0x24 in watch.asked):
        assert watch.now < until, (watch.session.state, watch.asked[-9:])
        if watch.outstanding is not None:
            watch.now += 20
            data = IDENTITY if watch.outstanding == 0x52 else b""
            watch.hear(Frame(response(watch.outstanding, data)[:-1]))
        else:
            watch.now += watch.session.deadline(watch.now)
            watch.forget()
            watch.tick()
