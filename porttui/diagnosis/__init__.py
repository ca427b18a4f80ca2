"""ReasonKind a port can or cannot be had: the socket tables and a bind probe, put together."""
