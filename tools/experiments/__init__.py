"""Experiments that try to break an invariant on real processes, each with a control in which it breaks.

`make experiments` runs them on PostgreSQL with Valkey, then on the SQLite default, and writes docs/experiments.md.
"""
