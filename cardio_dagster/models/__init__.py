"""The models floor: ONNX files, one card each, and the catalogue that vouches for them.

Belongs here: which model files exist, their hashes, and loading them. Not here: what goes
into a model or what is made of its output (modalities/), or how it was trained (training/).
"""
