"""What the tests of the session share: a clock that jumps, and a device that behaves."""

from medibus.decoder import Decoder, LineError
from medibus.frame import command, frame_of, response
from medibus.schedule import Plan
from medibus.session import Session

IDENTITY = b"5700'Babyleo TN500'01.06:06.00"


def codes(data):
    """The frames of what was sent, as `!51` for a command and `51` for a response."""
    events = Decoder().feed(data)
    return [f"{'!' if one.is_command else ''}{one.code:02X}" for one in events]


class Talk:
    """A session and its time; sends frames to it and notes what it sends."""

    def __init__(self, periods=None, **options):
        self.session = Session(Plan(periods or {0x24: 1000}), **options)
        self.now = 0

    def tick(self, later=0):
        self.now += later
        return codes(self.session.tick(self.now))

    def ask(self, code, argument=b""):
        """The device sends a command."""
        return self.hear(command(code, argument))

    def reply(self, code, data=b""):
        """The device sends a response."""
        return self.hear(response(code, data))

    def hear(self, line):
        return codes(self.session.receive(self.now, frame_of(line[:-1])))

    def corrupt(self, reason, raw):
        return codes(self.session.receive(self.now, LineError(reason, raw, len(raw))))

    def changes(self):
        """The changes since the last time, devices by their id."""
        out = [(what, getattr(how, "id", how)) for what, how in self.session.changes]
        self.session.changes.clear()
        return out


def up(periods=None, **options):
    """A session that has just come up and has asked its first request, 0x24."""
    talk = Talk(periods, **options)
    assert talk.tick() == ["!51"]
    assert talk.reply(0x51) == ["!52"]
    assert talk.reply(0x52, IDENTITY) == ["!24"]
    assert talk.session.state == "up"
    talk.changes()
    return talk
