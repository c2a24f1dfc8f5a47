"""A shop of somebody who uses Flask-WTF's field for reCAPTCHA: addresses and keys are ours, nothing else is changed."""

import os
from typing import Any

from flask import Flask, render_template_string
from flask_wtf import FlaskForm, RecaptchaField
from serving import serve

TESSERA, SITEKEY, SECRET = (os.environ[name] for name in ("TESSERA", "SITEKEY", "SECRET"))
PAGE = (
    '<!doctype html><html lang="en"><title>A shop</title>'
    '<main><form method="post">{{ form.recaptcha() }}<button>Send</button></form>'
)

app = Flask(__name__)
app.config |= {
    "SECRET_KEY": "of the shop",
    "WTF_CSRF_ENABLED": False,
    "RECAPTCHA_PUBLIC_KEY": SITEKEY,
    "RECAPTCHA_PRIVATE_KEY": SECRET,
    "RECAPTCHA_SCRIPT": f"{TESSERA}/recaptcha/api.js",
    "RECAPTCHA_VERIFY_SERVER": f"{TESSERA}/recaptcha/api/siteverify",
}


class RecaptchaForm(FlaskForm):
    recaptcha = RecaptchaField()


@app.get("/recaptcha")
def page() -> str:
    return render_template_string(PAGE, form=RecaptchaForm())


@app.post("/recaptcha")
def answer() -> dict[str, Any]:
    form = RecaptchaForm()
    return {"taken": form.validate_on_submit(), "errors": list(form.recaptcha.errors)}


if __name__ == "__main__":
    serve(app)
