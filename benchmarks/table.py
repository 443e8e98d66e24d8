"""The one form in which every benchmark prints its figures."""

LABEL = 44
LEAST = 11

Cell = str | int | float | None


class Table:
    """Prints its heading at once and each row as it comes: a label, then columns to the right.

    `title` says what is counted and in which unit; a row named `baseline: …` is the machine's own.
    """

    def __init__(self, title: str, *columns: str) -> None:
        self._widths = [max(LEAST, len(name) + 2) for name in columns]
        print(f"\n{title}")
        self.row("", *columns)

    def row(self, label: str, *cells: Cell) -> None:
        """One line; whole numbers get thousands, fractions two decimals, None stays empty."""
        pairs = zip(cells, self._widths, strict=False)
        line = f"{label:<{LABEL}}" + "".join(f"{_text(cell):>{width}}" for cell, width in pairs)
        print(line.rstrip(), flush=True)


def times(value: float, baseline: float) -> str:
    """A figure as a multiple of its baseline."""
    return f"{value / baseline:.2f}x"


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell
    return f"{cell:,}" if isinstance(cell, int) else f"{cell:,.2f}"
