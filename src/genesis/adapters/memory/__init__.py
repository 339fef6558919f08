"""In-process implementations of the ports: product code, held to the same contracts."""
