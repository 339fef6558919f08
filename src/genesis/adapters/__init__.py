"""What answers the ports: each knows one library."""
