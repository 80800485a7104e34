"""Where wstest comes from: the Docker image, or Python 2.7 and packages from PyPI."""

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
LOOPBACK = HERE / "loopback"
REQUIREMENTS = HERE / "requirements.txt"
IMAGE = "crossbario/autobahn-testsuite"

# The last pip for Python 2.7, and what it builds source packages with.
PIP = ["pip==20.3.4", "setuptools==44.0.0", "wheel==0.36.2"]
# C versions of masking and of the UTF-8 check. Built where a compiler is, else done without.
ACCELERATOR = "wsaccel==0.6.2"
# Debian 11 was the last release with Python 2.7. `-dev` has the headers for the accelerator.
DEBIAN_RELEASE = "bullseye"
DEBIAN_PACKAGES = ["python2.7-minimal", "libpython2.7-minimal", "libpython2.7-stdlib",
                   "libpython2.7-dev", "libssl1.1", "libffi7"]
DEBIAN_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


class Unavailable(Exception):
    """The testsuite cannot be had on this machine."""


class Wstest:
    """How to start wstest: a command to put its arguments after, and that command's environment."""

    def __init__(self, command, env, container=None):
        self.command = command
        self.env = env
        self._container = container

    def clean_up(self):
        """Remove the container, should it have outlived its `docker run`."""
        if self._container:
            subprocess.run(["docker", "rm", "--force", self._container], stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, timeout=60, check=False)


def obtain(work):
    """Return a `Wstest` that may use files under `work`. What is installed is kept there."""
    return docker_image(work) or python_packages(work / "suite")


def docker_image(work):
    """Return wstest in a container on the host's network, or None without engine or image."""
    if not succeeds("docker", "info"):
        return None
    if not succeeds("docker", "image", "inspect", IMAGE) and not succeeds("docker", "pull", IMAGE):
        say(f"the Docker image {IMAGE} cannot be had; trying Python 2.7")
        return None
    name = f"rfc6455-autobahn-{os.getpid()}"
    command = ["docker", "run", "--rm", "--init", "--name", name, "--network", "host",
               "--user", f"{os.getuid()}:{os.getgid()}",
               "--env", "PYTHONPATH=/loopback", "--env", "PYTHONUNBUFFERED=1",
               "--mount", f"type=bind,source={LOOPBACK},target=/loopback,readonly",
               "--mount", f"type=bind,source={work},target={work}",
               IMAGE, "wstest"]
    return Wstest(command, dict(os.environ), container=name)


def python_packages(home):
    """Return wstest as installed under `home`, installing it there unless that is done."""
    stamp = home / "stamp"
    recipe = hashlib.sha256(Path(__file__).read_bytes() + REQUIREMENTS.read_bytes()).hexdigest()
    with contextlib.suppress(OSError, ValueError):
        stamped_recipe, python = stamp.read_text().splitlines()
        if stamped_recipe == recipe and is_python27(python, python_env(home)):
            return installed(home, python)

    # The stamp is written last, so whatever is there without a good one is half an installation.
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    python = find_python27() or debian_python27(home)
    say(f"installing wstest for {python}")
    install(home, python)
    stamp.write_text(f"{recipe}\n{python}\n")
    return installed(home, python)


def installed(home, python):
    env = dict(python_env(home), PYTHONPATH=str(LOOPBACK), PYTHONUNBUFFERED="1",
               PYTHONDONTWRITEBYTECODE="1")
    return Wstest([python, str(home / "user" / "bin" / "wstest")], env)


def python_env(home):
    """Return an environment in which Python 2.7 finds our packages, and Debian's its libraries."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    env.update(PYTHONUSERBASE=str(home / "user"), PYTHONWARNINGS="ignore")
    usr = home / "debian" / "usr"
    for libraries in usr.glob("lib/*-linux-gnu*"):
        env.update(LD_LIBRARY_PATH=str(libraries), CFLAGS=f"-I{usr / 'include'}")
    return env


def find_python27():
    """Return the real path of a CPython 2.7 that is already on this machine, or None."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    candidates = [os.environ.get("PYTHON2"), "python2.7", "python2",
                  *map(str, sorted(pyenv.glob("versions/2.7*/bin/python2.7")))]
    for candidate in filter(None, candidates):
        if is_python27(candidate):
            # Not the path that was found: it may be a shim that works in some directories only.
            return output(candidate, "-c", "import sys; print(sys.executable)").strip()
    return None


