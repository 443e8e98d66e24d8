"""Memory of a session that goes on and on."""

from heap import in_use

from medibus.frame import Frame, command, response
from medibus.session import Plan, Session


def test_a_long_session_does_not_grow():
    session = Session(Plan())
    answers = [Frame(response(code)[:-1]) for code in (0x51, 0x52, 0x24, 0x27, 0x2E)]
    nop = Frame(command(0x30)[:-1])

    def talk(now):
        for beat in range(200):
            at = now + beat * 500
            session.tick(at)
            session.receive(at, nop)
            session.receive(at, answers[beat % 5])
        return now + 200 * 500

    now = talk(0)
    before = in_use()
    talk(now)
    assert in_use() - before < 2000
