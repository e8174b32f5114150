"""Text observations, read as the text itself explains them."""


def read(text):
    """The names in each cell, and the names of the actions, as the text itself explains them."""
    lines = text.splitlines()
    middle = lines.index("signs:")
    signs = dict(line.split(" = ") for line in lines[middle + 1 :] if " = " in line)
    cells = {
        (y, x): {signs[sign] for sign in cell} - {"nothing"}
        for y, row in enumerate(lines[1:middle])
        for x, cell in enumerate(row.split())
    }
    return cells, lines[-1].removeprefix("actions: ").split(", ")
