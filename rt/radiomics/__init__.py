"""Image features by the definitions and names of the Image Biomarker Standardisation Initiative (IBSI)."""
