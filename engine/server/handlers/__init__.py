"""One module a group of requests; each handler takes the broker, a request and the way to answer."""
