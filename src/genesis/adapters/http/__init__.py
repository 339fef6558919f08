"""The HTTP side of a running system: a guard, a Litestar application, and the server that carries both."""
