"""System calls as Python makes them, seen from inside: no privilege, any Unix."""
