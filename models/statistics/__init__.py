"""What is learnt from tables without torch: survival, subtypes, outcome models, and their figures."""
