"""`python -m neonat` is the `neonat` command."""

import sys

from neonat.cli.main import main

sys.exit(main())
