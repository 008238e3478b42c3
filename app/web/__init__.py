"""The web page: server, sign-in, routes, components and tabs."""
