"""The login at a broker: what is sent, what the answers mean. Imported for that alone."""

from neonat.gateway.mqtt import ProtocolError, header, text

KEEPALIVE_S = 20
UNAVAILABLE = 3
REFUSED = {
    1: "the broker does not speak MQTT 3.1.1: choose another",
    2: "the broker refuses the client id: choose another id",
    UNAVAILABLE: "the broker is not available",
    4: "the broker refuses the user name or password: check them",
    5: "the broker does not authorise this gateway: check the user and the password",
}


def connect(client: str, keepalive_s: int, will, user: str = "", password: str = "") -> bytes:
    """A clean session; `will` is (topic, payload), kept by the broker, QoS 1."""
    flags = 0x02 | 0x04 | 0x08 | 0x20 | (0x80 if user else 0) | (0x40 if user and password else 0)
    body = text("MQTT") + bytes((4, flags, keepalive_s >> 8, keepalive_s & 255))
    body += text(client) + text(will[0]) + text(will[1])
    if user:
        body += text(user)
        if password:
            body += text(password)
    return header(0x10, len(body)) + body


def subscribe(number: int, topics: "list[str]") -> bytes:
    """QoS 1 for each topic."""
    body = bytes((number >> 8, number & 255))
    body += b"".join([text(topic) + b"\x01" for topic in topics])
    return header(0x82, len(body)) + body


def hello(gateway: str, topic: str, broker: dict) -> bytes:
    """The first packet of a connection; `topic` ends before its last level."""
    will = (topic + "state", '{"online": false}')
    return connect(gateway, KEEPALIVE_S, will, broker.get("user", ""), broker.get("password", ""))


def answer(uplink, event: tuple, topic: str, number: int) -> "bytes | None":
    """What to send for an event before the gateway is online, empty when it is now; ProtocolError.

    None when the event says nothing about the login.
    """
    kind = event[0]
    if kind == "connack" and uplink.state == "login":
        if event[1]:
            refused = REFUSED.get(event[1], "the broker refuses the login")
            uplink.refused = "" if event[1] == UNAVAILABLE else refused
            raise ProtocolError(refused)
        uplink.state = "subscribing"
        return subscribe(number, [topic + kind for kind in ("ack", "command", "update")])
    if kind == "suback" and uplink.state == "subscribing":
        # A broker whose rules know nothing of updates still takes frames.
        if 0x80 in event[2][:2]:
            raise ProtocolError("the broker refuses the subscription to ack and command")
        return b""
    if kind == "connack" or uplink.state == "login":
        raise ProtocolError("the broker does not keep to the order of a login")
    return None
