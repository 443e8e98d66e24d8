"""BiliLux (id 6300). Columns, sources and certainty: see the package."""

ID = "6300"
NAME = "BiliLux"
ROWS = (
    ("reading", 1, "A2", "phototherapy_duration", None, None, None, "tables", "2"),
    ("reading", 1, "A3", "phototherapy_irradiance", None, None, None, "tables", "2"),
)
