"""All settings in one file. With nothing set: SQLite, a file-system broker and local media, all under var/."""

from datetime import timedelta
from pathlib import Path

import dj_database_url
from django.templatetags.static import static
from django.urls import reverse_lazy

from config import admin_colours, env
from config.secret import secret_key

BASE_DIR = Path(__file__).resolve().parents[2]
VAR_DIR = env.folder("TESSERA_VAR_DIR", BASE_DIR / "var")
WEIGHTS_DIR = env.folder("TESSERA_WEIGHTS_DIR", VAR_DIR / "weights")
DEVICE = env.text("TESSERA_DEVICE", "auto")
GPUS_A_RUN = env.text("TESSERA_GPUS_A_RUN", "1")
COMPILE = env.text("TESSERA_COMPILE", "auto")

DEBUG = env.flag("TESSERA_DEBUG", False)
SECRET_KEY = env.text("TESSERA_SECRET_KEY") or secret_key(VAR_DIR)
ALLOWED_HOSTS = env.words("TESSERA_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("TESSERA_TRUSTED_ORIGINS")
# Behind a proxy that ends TLS, cookies are for HTTPS alone and the proxy's word about the scheme is taken.
BEHIND_TLS = env.flag("TESSERA_BEHIND_TLS", False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_TLS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS else None

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "accounts",
    "gallery",
    "annotations",
    "annotations.sites",
    "learning",
]

MIDDLEWARE = [
    "annotations.sites.middleware.VerifyMiddleware",  # first: what it answers needs nothing of the others
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "annotations.sites.cookieless.CookielessMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "annotations.identity.AnnotatorMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# ── Where things are kept ────────────────────────────────────────────────────────────────────────────────────────────
DATABASES = {
    "default": dj_database_url.parse(
        env.text("DATABASE_URL") or f"sqlite:///{VAR_DIR / 'tessera.sqlite3'}",
        conn_max_age=60,
        conn_health_checks=True,
    )
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["CONN_MAX_AGE"] = 0
    DATABASES["default"]["OPTIONS"] = {
        # A transaction takes the write lock when it starts: a reader who turns writer can't be refused half-way.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = env.text("REDIS_URL")
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": VAR_DIR / "cache"}
}
LIMITS_STORE = REDIS_URL or "memory://"  # where it is counted who asks how often
# Embedded, all that come may share one address: everybody at this machine.
EMBEDDED = DATABASES["default"]["ENGINE"].endswith("sqlite3") and not REDIS_URL
NETWORK_LIMITS = env.flag("TESSERA_NETWORK_LIMITS", not EMBEDDED)
MEDIA_ROOT = env.folder("TESSERA_MEDIA_DIR", VAR_DIR / "media")
MEDIA_URL = "media/"
STATIC_URL = "static/"
STATIC_ROOT = env.folder("TESSERA_STATIC_DIR", VAR_DIR / "static")
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if env.flag("TESSERA_HASHED_STATIC", False)
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = True
STATIC_ROOT.mkdir(parents=True, exist_ok=True)

# ── People ───────────────────────────────────────────────────────────────────────────────────────────────────────────
AUTH_USER_MODEL = "accounts.User"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = reverse_lazy("login")
LOGIN_REDIRECT_URL = reverse_lazy("datasets")
LOGOUT_REDIRECT_URL = reverse_lazy("home")
EMAIL_BACKEND = env.text("TESSERA_EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend")
EMAIL_HOST = env.text("TESSERA_EMAIL_HOST", "localhost")
EMAIL_PORT = env.number("TESSERA_EMAIL_PORT", 25)
DEFAULT_FROM_EMAIL = env.text("TESSERA_FROM_EMAIL", "Tessera <tessera@localhost>")

# ── Language and time ────────────────────────────────────────────────────────────────────────────────────────────────
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("es", "Español"), ("ar", "العربية")]  # each by its own name
LOCALE_PATHS = [BASE_DIR / "platform" / "locale"]
USE_I18N = True
TIME_ZONE = "UTC"
USE_TZ = True

# ── API ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticatedOrReadOnly"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "config.api.Pages",
    "PAGE_SIZE": 50,
    "EXCEPTION_HANDLER": "config.api.problem_details",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
REST_KNOX = {"TOKEN_TTL": timedelta(days=365), "USER_SERIALIZER": None}
SPECTACULAR_SETTINGS = {
    "ENUM_NAME_OVERRIDES": {
        "SuspicionEnum": "annotations.models.Suspicion",
        "WorkStateEnum": "gallery.work.WorkState",
        "VersionStateEnum": "learning.models.VersionState",
        "ChallengeKindEnum": "annotations.challenges.registry.CHOICES",
        "UnseenKindEnum": "annotations.models.UnseenKind",
        "ExplanationKindEnum": "learning.models.ExplanationKind",
    },
    "TITLE": "Tessera",
    "DESCRIPTION": "People label images by solving challenges; every answer trains the models that tag images.",
    "VERSION": "1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
}

# ── Sites with the widget ────────────────────────────────────────────────────────────────────────────────────────────
TEST_KEYS = env.flag("TESSERA_TEST_KEYS", False)  # those that the vendors publish, with which everybody passes

# ── Uploads ──────────────────────────────────────────────────────────────────────────────────────────────────────────
UPLOAD_MAX_BYTES = env.number("TESSERA_UPLOAD_MAX_MB", 20) * 2**20
UPLOAD_MAX_PIXELS = env.number("TESSERA_UPLOAD_MAX_MEGAPIXELS", 60) * 10**6
DATA_UPLOAD_MAX_NUMBER_FILES = 100

# ── Work: the database is its truth, the broker a door-bell ──────────────────────────────────────────────────────────
CELERY_BROKER_URL = REDIS_URL or "filesystem://localhost"
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {"socket_timeout": 5}
    if REDIS_URL
    else {
        "data_folder_in": str(VAR_DIR / "broker"),
        "data_folder_out": str(VAR_DIR / "broker"),
        "control_folder": str(VAR_DIR / "broker-control"),
        "polling_interval": 0.1,
    }
)
CELERY_TASK_ALWAYS_EAGER = env.flag("TESSERA_EAGER", False)
CELERY_TASK_IGNORE_RESULT = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
NETWORKS_BYTES = env.number("TESSERA_NETWORKS_MB", 512) * 2**20  # of versions, that a worker keeps at hand
TRAIN_SLICE = env.number("TESSERA_TRAIN_SLICE", 120)  # seconds, after which a run gives way to what others wait for
_POOL_QUEUE = {"queue": env.text("TESSERA_POOL_QUEUE", "celery")}
CELERY_TASK_ROUTES = {
    "annotations.stock": {"queue": env.text("TESSERA_SHELF_QUEUE", "celery")},
    "learning.train": {"queue": env.text("TESSERA_TRAIN_QUEUE", "celery")},
    "learning.retag": _POOL_QUEUE,
    "learning.sample": _POOL_QUEUE,
}
CELERY_BEAT_SCHEDULE = {
    "tick": {"task": "learning.tick", "schedule": 10.0, "options": {"expires": 10}},
    "train": {"task": "learning.train_what_is_due", "schedule": 2.0, "options": {"expires": 2}},
    "stock": {"task": "annotations.stock", "schedule": 3.0, "options": {"expires": 3}},
    "visits": {"task": "sites.visits_forget", "schedule": 3600.0, "options": {"expires": 3600}},
}
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_PROC_ALIVE_TIMEOUT = 120  # seconds for a process to start: it loads torch, on busy cores slowly
if not REDIS_URL:
    for name in ("broker", "broker-control"):
        (VAR_DIR / name).mkdir(parents=True, exist_ok=True)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.text("TESSERA_LOG_LEVEL", "INFO")},
}

# ── The admin, in the platform's colours ─────────────────────────────────────────────────────────────────────────────
UNFOLD = {
    "SITE_TITLE": "Tessera",
    "SITE_HEADER": "Tessera",
    "SITE_URL": "/",
    "SITE_ICON": lambda request: static("tessera/favicon.svg"),
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("tessera/favicon.svg")},
    ],
    "COLORS": {"base": admin_colours.BASE, "primary": admin_colours.LAPIS},
}
