"""How fast it is, as ratios to yardsticks of the same run; `make bench` writes docs/benchmarks.md."""
