"""Sizes of a chamber in one apical plane: discs, area and length, diameters, walls."""
