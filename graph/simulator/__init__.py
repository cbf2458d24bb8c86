"""A pretend Microsoft cloud over HTTP: tokens, Graph, the Exchange admin endpoint, and a control plane.

It stands in for Microsoft in the demo, in tests and in measurements. It knows nothing of Petra's own client code, so
that each of the two can judge the other. Started with ``python -m graph.simulator``.
"""
