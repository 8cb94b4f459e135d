"""A real directory: OpenLDAP's slapd on 127.0.0.1, with the attributes that Active Directory has, inside TLS."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme

BASE_DN = "dc=corp,dc=example,dc=com"
BIND_DN = f"cn=reader,{BASE_DN}"
PASSWORD = "only-for-tests"

# Active Directory's own numbers and syntaxes; objectCategory is compared by its short name there.
SCHEMA = """\
attributetype ( 1.2.840.113556.1.4.221 NAME 'sAMAccountName' EQUALITY caseIgnoreMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.656 NAME 'userPrincipalName' EQUALITY caseIgnoreMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.8 NAME 'userAccountControl' EQUALITY integerMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.2.210 NAME 'proxyAddresses' EQUALITY caseIgnoreMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.2.840.113556.1.4.782 NAME 'objectCategory' EQUALITY caseIgnoreMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
objectclass ( 1.2.840.113556.1.5.9 NAME 'user' SUP organizationalPerson STRUCTURAL
  MAY ( sAMAccountName $ userPrincipalName $ userAccountControl $ proxyAddresses $ objectCategory $ mail $
  displayName ) )
"""


@dataclass(frozen=True)
class Slapd:
    """A directory that runs."""

    ldap_url: str
    ldaps_url: str
    ca_file: Path


@dataclass(frozen=True)
class Known:
    """Somebody in it."""

    name: str
    attributes: tuple[tuple[str, str], ...]

    def ldif(self) -> str:
        lines = [f"dn: cn={self.name},{BASE_DN}", "objectClass: user", "objectCategory: person", f"sn: {self.name}"]
        return "\n".join([*lines, *(f"{name}: {value}" for name, value in self.attributes)]) + "\n"


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def _program(directory: Path) -> Path:
    # A copy: where a distribution confines slapd to its own directories, it does so by the path of the program.
    found = shutil.which("slapd", path="/usr/sbin:/usr/lib/openldap:/usr/local/libexec:/usr/bin")
    assert found, "slapd is missing: run scripts/need.sh slapd"
    return Path(shutil.copy(found, directory / "slapd"))


def _configure(directory: Path, certificate: Path) -> Path:
    (directory / "db").mkdir()
    (directory / "ad.schema").write_text(SCHEMA)
    schemas = next(place for place in map(Path, ("/etc/ldap/schema", "/etc/openldap/schema")) if place.is_dir())
    config = directory / "slapd.conf"
    config.write_text(f"""\
include {schemas}/core.schema
include {schemas}/cosine.schema
include {schemas}/inetorgperson.schema
include {directory}/ad.schema
modulepath /usr/lib/ldap:/usr/lib64/openldap
moduleload back_mdb
pidfile {directory}/slapd.pid
TLSCertificateFile {certificate}
TLSCertificateKeyFile {certificate}
database mdb
suffix "{BASE_DN}"
rootdn "{BIND_DN}"
rootpw {PASSWORD}
directory {directory}/db
""")
    return config


def _started(command: list[str]) -> tuple[subprocess.Popen[str], int, int]:
    """A process that listens on two ports. A port that was free may be somebody else's by the time it is wanted."""
    for _ in range(5):
        ldap, ldaps = _free_port(), _free_port()
        urls = f"ldap://127.0.0.1:{ldap} ldaps://127.0.0.1:{ldaps}"
        process = subprocess.Popen([*command, "-h", urls], stderr=subprocess.PIPE, text=True)
        assert process.stderr is not None
        if any("slapd starting" in line for line in process.stderr) and _listen(process, ldap, ldaps):
            return process, ldap, ldaps
        process.kill()
        process.wait(timeout=30)
    raise RuntimeError("slapd did not listen")


def _listen(process: subprocess.Popen[str], *ports: int) -> bool:
    """Whether all are taken; slapd says that it starts a moment before, and nothing later."""
    deadline = time.monotonic() + 20
    for port in ports:
        while True:
            with socket.socket() as sock:
                if sock.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if process.poll() is not None or time.monotonic() > deadline:
                return False
            time.sleep(0.01)
    return True


@contextmanager
def slapd(directory: Path, people: list[Known], host: str = "localhost") -> Iterator[Slapd]:
    """Runs one with ``people`` in it, its certificate made out to ``host``."""
    authority = trustme.CA()
    certificate, ca_file = directory / "server.pem", directory / "ca.pem"
    authority.issue_cert(host).private_key_and_cert_chain_pem.write_to_path(certificate)
    authority.cert_pem.write_to_path(ca_file)
    program, config = _program(directory), _configure(directory, certificate)
    ldif = directory / "people.ldif"
    root = f"dn: {BASE_DN}\nobjectClass: dcObject\nobjectClass: organization\no: corp\ndc: corp\n"
    ldif.write_text("\n".join([root, *(person.ldif() for person in people)]))
    add = [str(program), "-Ta", "-f", str(config), "-l", str(ldif)]
    subprocess.run(add, check=True, capture_output=True, timeout=30)
    process, ldap, ldaps = _started([str(program), "-f", str(config), "-d", "256"])
    # What it says further is read, or it would wait for a reader.
    reading = threading.Thread(target=process.communicate)
    reading.start()
    try:
        yield Slapd(f"ldap://localhost:{ldap}", f"ldaps://localhost:{ldaps}", ca_file)
    finally:
        process.terminate()
        reading.join(timeout=30)
