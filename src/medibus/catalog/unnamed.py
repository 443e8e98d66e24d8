"""Known devices whose codes are not: every name and unit is null, every value kept raw."""

ID = "unnamed"
NAME = "device without a table"
ROWS = ()
