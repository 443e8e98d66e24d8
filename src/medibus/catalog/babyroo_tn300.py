"""Babyroo TN300 (id 5702). Columns, sources and certainty: see the package."""

ID = "5702"
NAME = "Babyroo TN300"
ROWS = (
    ("reading", 1, "65", "skin_temperature_peripheral", "Cel", 20, 42, "tables", "2"),
    ("reading", 1, "66", "skin_temperature_central", "Cel", 25, 42, "tables", "2"),
    ("reading", 1, "6A", "mattress_temperature", "Cel", 20, 42, "tables", "2"),
    ("reading", 1, "6E", "radiant_warmer_power", "%", 0, 100, "tables", "2"),
    ("reading", 1, "C2", "skin_temperature_difference", "Cel", -5, 15, "tables", "2"),
    ("reading", 1, "CE", "perfusion_index", None, 0, 30, "tables", "2"),
    ("reading", 1, "E1", "pulse_rate", None, 20, 300, "tables", "2"),
    ("reading", 1, "EB", "oxygen_saturation", None, 0, 100, "tables", "2"),
    ("reading", 1, "F2", "body_weight", "g", 100, 9999, "tables", "2"),
    ("reading", 1, "F3", "body_weight_date", None, 101, 3112, "tables", "2"),
    ("alarm", 1, "02", "spo2_pulse_low", None, None, None, "tables", "2"),
    ("alarm", 1, "07", "spo2_low", None, None, None, "tables", "2"),
    ("alarm", 1, "1E", "spo2_pulse_high", None, None, None, "tables", "2"),
    ("alarm", 1, "22", "spo2_high", None, None, None, "tables", "2"),
    ("alarm", 1, "35", "spo2_sensor_disconnected", None, None, None, "tables", "2"),
    ("alarm", 1, "68", "spo2_error", None, None, None, "tables", "2"),
    ("alarm", 1, "DB", "spo2_desaturation", None, None, None, "tables", "2"),
    ("alarm", 1, "E0", "spo2_interference", None, None, None, "tables", "2"),
    ("alarm", 1, "E1", "spo2_sensor_expires_soon", None, None, None, "tables", "2"),
    ("alarm", 2, "7D", "mattress_temperature_error", None, None, None, "tables", "2"),
    ("alarm", 2, "80", "radiant_warmer_inoperable", None, None, None, "tables", "2"),
    ("alarm", 2, "81", "mattress_temperature_low", None, None, None, "tables", "2"),
)
