"""Settings. Everything a site may change comes from the environment; the defaults run the demonstration."""

from __future__ import annotations

import os
from pathlib import Path

import dj_database_url

PACKAGE = Path(__file__).resolve().parent.parent

# Where this installation keeps what it makes: database, feeds, snapshots, runs, bank files.
HOME = Path(os.environ.get("ZHIDA_HOME", "var")).resolve()

DEBUG = os.environ.get("ZHIDA_DEBUG", "") == "1"
# Demonstration: sign-in page offers ready identities, the demo bank answers.
DEMO = os.environ.get("ZHIDA_DEMO", "") == "1"


def _secret_key() -> str:
    """Return the site's signing key; the first start makes one and keeps it beside the database, readable by its owner only."""
    if given := os.environ.get("ZHIDA_SECRET_KEY"):
        return given
    path = HOME / "secret_key"
    if not path.exists():
        HOME.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(os.urandom(32).hex())
    return path.read_text()


SECRET_KEY = _secret_key()
ALLOWED_HOSTS = os.environ.get("ZHIDA_HOSTS", "127.0.0.1,localhost").split(",")

# The packs that are installed: each a folder under zhida/packs. The platform starts with none.
INSTALLED_PACKS = [
    pack for pack in os.environ.get("ZHIDA_PACKS", "support,elder_care,childcare,employment,housing,health").split(",") if pack
]

# Systems of departments that take messages about cases: police_household=https://…, with their secrets in a variable of their own.
CASE_SYSTEMS = dict(pair.split("=", 1) for pair in os.environ.get("ZHIDA_CASE_SYSTEMS", "").split() if "=" in pair)
CASE_SYSTEM_TOKENS = dict(pair.split("=", 1) for pair in os.environ.get("ZHIDA_CASE_SYSTEM_TOKENS", "").split() if "=" in pair)

# A city's own life events beside those of the packs: folders that hold one folder for each.
LIFE_EVENT_FOLDERS = [folder for folder in os.environ.get("ZHIDA_LIFE_EVENTS", "").split(os.pathsep) if folder]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "zhida.blocks.access",
    "zhida.blocks.parties",
    "zhida.blocks.places",
    "zhida.blocks.records",
    "zhida.blocks.policies",
    "zhida.blocks.notices",
    "zhida.blocks.credentials",
    "zhida.blocks.payments",
    "zhida.blocks.tills",
    "zhida.blocks.cases",
    "zhida.blocks.indicators",
    "zhida.web",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "zhida.web.middleware.ZhidaMiddleware",
]

ROOT_URLCONF = "zhida.project.urls"
WSGI_APPLICATION = "zhida.project.wsgi.application"
AUTH_USER_MODEL = "access.UserAccount"
LOGIN_URL = "/sign-in/"
CSRF_FAILURE_VIEW = "zhida.web.errors.form_expired"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PACKAGE / "web" / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "zhida.web.context.page",
            ],
            "builtins": ["zhida.web.templatetags.zhida"],
        },
    }
]

DATABASES = {"default": dj_database_url.parse(os.environ.get("DATABASE_URL") or f"sqlite:///{HOME / 'zhida.sqlite3'}", conn_max_age=600)}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # One writer at a time and readers that never wait; the write lock is taken when a transaction begins, so it cannot fail later.
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 30,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "中文"), ("en", "English")]
USE_I18N = True
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True

STATIC_URL = "/static/"
STATICFILES_DIRS = [PACKAGE / "web" / "static"]
WHITENOISE_USE_FINDERS = True

# How notices leave the house (docs/operations.md); a channel that is not set up keeps what it should send.
SITE_URL = os.environ.get("ZHIDA_SITE_URL", "http://127.0.0.1:8000").rstrip("/")
SMTP_URL = os.environ.get("ZHIDA_SMTP", "")
MAIL_FROM = os.environ.get("ZHIDA_MAIL_FROM", "直达 Zhida <notices@localhost.localdomain>")
SMS_URL = os.environ.get("ZHIDA_SMS_URL", "")
SMS_KEY = os.environ.get("ZHIDA_SMS_KEY", "")
SMS_SECRET = os.environ.get("ZHIDA_SMS_SECRET", "")

# What signs electronic certificates: a PKCS#12 file; where none is named the installation makes a key of its own.
CERTIFICATE_KEY = os.environ.get("ZHIDA_CERTIFICATE_KEY", "")
CERTIFICATE_KEY_PASSWORD = os.environ.get("ZHIDA_CERTIFICATE_KEY_PASSWORD", "")
# How often one address may check a code or a file, counted by each server process for itself.
CHECKS_PER_MINUTE = int(os.environ.get("ZHIDA_CHECKS_PER_MINUTE", "30"))

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# How often a till may ask, counted by each server process for itself. One request may carry a hundred events.
TILL_REQUESTS_PER_MINUTE = int(os.environ.get("ZHIDA_TILL_REQUESTS_PER_MINUTE", "600"))

# Money that was paid too much: of each coming payment at most so much is kept back (basis points; a fifth), and nothing before so many
# days have passed in which the payee may object.
RECOVERY_LIMIT_BP = int(os.environ.get("ZHIDA_RECOVERY_LIMIT_BP", "2000"))
OBJECTION_DAYS = int(os.environ.get("ZHIDA_OBJECTION_DAYS", "15"))

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
