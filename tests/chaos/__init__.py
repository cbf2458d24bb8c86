"""`make chaos`: the engine under kills, faults and doubles. CONTRIBUTING.md says what it does and how to read it."""
