"""`python -m service.cli`."""

import sys

from service.cli import main

if __name__ == "__main__":  # not in the processes that the service starts
    sys.exit(main())
