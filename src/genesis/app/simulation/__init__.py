"""The whole of Genesis in virtual time, against the venue, with faults by seed, and a checker outside of it."""
