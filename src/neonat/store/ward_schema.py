"""Tables of what people add to the data: names in time, who may what, what was done.

`id` numbers are never given twice: the trail names them. Keys of sessions, tokens and of the
one-time link are SHA-256 of what their owners hold, passwords are argon2 hashes.
"""

# ruff: noqa: S608 - statements are put together from this package's own text only.

from neonat.store.views import Views

_TABLES = """
CREATE TABLE assignment(
  id {id}, gateway TEXT NOT NULL, bed TEXT, room TEXT, device TEXT, patient TEXT,
  start {whole} NOT NULL, until {whole});
CREATE INDEX assignment_gateway ON assignment(gateway, start);
CREATE TABLE person(
  id {id}, name TEXT NOT NULL UNIQUE, password TEXT, subject TEXT UNIQUE, role TEXT,
  disabled {whole} NOT NULL DEFAULT 0, language TEXT, created_at {whole} NOT NULL,
  signed_in_at {whole});
CREATE TABLE session(
  key TEXT PRIMARY KEY, person {whole} NOT NULL, csrf TEXT NOT NULL, created_at {whole} NOT NULL,
  expires_at {whole} NOT NULL);
CREATE TABLE token(
  id {id}, key TEXT NOT NULL UNIQUE, name TEXT NOT NULL, person {whole} NOT NULL,
  role TEXT NOT NULL, created_at {whole} NOT NULL, expires_at {whole}, used_at {whole});
CREATE TABLE setup(key TEXT PRIMARY KEY, expires_at {whole} NOT NULL);
CREATE TABLE tile_order(person {whole} PRIMARY KEY, names TEXT NOT NULL);
CREATE TABLE trail(
  id {id}, at {whole} NOT NULL, person TEXT, via TEXT NOT NULL, action TEXT NOT NULL,
  gateway TEXT, outcome TEXT NOT NULL, details TEXT NOT NULL);
CREATE INDEX stretch_begun ON stretch(request, unset, at);
"""

# For the alarm log: what stood at a time at each gateway.
LINES = "CREATE INDEX stretch_line ON stretch(gateway, request, unset, at, boot, seq);"


def ward_script(views: Views, identity: str, whole: str) -> str:
    """The statements that create them, and the public view `assignments`."""
    iso = views.iso
    return (
        _TABLES.format(id=identity, whole=whole)
        + f"""
CREATE VIEW assignments AS
SELECT id, gateway, bed, room, device, patient, {iso("start")} AS at,
  CASE WHEN until IS NULL THEN NULL ELSE {iso("until")} END AS until
FROM assignment;
"""
    )
