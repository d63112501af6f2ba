"""Which function of the watched program ran when: source beside the kernel's events."""
