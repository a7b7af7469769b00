#!/bin/sh
# The role that the service uses: owner of its database, and nothing more. Run once, when the server is made.
set -eu
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --set password="$(cat /run/secrets/evenstock_password)" <<'SQL'
CREATE ROLE evenstock LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD :'password';
CREATE DATABASE evenstock OWNER evenstock;
REVOKE ALL ON DATABASE evenstock FROM PUBLIC;
SQL
