"""Signed load at a rate, for testing any receiver.

`lives` says what is sent, `wire` sends it, `load` paces it, `outcome` counts what came of it.
"""