def is_python27(python, env=None):
    check = ("import platform, sys, zlib, ssl; sys.exit("
             "sys.version_info[:2] != (2, 7) or platform.python_implementation() != 'CPython')")
    return succeeds(python, "-c", check, env=env)


def debian_python27(home):
    """Unpack, without installing, Debian 11's Python 2.7 under `home`, and return its path."""
    if not shutil.which("apt-get") or not Path(DEBIAN_KEYRING).exists():
        raise Unavailable("no Docker engine, no Python 2.7, and this is not Debian")
    say("unpacking Debian 11's Python 2.7")
    # The mirror that this machine uses for its own release also has the older one.
    sites = output("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages")
    mirror = next((s for s in sites.split() if s.rstrip("/").endswith("/debian")), None)
    if mirror is None:
        raise Unavailable("apt has no Debian mirror configured")
    apt = home / "apt"
    (apt / "lists" / "partial").mkdir(parents=True)
    (apt / "cache" / "archives" / "partial").mkdir(parents=True)
    sources = apt / "sources.list"
    sources.write_text(f"deb [signed-by={DEBIAN_KEYRING}] {mirror} {DEBIAN_RELEASE} main\n")
    settings = {"Dir::Etc::SourceList": sources, "Dir::Etc::SourceParts": "/dev/null",
                "Dir::State::Lists": apt / "lists", "Dir::Cache": apt / "cache",
                "Acquire::Languages": "none", "APT::Sandbox::User": "root"}
    apt_get = ["apt-get", "-qq", *(f"-o{key}={value}" for key, value in settings.items())]
    attempt(*apt_get, "update")
    attempt(*apt_get, "download", *DEBIAN_PACKAGES, cwd=apt)
    for package in apt.glob("*.deb"):
        attempt("dpkg-deb", "--extract", str(package), str(home / "debian"))
    shutil.rmtree(apt)
    python = str(home / "debian" / "usr" / "bin" / "python2.7")
    if not is_python27(python, python_env(home)):
        raise Unavailable("Debian 11's Python 2.7 does not run here")
    return python


def install(home, python):
    """Install wstest for `python` in the "user" directory under `home`."""
    env = python_env(home)
    wheels = home / "wheels"
    attempt(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
            "--no-deps", "--only-binary", ":all:", "--dest", str(wheels), *PIP)
    pip = ["install", "--quiet", "--disable-pip-version-check", "--user", "--ignore-installed",
           "--no-deps", "--no-warn-script-location", "--no-build-isolation"]
    pip_wheel = next(wheels.glob("pip-*.whl"))
    # A wheel is an archive that Python imports from: so pip installs itself.
    attempt(python, f"{pip_wheel}/pip", *pip, *map(str, wheels.iterdir()), env=env)
    attempt(python, "-m", "pip", *pip, "--requirement", str(REQUIREMENTS), env=env)
    if not succeeds(python, "-m", "pip", *pip, ACCELERATOR, env=env):
        say(f"{ACCELERATOR} does not build here: wstest will be slow, above all in section 9")
    attempt(python, str(home / "user" / "bin" / "wstest"), "--autobahnversion", env=env)


def attempt(*command, **options):
    """Run a step of the installation; the suite is unavailable if it fails."""
    try:
        result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, timeout=600, check=False, **options)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(str(error)) from error
    if result.returncode != 0:
        log = result.stdout.decode(errors="replace")
        raise Unavailable(f"`{' '.join(command)}` failed:\n{log}")


def succeeds(*command, env=None):
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        return subprocess.run(command, env=env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              timeout=600, check=False).returncode == 0
    return False


def output(*command):
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          text=True, timeout=60, check=False).stdout


def say(text):
    print(f"autobahn: {text}", flush=True)
