"""The in-process side of the ports: product code under the same contracts as the real adapters."""
