"""The experiments of QUALITY.md: real processes, real faults, figures. `python -m lms.experiments NAME` runs one."""
