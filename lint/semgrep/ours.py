"""Controls of ours.yml: what stands under `ruleid` must be found, what stands under `ok` must not. Never imported, never run."""

import asyncio
import datetime
import os
import pickle
import socket
import ssl
import subprocess

import httpx
import requests
import sqlalchemy as sa
import yaml


def statements(books, request, body, sku, _TABLE, MOST):
    # ruleid: values-in-sql
    books.execute(f"SELECT units FROM stock_balance WHERE sku = '{sku}'")
    # ruleid: values-in-sql
    sa.text("DELETE FROM price WHERE sku = '%s'" % sku)
    # ruleid: values-in-sql
    sa.text("DELETE FROM price WHERE sku = '{}'".format(sku))
    # ruleid: values-in-sql
    books.exec_driver_sql("SELECT units FROM price WHERE sku = " + sku)
    # ok: values-in-sql
    books.execute(sa.text("SELECT units FROM price WHERE sku = :sku"), {"sku": sku})
    # ok: values-in-sql
    books.exec_driver_sql(f"SELECT units FROM {_TABLE} LIMIT {MOST}")
    # ok: values-in-sql
    books.exec_driver_sql(f"SHOW {sku}")
    wish = "SELECT " + body.columns
    # ruleid: values-from-outside-in-sql
    books.execute(wish)
    order = "SELECT id FROM price ORDER BY " + request.query_params["by"]
    # ruleid: values-from-outside-in-sql
    books.exec_driver_sql(order)
    # ok: values-from-outside-in-sql
    books.execute(sa.text("SELECT units FROM price WHERE sku = :sku"), {"sku": body.sku})


def machines(address):
    # ruleid: network-beside-egress
    httpx.get(address, timeout=3)
    # ruleid: network-beside-egress
    client = httpx.Client(timeout=3)
    # ruleid: network-beside-egress
    requests.post(address, timeout=3)
    # ruleid: network-beside-egress
    socket.create_connection((address, 443))
    # ok: network-beside-egress
    client.get(address)


async def asked(address):
    # ruleid: network-beside-egress
    await asyncio.open_connection(address, 443)


def moments(seconds):
    # ruleid: moment-without-zone
    datetime.datetime.now()
    # ruleid: moment-without-zone
    datetime.datetime.utcnow()
    # ruleid: moment-without-zone
    datetime.datetime.fromtimestamp(seconds)
    # ok: moment-without-zone
    datetime.datetime.now(datetime.UTC)
    # ok: moment-without-zone
    datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def logs(_LOG, logger, configuration, password, request, name):
    # ruleid: secret-in-a-log
    _LOG.info("signed in with %s", password)
    # ruleid: secret-in-a-log
    logger.warning(f"wrong: {password}")
    # ruleid: secret-in-a-log
    _LOG.error("refused", extra_secret=configuration.client_secret)
    # ruleid: secret-in-a-log
    _LOG.debug("came with %s", request.headers["authorization"])
    # ruleid: revealed-in-a-log
    _LOG.info("began with %s", configuration.key.reveal())
    # ok: secret-in-a-log
    _LOG.info("%s signed in; the password was right", name)


def loads(body):
    # ruleid: runs-what-it-reads
    pickle.loads(body)
    # ruleid: runs-what-it-reads
    yaml.load(body, Loader=yaml.Loader)
    # ruleid: runs-text
    eval(body)
    # ruleid: runs-text
    exec(body)
    # ok: runs-what-it-reads
    yaml.safe_load(body)


def programs(words):
    # ruleid: shell
    subprocess.run(words, shell=True)
    # ruleid: shell
    os.system(words)
    # ok: shell
    subprocess.run(["git", *words], check=True)


# ruleid: route-without-guard
@ROUTER.get("/open")
def open_route(request):
    return said({})


# ruleid: route-without-guard
@ROUTER.post("/awaited")
async def awaited_route(request):
    return said({})


# ok: route-without-guard
@ROUTER.get("/orders")
@guarded(Action.ORDERS_READ, Load.CONSOLE)
def orders(request):
    return said({})


# ok: route-without-guard
@ROUTER.get("/health")
@open_to_all(Load.CONSOLE)
async def health():
    return said({})


def peers(address, context):
    # ruleid: unverified-peer
    carrier = Wire(address, verify=False)
    # ruleid: unverified-peer
    context.verify_mode = ssl.CERT_NONE
    # ok: unverified-peer
    return Wire(address, verify=True), carrier
