"""`python -m gridrunner` is `gridrunner`."""

import sys

from gridrunner.cli import main

sys.exit(main())
