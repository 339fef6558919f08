"""What the core asks of the world: one Protocol a role, its docstring the contract."""
