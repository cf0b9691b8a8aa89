"""AWS for tests: moto's server in a process of its own, on a free port of loopback, with `moto_gaps` applied.

    with start_moto() as aws:
        aws.client("autoscaling").describe_auto_scaling_groups()     # boto3
        subprocess.run([...], env=os.environ | aws.environment)      # gridrunner, terraform, an agent

Nothing of the machine's own AWS configuration is seen: credentials are made up, files and instance metadata are off.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

ROOT = Path(__file__).resolve().parents[2]
REGION = "eu-central-1"
ACCOUNT = "123456789012"  # moto's default account
START_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class MotoServer:
    """A running stand-in for AWS at `url`."""

    url: str

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to take this for AWS: boto3, the Go SDK in terraform's provider, and anything else."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            # moto answers an action that it does not know with 500, which SDKs take for a passing trouble
            "AWS_MAX_ATTEMPTS": "2",
            "NO_PROXY": "127.0.0.1,localhost",
        }

    def client(self, service: str) -> Any:
        """A boto3 client of one service."""
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
            config=Config(retries={"total_max_attempts": 2}, proxies={}),
        )

    def reset(self) -> None:
        """Forget everything. Costs two to four seconds: a fresh name for each test is cheaper."""
        request = urllib.request.Request(f"{self.url}/moto-api/reset", method="POST")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        opener.open(request, timeout=START_TIMEOUT_S).close()


@contextmanager
def start_moto(log: Path | None = None) -> Iterator[MotoServer]:
    """Start a server, and end it. It ends by itself when this process dies. `log` takes what it says."""
    with (log or Path(os.devnull)).open("ab") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.moto_server"],
            cwd=ROOT,
            env=os.environ | {"PYTHONWARNINGS": "ignore"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()  # the server says it once it listens, and ends when it cannot
        assert url.startswith("http://127.0.0.1:"), f"moto's server did not start: {url!r}; see {log}"
        yield MotoServer(url)
    finally:
        process.kill()
        process.communicate()


def _serve() -> None:
    # only the server's own process has moto, and has it patched
    from moto.moto_server import werkzeug_app  # noqa: PLC0415
    from werkzeug.serving import make_server  # noqa: PLC0415

    from tests.support import moto_gaps  # noqa: PLC0415

    moto_gaps.apply()
    app, lock = werkzeug_app.DomainDispatcherApplication(werkzeug_app.create_backend_app), threading.Lock()

    def answer_one_at_a_time(environ: Any, start_response: Any) -> list[bytes]:
        """Moto lists dictionaries while others change them: two requests at once can fail, seldom."""
        with lock, closing(app(environ, start_response)) as body:
            return list(body)

    server = make_server(
        "127.0.0.1", 0, answer_one_at_a_time, threaded=True, request_handler=werkzeug_app.MotoRequestHandler
    )
    port = server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{port}", flush=True)
    sys.stdin.read()  # until the test's process closes it, or dies


if __name__ == "__main__":
    _serve()
