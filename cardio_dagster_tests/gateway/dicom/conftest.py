"""What the tests of DICOM in need of their process."""

import multiprocessing.util

# The receiver sets the folder of temporary files for its process; multiprocessing keeps the first one that it sees for ever,
# and the path of a test's folder is too long for a socket. In a receiver's own process nothing else runs.
multiprocessing.util.get_temp_dir()
