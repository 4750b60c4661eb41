"""One settings file; everything that differs between places comes from the environment.

Names begin with ``ONEWINDOW_`` (and ``DATABASE_URL``). An unknown ``ONEWINDOW_`` name is refused at start,
because a misspelt security setting that is silently ignored is worse than a server that does not start.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from environs import Env

BASE_DIR = Path(__file__).resolve().parent.parent
PROJECT_DIR = BASE_DIR.parent

KNOWN = {
    "ONEWINDOW_DEBUG": "1 shows errors in full; never in production",
    "ONEWINDOW_SECRET_KEY": "signs sessions and links; at least 50 random characters",
    "ONEWINDOW_FIELD_KEY": "keys the digests of identity numbers; keep it with the backups' key",
    "ONEWINDOW_ALLOWED_HOSTS": "host names that this server answers to, comma-separated",
    "ONEWINDOW_BASE_URL": "address printed in QR codes and texts, e.g. https://zw.example.gov.cn",
    "ONEWINDOW_DATA_DIR": "database (if SQLite), uploads, papers, message files",
    "ONEWINDOW_DEMO": "1 marks every page as a demonstration",
    "ONEWINDOW_CITY": "name of the city or county in Chinese",
    "ONEWINDOW_CITY_EN": "the same in English",
    "ONEWINDOW_LETTER_PREFIX": "first characters of a paper's serial, e.g. 肇政务",
    "ONEWINDOW_REGION": "division code of the city or county, six digits",
    "ONEWINDOW_SECURE": "1 = behind HTTPS: secure cookies, HSTS, redirect",
    "ONEWINDOW_MFA": "required = privileged roles must have a second factor; optional = may (demo)",
    "ONEWINDOW_PROXIES": "how many reverse proxies in front are trusted to name the caller in X-Forwarded-For",
    "ONEWINDOW_THREADS": "requests that one server process works on at once (`onewindow serve --threads` sets it)",
    "ONEWINDOW_SESSION_MINUTES": "a staff session without a click ends after so many minutes",
    "ONEWINDOW_SEAL": "adapter for electronic seals: dotted path to a class; the shipped one marks papers as a test",
    "ONEWINDOW_SMS": "channel of text messages: console, file, or package.module:function of a gateway",
    "ONEWINDOW_SPEECH": "who speaks the calls of the hall: file, console, none or package.module:function",
    "ONEWINDOW_PROVINCE": "where reviews are reported: empty = nowhere, file, an https address, or package.module:function",
    "ONEWINDOW_PROVINCE_MAP": "names and codes of that report: interface, gbt39046, or a file of your own (JSON)",
    "ONEWINDOW_PROVINCE_TOKEN": "bearer token that the province has given",
    "ONEWINDOW_MAIL_FROM": "sender of e-mails; the server is named by EMAIL_URL, e.g. smtp://user:password@host:25",
    "ONEWINDOW_REGISTERS": "connector to neighbours' registers: none, local (an invented one) or module:Class",
    "ONEWINDOW_REGISTERS_TIMEOUT": "seconds after which a register counts as not answering",
    "ONEWINDOW_REGISTERS_DELAY": "local register: milliseconds before it answers",
    "ONEWINDOW_REGISTERS_FAULTS": "local register: percent of questions that get no answer",
    "ONEWINDOW_METRICS_TOKEN": "bearer token of /metrics; empty = only from this machine",
    "ONEWINDOW_LOG_LEVEL": "DEBUG, INFO, WARNING or ERROR",
    "ONEWINDOW_TEST_REQUIRE": "tests: parts that may not be skipped (postgres, browser)",
}
unknown = sorted(n for n in os.environ if n.startswith("ONEWINDOW_") and n not in KNOWN)
if unknown:
    raise ImproperlyConfigured(f"Unknown settings: {', '.join(unknown)}. Known: {', '.join(sorted(KNOWN))}.")

env = Env()
TESTING = "pytest" in sys.modules
DEBUG = env.bool("ONEWINDOW_DEBUG", False)
DEMO = env.bool("ONEWINDOW_DEMO", False)
SECURE = env.bool("ONEWINDOW_SECURE", not (DEBUG or DEMO or TESTING))
DATA_DIR = Path(env.str("ONEWINDOW_DATA_DIR", str(PROJECT_DIR / "var")))
DATA_DIR.mkdir(parents=True, exist_ok=True)


def _kept_secret(name: str, file: str) -> str:
    """The secret from the environment; without one (demo, tests, one small hall) a random one kept in DATA_DIR."""
    if value := env.str(name, ""):
        return value
    path = DATA_DIR / file
    if not path.exists():
        import secrets

        try:
            with open(path, "x", opener=lambda p, flags: os.open(p, flags, 0o600)) as new:
                new.write(secrets.token_urlsafe(64))
        except FileExistsError:
            pass
    return path.read_text().strip()


SECRET_KEY = _kept_secret("ONEWINDOW_SECRET_KEY", "secret-key")
FIELD_KEY = _kept_secret("ONEWINDOW_FIELD_KEY", "field-key")
BASE_URL = env.str("ONEWINDOW_BASE_URL", "http://localhost:8000").rstrip("/")
ALLOWED_HOSTS = env.list("ONEWINDOW_ALLOWED_HOSTS", ["*"] if DEMO or DEBUG else ["localhost", "127.0.0.1"])
CITY = {
    "name": env.str("ONEWINDOW_CITY", "肇东市（演示）" if DEMO or TESTING else "本市"),
    "name_en": env.str("ONEWINDOW_CITY_EN", "Zhaodong (demonstration)" if DEMO or TESTING else "Our city"),
}
REGION = env.str("ONEWINDOW_REGION", "231282")
LETTER_PREFIX = env.str("ONEWINDOW_LETTER_PREFIX", "肇政务")
SPEECH = env.str("ONEWINDOW_SPEECH", "console" if DEBUG else "file")
if SPEECH not in ("file", "console", "none") and ":" not in SPEECH:
    raise ImproperlyConfigured("ONEWINDOW_SPEECH: file, console, none or package.module:function.")
PROVINCE = env.str("ONEWINDOW_PROVINCE", "")
if PROVINCE and PROVINCE != "file" and ":" not in PROVINCE:
    raise ImproperlyConfigured(
        "ONEWINDOW_PROVINCE: empty, file, an https address, or package.module:function."
    )
PROVINCE_MAP = env.str("ONEWINDOW_PROVINCE_MAP", "interface")
PROVINCE_TOKEN = env.str("ONEWINDOW_PROVINCE_TOKEN", "")
SMS_GATEWAY = env.str("ONEWINDOW_SMS", "file" if not DEBUG else "console")
SMS_CHANNEL = SMS_GATEWAY if SMS_GATEWAY in ("console", "file") else "sms"
if SMS_CHANNEL == "sms" and ":" not in SMS_GATEWAY:
    raise ImproperlyConfigured(
        "ONEWINDOW_SMS: console, file, or package.module:function (docs/howto/connect-text-messages.md)."
    )
_mail = env.dj_email_url("EMAIL_URL", "console://" if DEMO or DEBUG or TESTING else "smtp://localhost:25")
for _name in ("EMAIL_BACKEND", "EMAIL_HOST", "EMAIL_PORT", "EMAIL_HOST_USER", "EMAIL_HOST_PASSWORD"):
    globals()[_name] = _mail.get(_name, "")
EMAIL_USE_TLS, EMAIL_USE_SSL = _mail.get("EMAIL_USE_TLS", False), _mail.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.str("ONEWINDOW_MAIL_FROM", "onewindow@localhost")
REGISTERS = env.str("ONEWINDOW_REGISTERS", "local" if DEMO or TESTING else "none")
REGISTERS_TIMEOUT = env.float("ONEWINDOW_REGISTERS_TIMEOUT", 3.0)
REGISTERS_DELAY = env.int("ONEWINDOW_REGISTERS_DELAY", 0 if TESTING else 120)
REGISTERS_FAULTS = env.int("ONEWINDOW_REGISTERS_FAULTS", 0)
THREADS = env.int("ONEWINDOW_THREADS", 4)
METRICS_TOKEN = env.str("ONEWINDOW_METRICS_TOKEN", "")
MFA_REQUIRED = env.str("ONEWINDOW_MFA", "optional" if DEMO or TESTING else "required") == "required"

INSTALLED_APPS = [
    "onewindow.config",
    "onewindow.sim",
    "onewindow.board",
    "onewindow.my",
    "onewindow.voice",
    "onewindow.walks",
    "onewindow.hall",
    "onewindow.issues",
    "onewindow.window",
    "onewindow.approvals",
    "onewindow.pledges",
    "onewindow.licences",
    "onewindow.catalog",
    "onewindow.exchange",
    "onewindow.cases",
    "onewindow.org",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "ninja",
    "csp",
    "onewindow.config.admin_config.StaffAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "onewindow.config.middleware.request_id",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "onewindow.config.middleware.measured",
    "onewindow.config.middleware.kept_private",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "onewindow.config.middleware.language_and_view",
    "onewindow.config.middleware.whole_addresses",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "onewindow.config.middleware.session_while_at_work",
    "onewindow.config.middleware.second_factor",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "onewindow.config.urls"
WSGI_APPLICATION = "onewindow.config.wsgi.application"
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
                "onewindow.config.context.page",
            ],
        },
    },
]

SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    # FULL, not NORMAL: NORMAL lost acknowledged commits in 36 of 40 simulated power cuts (docs/adr/0002).
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-64000;"
    " PRAGMA mmap_size=268435456; PRAGMA foreign_keys=ON;",
}
DATABASES = {"default": env.dj_db_url("DATABASE_URL", f"sqlite:///{DATA_DIR}/onewindow.sqlite3")}
_db = DATABASES["default"]
if _db["ENGINE"].endswith("sqlite3"):
    _db["ENGINE"] = "onewindow.config.sqlite"  # Django's own, whose writers queue
    _db["OPTIONS"] = {**SQLITE_OPTIONS, **_db.get("OPTIONS", {})}
    _db["CONN_MAX_AGE"] = None
elif _db["ENGINE"].endswith("postgresql"):
    _db["CONN_MAX_AGE"] = 600
    _db["CONN_HEALTH_CHECKS"] = True
    _db["OPTIONS"] = {"prepare_threshold": 3, "server_side_binding": True, **_db.get("OPTIONS", {})}
else:
    raise ImproperlyConfigured("DATABASE_URL: use sqlite:///… (one small hall) or postgres://… (a city).")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# The cache holds rate-limit counters and must be shared by all server processes: a table does that everywhere. Beyond
# MAX_ENTRIES a third of it is thrown away whether its time is over or not, and with Django's 300 a busy morning would
# take away the counters of wrong passwords and the worker's sign of life.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache"
        if TESTING
        else "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "onewindow_cache",
        "OPTIONS": {"MAX_ENTRIES": 20_000},
    }
}

AUTH_USER_MODEL = "org.Person"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_HASHERS = (
    ["django.contrib.auth.hashers.MD5PasswordHasher"]
    if TESTING
    else ["django.contrib.auth.hashers.Argon2PasswordHasher"]
)
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/start/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_FORMS = {"login": "onewindow.config.accounts.StaffLoginForm"}
ACCOUNT_ADAPTER = "onewindow.config.accounts.StaffAdapter"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_RATE_LIMITS = {"login": "120/m/ip", "login_failed": "20/m/ip,5/300s/key"}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "OneWindow"
MFA_ADAPTER = "onewindow.config.accounts.StaffFactorAdapter"
MFA_FORMS = {"authenticate": "onewindow.config.accounts.SecondFactorForm"}
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("ONEWINDOW_PROXIES", 0)
SESSION_COOKIE_AGE = env.int("ONEWINDOW_SESSION_MINUTES", 60) * 60
SESSION_SAVE_EVERY_REQUEST = False
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "onewindow.config.errors.csrf_failure"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SECURE_SSL_REDIRECT = SECURE
SECURE_HSTS_SECONDS = 31536000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
# "no-referrer" would make browsers send "Origin: null" with our own forms, which the CSRF check refuses.
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "media-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "object-src": ["'none'"],
    }
}

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Chinese")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_NAME = "ow_lang"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = DATA_DIR / "static"
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(DATA_DIR / "files"), "base_url": None},
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEMO or DEBUG or TESTING
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEMO or DEBUG
WHITENOISE_MAX_AGE = 3600
FONT_DIR = BASE_DIR / "fonts"
#: Adapter for electronic seals: dotted path to a class (docs/howto/seals.md). The shipped one marks papers as a test.
SEAL = env.str("ONEWINDOW_SEAL", "onewindow.cases.seals.TestSeal")
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_PERMISSIONS = 0o640
UPLOAD_MAX_BYTES = 20 * 1024 * 1024

FORM_RENDERER = "onewindow.org.widgets.Renderer"
TEST_RUNNER = "django.test.runner.DiscoverRunner"
INSTALLED_APPS.append("django.forms")
SILENCED_SYSTEM_CHECKS = ["security.W021"] if not SECURE else []

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request": {"()": "onewindow.config.logs.RequestFilter"}},
    "formatters": {"json": {"()": "onewindow.config.logs.PrivateJsonFormatter"}},
    "handlers": {
        "stdout": {"class": "logging.StreamHandler", "formatter": "json", "filters": ["request"]},
    },
    "root": {
        "handlers": ["stdout"],
        "level": env.str("ONEWINDOW_LOG_LEVEL", "WARNING" if TESTING else "INFO"),
    },
    "loggers": {
        "django.server": {"handlers": [], "level": "WARNING"},
        "django.request": {"level": "CRITICAL" if TESTING else "ERROR"},
        "fontTools": {"level": "WARNING"},
    },
}
