"""`python -m splitphase`."""

from splitphase.cli import main

raise SystemExit(main())
