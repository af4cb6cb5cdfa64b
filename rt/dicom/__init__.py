"""DICOM in and out.

Values are read as clinics send them: what a value must be is checked where it is used, not by pydicom's
warnings.
"""

import pydicom

pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
