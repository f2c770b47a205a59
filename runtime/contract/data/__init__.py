"""The contract of data: files, columns, shapes, turns and rows, as both sides read and check them."""
