"""Who may ask for what. A request passes these checks in order; the first that refuses answers it:

1. ``http_protocol``: how requests are parsed (h11, no websockets).
2. ``request_checks``: the host name and the origin of the request; every answer gets the ``security_headers`` (CSP).
3. ``authentication``: a session, once there is a login or the page is open to other machines.
4. ``route_allowlist``: the paths that exist at all.

Beside them: ``sessions`` (signing in and out, waits after failed attempts), ``passwords`` (scrypt hashes) and
``file_roots`` (which files of this machine the page may read). ``app.web.server.build_app`` puts the checks together.
"""
