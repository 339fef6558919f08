"""The shapes that Bitfinex puts on the wire, row by row, and nothing else: no meaning, no sign rules, no IO."""
