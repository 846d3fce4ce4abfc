"""Experiments on real processes: what must never happen, tried many times, next to a control where it does happen.

`make experiments` runs them on PostgreSQL with Valkey, then on the SQLite default, and writes docs/experiments.md.
"""
