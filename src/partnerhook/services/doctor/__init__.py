"""Look at everything that has to be right for webhooks to arrive and to be believed. Changes nothing.

Each file looks at one thing and returns findings: one line each, and what to do where it is not right.
"""
