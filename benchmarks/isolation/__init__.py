"""Foreign policies in a locked process that gets observations and nothing else.

::

    the scorer                          the child: a fresh interpreter, nothing inherited
    policy.Isolated  -- observations ->  child.main
      process.Process <- probabilities --  loading: weights, ONNX
                       frames: lengths      limits, landlock, seccomp: before anything foreign
                       and raw bytes

docs/security.md says what each part stops.
"""
