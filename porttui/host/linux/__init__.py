"""Linux: netlink, /proc and pidfds."""
