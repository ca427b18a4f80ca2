"""Linux, read from /proc and acted on through pidfds."""
