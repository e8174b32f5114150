"""Pages with playable levels, and the lesson that ``mesa-gym demo`` opens in a browser."""
