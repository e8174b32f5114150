"""Methods: how many labels one needs until it goes for what is wanted.

::

    running: members, labels
      entrant.Entrant  -- observations, labels -->  a method
                      <-- policies --

``evaluation`` measures what was chosen, ``record`` is what is kept. The rules are in
``docs/methods.md``.
"""
