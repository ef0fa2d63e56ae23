"""`partnerhook migrate`."""
