"""System calls through strace: no privilege needed, two to four times slower."""
