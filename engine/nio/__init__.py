"""The JDK's place in the story, and the engine's only door to the kernel."""
