"""Python programs that are interrupted, and processes that end before they are written to."""

import os
import subprocess

# What is started in the background of a shell ignores Ctrl-C, and so does all that it starts.
HEED = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"


class EndedProcess(subprocess.Popen):
    """A process that has ended, and is still to be waited for, before it can be written to.

    On a busy machine any may: that it has ended must be learnt by reading, not by a failed write.
    """

    def __init__(self, *given, **named):
        super().__init__(*given, **named)
        os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
