"""DICOM in: what hospitals send by C-STORE or STOW-RS, gathered by study on disk and delivered into the landing zone."""
