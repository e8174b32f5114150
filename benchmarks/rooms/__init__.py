"""Rooms: locked processes in which code of strangers works, called by name with arrays.

::

    the evaluator                         a room: a fork of a clean interpreter, nothing inherited
    code: where a class is                inside: locks, then the class, then calls of it
    room, policy  --- calls, values --->  players: policies that act
                  <-- calls, values ---   locks: before anything foreign
    start: the interpreter, its forks     messages: MessagePack by type hints, nothing unpickled

docs/studies/security.md says what each part stops.
"""
