# One image for every role: web, worker, beat, migrations. docker-compose.yml says who runs what.
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# platform/ is a source root, never a package: it stands on the path beside the project itself.
ENV PYTHONPATH=/app:/app/platform DJANGO_SETTINGS_MODULE=config.settings
ENV TESSERA_VAR_DIR=/var/lib/tessera TESSERA_STATIC_DIR=/app/staticfiles TESSERA_HASHED_STATIC=1
WORKDIR /app

# PyTorch first, in a layer of its own: it is the largest by far and changes least. The further index has builds
# without CUDA; for the gpu worker build with --build-arg TORCH_INDEX=
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
COPY pyproject.toml constraints.txt ./
COPY deploy/pins deploy/pins
RUN python deploy/pins > /tmp/pins && grep -E '^(torch|torchvision)==' /tmp/pins > /tmp/torch \
    && pip install ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} --constraint constraints.txt --requirement /tmp/torch
RUN pip install --constraint constraints.txt --requirement /tmp/pins

COPY . .
RUN useradd --system --home-dir /var/lib/tessera tessera \
    && mkdir -p /var/lib/tessera \
    && TESSERA_SECRET_KEY=only-while-building python manage.py collectstatic --noinput \
    && chown -R tessera /var/lib/tessera
USER tessera
VOLUME /var/lib/tessera
EXPOSE 8000

HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=6 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen(u.Request('http://127.0.0.1:8000/healthz', headers={'Host': 'localhost'}), timeout=4)"]
CMD ["gunicorn", "config.wsgi", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "8", "--access-logfile", "-"]
