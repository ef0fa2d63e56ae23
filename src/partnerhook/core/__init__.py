"""The pure core: no I/O, no await, no clock, no environment, no randomness, no logging.

Bytes, verified bytes, envelope, observations, solution. Each module takes the previous type and
returns the next; everything outside of this package is plumbing around it.
"""
