"""The gateway's configuration: a dict, checked, with a clear line for each thing that is wrong."""

from neonat.gateway.identifier import valid_gateway

PARITIES = ("odd", "even", "none")
SPOOL_MIN = 32768


class ConfigError(ValueError):
    """The configuration cannot be used; one line that says why."""


def _is_number(value, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _broker(value) -> dict:
    if not isinstance(value, dict) or not isinstance(value.get("host"), str) or not value["host"]:
        raise ConfigError('broker is {"host": …, "port": …}')
    port = value.get("port", 1883)
    if not _is_number(port, 1, 65535):
        raise ConfigError("the broker's port is 1 to 65535")
    broker = {"host": value["host"], "port": port}
    for key in ("user", "password"):
        if value.get(key) is not None:
            if not isinstance(value[key], str) or len(value[key].encode()) > 1024:
                raise ConfigError("the broker's %s is a text of at most 1 KiB" % key)
            broker[key] = value[key]
    tls = value.get("tls")
    if tls:
        tls = tls if isinstance(tls, dict) else {}
        if bool(tls.get("cert")) != bool(tls.get("key")):
            raise ConfigError("the broker's tls has a cert and its key, or neither")
        broker["tls"] = tls
    return broker


def checked(config: dict, board) -> dict:
    """The configuration with its defaults filled in; ConfigError.

    Keys: `id`, `serial`, `baud` (number or null), `parity` (word or null), `broker` {`host`,
    `port`, `tls` {`ca`}, `user`, `password`}, `topic_prefix`, `spool`, `spool_bytes`, `verbose`,
    `login_once` (end when the first login is refused); on a board also those of
    `config_board`.
    """
    if not isinstance(config, dict):
        raise ConfigError("the configuration is a JSON object")
    full: dict = {"topic_prefix": "neonat/1", "spool": "spool"}
    full.update(config)
    if "spool_bytes" not in full:
        full["spool_bytes"] = board.spool_bytes
    full["id"] = full.get("id") or board.unique_id()
    if not isinstance(full["id"], str) or not valid_gateway(full["id"]):
        raise ConfigError("the id is 1 to 32 of A-Z a-z 0-9 _ -")
    for key in ("serial", "spool", "topic_prefix"):
        if not isinstance(full.get(key), str) or not full[key]:
            raise ConfigError(key + " is missing")
    if "+" in full["topic_prefix"] or "#" in full["topic_prefix"]:
        raise ConfigError("topic_prefix is a topic without + and #")
    if full.get("baud") is not None and not _is_number(full["baud"], 300, 4000000):
        raise ConfigError("baud is a number from 300 on, or null to find it")
    if full.get("parity") is not None and full["parity"] not in PARITIES:
        raise ConfigError("parity is odd, even, none, or null to find it")
    if not _is_number(full["spool_bytes"], SPOOL_MIN, 1 << 40):
        raise ConfigError("spool_bytes is %d or more" % SPOOL_MIN)
    full["broker"] = _broker(full.get("broker"))
    if "network" in full:
        from neonat.gateway import config_board

        config_board.check(full)
    return full
