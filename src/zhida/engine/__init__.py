"""The policy compiler. Rules in Python record a graph; the graph is checked, then evaluated for a city or explained for one household."""
