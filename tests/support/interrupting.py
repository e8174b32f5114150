"""Python programs that are interrupted."""

# What is started in the background of a shell ignores Ctrl-C, and so does all that it starts.
HEED = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
