"""What the board does first: nothing that could fail."""

import gc

gc.threshold(16384)
