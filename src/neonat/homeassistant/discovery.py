"""What Home Assistant is told: a device for each gateway, an entity for each quantity.

Device discovery as Home Assistant describes it (MQTT integration, "Device discovery payload").
Pure functions; times and values are those of `Store.latest`.
"""

from importlib.metadata import version
from typing import Any

from neonat.store import Row
from neonat.web.priority import LEVELS, level_of, number_of

# UCUM to what Home Assistant calls it.
_UNITS = {"Cel": "°C", "%": "%", "lx": "lx", "dB[A]": "dBA", "g": "g", "h": "h"}
# A difference is no temperature: Home Assistant would convert it wrongly.
_CLASSES = {"Cel": "temperature", "lx": "illuminance", "dB[A]": "sound_pressure", "g": "weight"}
_BY_NAME: dict[str, str | None] = {
    "relative_humidity": "humidity",
    "skin_temperature_difference": None,
}
# Older than this, a value is not shown any more.
EXPIRES_S = 60
# Home Assistant takes no longer state.
STATE_MAX = 255
NONE = "none"
SETTING = "_setting"


def config_topic(discovery: str, gateway: str) -> str:
    """Where a gateway's description goes, retained; `discovery` is Home Assistant's prefix."""
    return f"{discovery}/device/neonat_{gateway}/config"


def state_topic(prefix: str, gateway: str) -> str:
    """Where a gateway's values go, retained."""
    return f"{prefix}/{gateway}/home-assistant"


def quantities(latest: Row) -> dict[str, str | None]:
    """The unit of each named value and set point, by name."""
    return {
        one["name"]: one["unit"]
        for one in (*latest["readings"], *latest["settings"])
        if one["name"]
    }


def config(latest: Row, named: str | None, prefix: str) -> dict[str, Any]:
    """The description of a gateway's device; `named` is what stands on its bed, if anything."""
    gateway = latest["gateway"]
    device = latest["device"] if isinstance(latest["device"], dict) else {}
    components = {
        name: _sensor(gateway, name, unit) for name, unit in sorted(quantities(latest).items())
    }
    components["mode"] = _text(gateway, "mode", "mdi:thermostat")
    components["alarm"] = _text(gateway, "alarm", "mdi:message-alert-outline")
    components["alarm_level"] = {
        **_text(gateway, "alarm_level", None),
        "device_class": "enum",
        "options": [*LEVELS, "other", NONE],
    }
    return {
        "device": {
            "identifiers": [f"neonat_{gateway}"],
            "name": named or gateway,
            **({"model": device["name"]} if device.get("name") else {}),
            **({"sw_version": device["revision"]} if device.get("revision") else {}),
        },
        "origin": {"name": "neonat", "sw_version": version("neonat")},
        "components": components,
        "state_topic": state_topic(prefix, gateway),
        "availability": [
            {
                "topic": f"{prefix}/{gateway}/state",
                "value_template": "{{ 'online' if value_json.online else 'offline' }}",
            }
        ],
    }


def state(latest: Row) -> dict[str, Any]:
    """What a gateway's incubator says now; a value that is no number is null."""
    alarms = sorted(latest["alarms"], key=lambda one: -number_of(one["priority"]))
    levels = [level_of(one["priority"]) or "other" for one in alarms]
    return {
        "at": latest["at"],
        **{
            one["name"]: one["value"]
            for one in (*latest["settings"], *latest["readings"])
            if one["name"]
        },
        "mode": (", ".join(one["text"] or "" for one in latest["texts"]) or NONE)[:STATE_MAX],
        "alarm": (", ".join(one["phrase"] or one["code"] for one in alarms) or NONE)[:STATE_MAX],
        "alarm_level": levels[0] if levels else NONE,
    }


def _sensor(gateway: str, name: str, unit: str | None) -> dict[str, Any]:
    made: dict[str, Any] = {
        **_text(gateway, name, None),
        "state_class": "measurement",
        "suggested_display_precision": 1 if unit == "Cel" else 0,
    }
    found = _BY_NAME.get(name.removesuffix(SETTING), _CLASSES.get(unit or ""))
    if found is not None:
        made["device_class"] = found
    if unit in _UNITS:
        made["unit_of_measurement"] = _UNITS[unit]
    return made


def _text(gateway: str, name: str, icon: str | None) -> dict[str, Any]:
    return {
        "platform": "sensor",
        "unique_id": f"neonat_{gateway}_{name}",
        "name": name.replace("_", " ").capitalize(),
        "value_template": f"{{{{ value_json.{name} }}}}",
        "expire_after": EXPIRES_S,
        **({"icon": icon} if icon else {}),
    }
