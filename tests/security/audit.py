"""Checks requirements.lock for known vulnerabilities: ``python -m tests.security.audit``, part of ``make test``.

Asks PyPI's advisories through pip-audit. A finding fails. Without network, or with a mirror that has no advisories, it
passes with a line that says that nothing was checked.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

LOCK = Path(__file__).resolve().parent.parent.parent / "requirements.lock"
OFFLINE = ("ConnectionError", "NameResolution", "timed out", "Max retries", "Could not connect", "ProxyError")


def main() -> int:
    """The exit code."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(LOCK), "--no-deps", "--disable-pip"]
    command += ["--progress-spinner", "off", "--format", "json", "--timeout", "10"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    code, said = verdict(done.stdout, done.stderr)
    print(said)
    return code


def verdict(output: str, errors: str) -> tuple[int, str]:
    """Exit code and sentence for what pip-audit printed."""
    try:
        found: list[dict[str, Any]] = json.loads(output)["dependencies"]
    except ValueError:
        if any(sign in errors for sign in OFFLINE):
            return 0, "audit: no network, so no package was looked at."
        return 1, f"audit: pip-audit failed.\n{errors.strip()[-2000:]}"
    looked_at = [each for each in found if "skip_reason" not in each]
    bad = [
        f"  {each['name']} {each['version']}: {known['id']}, fixed in {', '.join(known['fix_versions']) or 'nothing'}"
        for each in looked_at
        for known in each["vulns"]
    ]
    if not looked_at:
        return 0, f"audit: no advisories can be reached here, so none of {len(found)} packages was looked at."
    left = f", {len(found) - len(looked_at)} not on PyPI" if len(found) > len(looked_at) else ""
    said = f"audit: {len(looked_at)} packages looked at{left}, {len(bad)} known vulnerabilities"
    return (1 if bad else 0), "\n".join([said, *bad])


if __name__ == "__main__":
    raise SystemExit(main())
