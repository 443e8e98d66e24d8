"""Isolette 8000 plus (id 5701). Columns, sources and certainty: see the package."""

ID = "5701"
NAME = "Isolette 8000 plus"
ROWS = (
    ("reading", 1, "65", "skin_temperature_peripheral", "Cel", 20, 42, "tables", "2"),
    ("reading", 1, "66", "skin_temperature_central", "Cel", 25, 42, "tables", "2"),
    ("reading", 1, "6C", "relative_humidity", "%", 0, 100, "tables", "2"),
    ("reading", 1, "6D", "air_temperature", "Cel", 15, 42, "tables", "2"),
    ("reading", 1, "C0", "oxygen_concentration", "%", 15, 100, "tables", "2"),
    ("reading", 1, "C2", "skin_temperature_difference", "Cel", -5, 15, "tables", "2"),
    ("reading", 1, "F1", "convective_heater_power", "%", 0, 100, "tables", "2"),
    ("reading", 1, "F2", "body_weight", "g", 100, 9999, "tables", "2"),
    ("reading", 1, "FA", "body_weight_age", "h", 0, 9999, "tables", "2"),
    ("alarm", 1, "48", "air_temperature_error", None, None, None, "tables", "2"),
    ("alarm", 1, "A6", "check_water", None, None, None, "tables", "2"),
)
