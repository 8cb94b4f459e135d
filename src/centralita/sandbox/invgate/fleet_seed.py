"""People and assets in any number, the same ones each time: names as in Latin America, and every trouble that the
last logged-in user of a real fleet makes.

Of 100 assets about 3 have another owner than their last user (``stale_percent``), 4 have none, and the rest belong to
whoever logged in last. About one in 25 is a shared device, one in 100 has the serial number of another, and every form
of a user name occurs: ``BIDCOM\\user`` in any case, with doubled backslashes, UPN, mail, local accounts, services.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from centralita.sandbox.invgate.fleet import Asset, Fleet, Person

DOMAIN = "BIDCOM"
FIRST_PERSON, FIRST_ASSET = 5001, 1

_NAMES = (
    "Agustín Alejandra Andrés Beatriz Bruno Camila Carlos Carolina Daniela Diego Elena Emilia Esteban Facundo Fernanda "
    "Gabriel Guadalupe Héctor Ignacio Isabel Joaquín Julieta Laura Leandro Lorena Lucía Malena Martín Mercedes Nicolás "
    "Noelia Pablo Paula Ramiro Rocío Santiago Sofía Tomás Valeria Victoria"
).split()
_LASTNAMES = (
    "Acosta Aguirre Álvarez Benítez Cabrera Castro Correa Díaz Domínguez Fernández Figueroa Flores García Giménez "
    "Godoy González Herrera Ibáñez Juárez Ledesma López Luna Maldonado Martínez Medina Molina Moreno Muñoz Navarro "
    "Núñez Ojeda Ortiz Peralta Pérez Ponce Quiroga Ramírez Ríos Rojas Romero Ruiz Sosa Suárez Torres Vega Vera Villalba"
).split()
_DEPARTMENTS = ("Administración", "Comercial", "Depósito", "Finanzas", "Logística", "Marketing", "Sistemas", "Ventas")
_MODELS = ("Dell Latitude 5440", "Dell OptiPlex 7010", "HP ProBook 450", "Lenovo ThinkPad T14", "MacBook Pro 14")
_PLAIN = str.maketrans("áéíóúñü", "aeiounu")
_NOBODY = ("NT AUTHORITY\\SYSTEM", "{host}\\soporte", ".\\Administrador", "Window Manager\\DWM-1", "{host}$", "", None)


def _roll(what: str, number: int, sides: int) -> int:
    """0 to ``sides`` - 1: the same for the same question."""
    return zlib.crc32(f"{what} {number}".encode()) % sides


def _pick(of: Sequence[str], what: str, number: int) -> str:
    return of[_roll(what, number, len(of))]


def make_person(number: int) -> Person:
    """The ``number``-th person, from 0: every 40th is disabled, every 75th deleted, every 90th has no address."""
    name, lastname = _NAMES[number % len(_NAMES)], _LASTNAMES[(number * 7 + number // len(_NAMES)) % len(_LASTNAMES)]
    plain = f"{name[0]}{lastname}".lower().translate(_PLAIN)
    username = f"{plain}{number // 40 or ''}"[:20]
    return Person(
        id=FIRST_PERSON + number,
        name=f"{name} {lastname}",
        email="" if number % 90 == 89 else f"{username}@example.com",
        username=username,
        position=_pick(("Analista", "Coordinación", "Operaciones"), "position", number),
        department=_pick(_DEPARTMENTS, "department", number),
        is_disabled=number % 40 == 39,
        is_deleted=number % 75 == 74,
    )


def _host(number: int) -> str:
    kind = "KIOSCO" if number % 25 == 24 else "NB" if number % 3 else "PC"
    return f"{kind}-{number + 1:05d}"


def _write_user(person: Person, number: int) -> str:
    user = person.username
    forms = (
        f"{DOMAIN}\\{user}",
        f"{DOMAIN}\\{user}",
        f"{DOMAIN}\\{user}",
        f"{DOMAIN.lower()}\\{user}",
        f"{DOMAIN.title()}\\{user.upper()}",
        f"{DOMAIN}\\\\{user}",
        f"{user}@bidcom.local",
        f"{DOMAIN}/{user}",
        user,
        person.email or user,
        f"AzureAD\\{person.name.replace(' ', '')}",
    )
    return forms[_roll("form", number, len(forms))]


def make_asset(number: int, people: Sequence[Person], newest: datetime, stale_percent: float) -> Asset:
    """The ``number``-th asset, from 0, of somebody among ``people`` (may be empty), reported up to 14 days before
    ``newest``."""
    host = _host(number)
    serial = f"SN{zlib.crc32(f'serial {number - 1 if number % 100 == 99 else number}'.encode()):08X}"
    last_user, owner_id = _users(number, people, host, stale_percent)
    return Asset(
        id=FIRST_ASSET + number,
        name=host,
        serial="To be filled by O.E.M." if number % 200 == 150 else serial,
        inventory_id=f"ACT-{number + 1:06d}",
        reported_at=(newest - timedelta(minutes=_roll("reported", number, 14 * 1440))).isoformat(),
        asset_type="Kiosk" if host.startswith("KIOSCO") else "Notebook" if number % 3 else "Computer",
        default_ip=f"10.{number // 62500 % 250}.{number // 250 % 250}.{number % 250 + 1}",
        device_model=_pick(_MODELS, "model", number),
        last_user=last_user,
        owner_id=owner_id,
        location_id=1 + number % 3,
    )


def _users(number: int, people: Sequence[Person], host: str, stale_percent: float) -> tuple[str | None, int | None]:
    """The last user as written, and the owner's id."""
    if not people:
        return "", None
    place = _roll("user", number, len(people))
    stale = _roll("stale", number, 10_000) < stale_percent * 100
    owner = people[(place + stale) % len(people)]
    ownerless = not stale and _roll("ownerless", number, 100) < 4
    last_user: str | None = _write_user(people[place], number)
    if _roll("nobody", number, 20) == 0:
        written = _NOBODY[_roll("service", number, len(_NOBODY))]
        last_user = written and written.format(host=host)
    return last_user, None if ownerless else owner.id


def seed_fleet(
    fleet: Fleet, assets: int, people: int, stale_percent: float = 3.0, newest: datetime | None = None
) -> None:
    """Adds that many, after those that are there. Devices are of the people who were added or are there; ``newest`` is
    when the last of them reported, default now."""
    newest = newest or datetime.now(UTC).replace(microsecond=0)
    first = max((one - FIRST_PERSON + 1 for one in fleet.people), default=0)
    for number in range(first, first + people):
        fleet.add_person(make_person(number))
    everybody = list(fleet.people.values())
    first = max((one - FIRST_ASSET + 1 for one in fleet.assets), default=0)
    for number in range(first, first + assets):
        fleet.add_asset(make_asset(number, everybody, newest, stale_percent))
