"""Text policies by hand-written rules, which know the text alone."""

from collections import deque

STEPS = {"left": (0, -1), "down": (1, 0), "right": (0, 1), "up": (-1, 0)}


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


def seek(wanted, *avoided, corner=False):
    """A policy that takes a shortest way to the nearest cell with a name, or to the top left."""

    def policy(text):
        cells, actions = read(text)
        start = next(cell for cell, names in cells.items() if "agent" in names)
        queue, seen = deque([(start, "act")]), {start}
        while queue:
            (y, x), first = queue.popleft()
            if (y, x) == (1, 1) if corner else wanted in cells[y, x]:
                return first
            for name, (down, right) in STEPS.items():
                cell = y + down, x + right
                kept = {"wall", *avoided} if wanted not in cells[cell] else {"wall"}
                if cell not in seen and not cells[cell] & kept:
                    seen.add(cell)
                    queue.append((cell, name if first == "act" else first))
        return actions[-1]

    return policy
