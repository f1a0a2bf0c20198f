"""Checks of data sets: files, masks, and duplicates within and between lists."""
