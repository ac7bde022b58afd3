"""The cardiac cycles of a clip: end-diastole and end-systole of each beat, heart rate."""
