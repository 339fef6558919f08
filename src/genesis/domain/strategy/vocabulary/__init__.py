"""The words of strategies by what they are about; `features` has them all in one place."""
