"""Benchmarks, as ratios to yardsticks measured in the same run; `make bench` writes docs/benchmarks.md."""
