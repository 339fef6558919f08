<<<<<<< HEAD
"""The ports answered in memory: product code for backtests and paper, under the same contracts as the rest."""
=======
"""Ports answered from memory: for backtests, paper trading and simulation, with the same contracts as the real ones."""
>>>>>>> nonce
