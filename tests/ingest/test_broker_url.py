"""URLs of brokers: what they may be, and that they keep their secrets."""

import pytest

from neonat.ingest.broker_url import PASSWORD_VARIABLE, BrokerUrlError, broker_url


def test_the_ports_that_are_usual():
    assert (broker_url("mqtt://host").port, broker_url("mqtts://host").port) == (1883, 8883)
    assert broker_url("mqtts://host").tls


def test_all_parts():
    found = broker_url("mqtt://us%40er:p%2F%3A%23@[::1]:1999/")
    assert (found.host, found.port, found.user, found.password) == ("::1", 1999, "us@er", "p/:#")
    assert broker_url(found.secret_url()) == found


def test_the_password_never_shows():
    found = broker_url("mqtt://me:hidden@host")
    assert "hidden" not in repr(found) + str(found)
    assert str(found) == "mqtt://me@host:1883"


def test_the_password_from_environment_and_file(monkeypatch, tmp_path):
    monkeypatch.setenv(PASSWORD_VARIABLE, "from the environment")
    assert broker_url("mqtt://me@host").password == "from the environment"
    assert broker_url("mqtt://host").password is None
    assert broker_url("mqtt://me:here@host").password == "here"
    path = tmp_path / "password"
    path.write_text("from the file\n")
    assert broker_url("mqtt://me@host", str(path)).password == "from the file"
    with pytest.raises(BrokerUrlError, match="no-such"):
        broker_url("mqtt://me@host", str(tmp_path / "no-such"))
    with pytest.raises(BrokerUrlError, match="user"):
        broker_url("mqtt://host", str(path))


@pytest.mark.parametrize(
    "text",
    ["", "host", "http://host", "mqtt://", "mqtt://:1883", "mqtt://h:0", "mqtt://h:99999",
     "mqtt://h:port", "mqtt://h/topic", "mqtt://u:pa/ss@h", "mqtt://h?x=1", "mqtt://[::1"],
)  # fmt: skip
def test_what_is_no_url_is_said_in_one_line_without_its_secret(text):
    with pytest.raises(BrokerUrlError) as caught:
        broker_url(text)
    assert "\n" not in str(caught.value)
    assert "pa" not in str(caught.value).replace("pass", "").replace("PASS", "")
