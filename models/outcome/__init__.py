"""Networks that predict an outcome from an image region, and maps of where they looked."""
