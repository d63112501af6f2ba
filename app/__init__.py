"""The application: draws traces on the stage and holds the command line."""
