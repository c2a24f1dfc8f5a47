"""What `siteverify` is held against: a Django site of one view, without any middleware, on our database."""

import os

import dj_database_url

DATABASES = {"default": dj_database_url.parse(os.environ["DATABASE_URL"], conn_max_age=60, conn_health_checks=True)}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"] |= {"CONN_MAX_AGE": 0, "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20}}
SECRET_KEY = os.environ["TESSERA_SECRET_KEY"]
USE_TZ = True
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = ["learning.bench.bare_site"]
MIDDLEWARE: list[str] = []
ROOT_URLCONF = "learning.bench.bare_site.urls"
