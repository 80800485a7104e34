"""Proxies in front of the example server, each with a configuration as users write it."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import browsers
import setup
from process import running

# What every proxy waits for a silent connection; the heartbeats come every second.
TIMEOUT = 4
NAME = "localhost"
SCENARIOS = "text,binary,fragments,ping,close-ours,idle,deflate-15-takeover"

NGINX = """
daemon off;
master_process off;
pid {dir}/pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {dir}/body;
    proxy_temp_path {dir}/proxy;
    fastcgi_temp_path {dir}/fastcgi;
    uwsgi_temp_path {dir}/uwsgi;
    scgi_temp_path {dir}/scgi;
    server {{
        listen 127.0.0.1:{port}{tls};
        ssl_certificate {dir}/both.pem;
        ssl_certificate_key {dir}/key.pem;
        location / {{
            proxy_pass http://127.0.0.1:{upstream};
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection upgrade;
            proxy_read_timeout {timeout}s;
        }}
    }}
}}
"""

HAPROXY = """
defaults
    mode http
    timeout connect 5s
    timeout client {timeout}s
    timeout server {timeout}s
    timeout tunnel {timeout}s
frontend front
    bind 127.0.0.1:{port} ssl crt {dir}/both.pem alpn h2,http/1.1
    default_backend back
backend back
    server echo 127.0.0.1:{upstream}
"""

APACHE = """
ServerRoot {dir}
ServerName {name}
PidFile {dir}/pid
ErrorLog {dir}/error.log
Listen 127.0.0.1:{port}
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so
SSLEngine on
SSLCertificateFile {dir}/both.pem
SSLCertificateKeyFile {dir}/key.pem
ProxyPreserveHost on
ProxyTimeout {timeout}
ProxyPass / http://127.0.0.1:{upstream}/ upgrade=websocket
"""

CADDY = """
{{
    admin off
    auto_https off
}}
https://{name}:{port} {{
    bind 127.0.0.1
    tls {dir}/both.pem {dir}/key.pem
    reverse_proxy 127.0.0.1:{upstream}
}}
"""

# The name, the configuration, whether clients speak TLS, the command, the Debian package.
PROXIES = [
    ("nginx", NGINX, False, ["nginx", "-p", "{dir}", "-c", "{file}"], "nginx-light"),
    ("nginx, TLS", NGINX, True, ["nginx", "-p", "{dir}", "-c", "{file}"], "nginx-light"),
    ("HAProxy, TLS", HAPROXY, True, ["haproxy", "-db", "-f", "{file}"], "haproxy"),
    ("Apache, TLS", APACHE, True, ["apache2", "-X", "-f", "{file}"], "apache2"),
    ("Caddy, TLS", CADDY, True, ["caddy", "run", "--adapter", "caddyfile", "--config", "{file}"],
     "caddy"),
]


@contextlib.contextmanager
def proxy(configuration, tls, command, server):
    """Start a proxy in front of the example server; yield its URL and its certificate."""
    with tempfile.TemporaryDirectory() as directory, contextlib.ExitStack() as stack:
        port = setup.free_port()
        origin = f"{'https' if tls else 'http'}://{NAME}:{port}"
        upstream, process = stack.enter_context(running(
            [server, "--listen", "127.0.0.1:0", "--origin", origin, "--idle", "1"],
            pattern=r"http://127\.0\.0\.1:(\d+)/"))
        certificate = make_certificate(directory)
        file = Path(directory) / "configuration"
        file.write_text(configuration.format(
            dir=directory, port=port, upstream=upstream, timeout=TIMEOUT, name=NAME,
            tls=" ssl" if tls else ""))
        words = [word.format(dir=directory, file=file) for word in command]
        words[0] = setup.tool(words[0]) or words[0]
        env = {**os.environ, "HOME": directory, "XDG_DATA_HOME": directory}
        stack.enter_context(running(words, wait=False, env=env))
        setup.listens(port)
        yield f"{'s' if tls else ''}://{NAME}:{port}/", certificate, process


def make_certificate(directory):
    """A certificate of the proxy, which is its own authority; with the key in `both.pem`."""
    key, certificate = f"{directory}/key.pem", f"{directory}/certificate.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", f"/CN={NAME}",
                    "-addext", f"subjectAltName=DNS:{NAME}", "-addext", "basicConstraints=CA:FALSE",
                    "-keyout", key, "-out", certificate], check=True, capture_output=True)
    with open(f"{directory}/both.pem", "w", encoding="ascii") as both:
        both.write(Path(certificate).read_text("ascii") + Path(key).read_text("ascii"))
    return certificate


def run_all(ours, args, checks, left_out):
    """Run our client, and Chromium with the server's page, through each proxy."""
    if args.install:
        setup.install({package for *_, package in PROXIES})
    try:
        server = setup.server()
    except setup.Missing as problem:
        left_out["proxies"] = str(problem)
        return
    chromium = shutil.which("chromedriver")
    if not chromium:
        left_out["a browser through each proxy"] = "chromedriver"
    for name, configuration, tls, command, package in PROXIES:
        try:
            version = setup.debian_version([package])
        except setup.Missing as problem:
            left_out[name] = str(problem)
            continue
        name = f"{name} {version}"
        with browsers.checks_of(checks, f"{name}: our client") as check:
            with proxy(configuration, tls, command, server) as (url, certificate, _):
                options = ["--ca", certificate] if tls else []
                done = subprocess.run(
                    [ours, *options, "--only", SCENARIOS, "--idle", str(3 * TIMEOUT), f"ws{url}"],
                    capture_output=True, text=True, timeout=args.timeout, check=False)
                lines = [line.split("\t") for line in done.stdout.splitlines()]
                check.problems = [f"{line[0]}: {line[-1]}" for line in lines if line[1] != "ok"]
                if len(lines) != SCENARIOS.count(",") + 1:
                    check.problems.append(f"only {len(lines)} scenarios: {done.stderr[-300:]}")
        if chromium:
            with browsers.checks_of(checks, f"{name}: Chromium") as check:
                with (proxy(configuration, tls, command, server) as (url, _, process),
                      browsers.chromium(None) as session):
                    browsers.use_page(session, f"http{url}", process)
