"""The shim in front of compiler wrappers: what a call is, what it depends on, and what stands in for it."""
