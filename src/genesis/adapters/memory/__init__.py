"""The ports answered in memory: product code for backtests and paper, under the same contracts as the rest."""
