# One image for every process; docker-compose.yml says which one a container is.
FROM python:3.11-slim-bookworm

RUN apt-get update \
    && apt-get install -y --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 campus

WORKDIR /srv/campus
COPY requirements.txt .
RUN pip install --no-cache-dir --require-hashes -r requirements.txt
COPY . .
# Collecting static files reads settings, which want what production wants; none of it stays in the image.
RUN ENVIRONMENT=production SECRET_KEY=only-while-the-static-files-are-collected ALLOWED_HOSTS=build SITE_URL=https://build \
    DATA_DIR=/tmp/build python manage.py collectstatic --noinput \
    && install -d -m 700 -o campus /data

USER campus
ENV ENVIRONMENT=production DATA_DIR=/data PYTHONUNBUFFERED=1
EXPOSE 8000
# The access log names paths without their query: links in mails carry tokens there.
# Threads, so that a page need not wait for a login's hash, of which each process makes one at a time.
CMD ["gunicorn", "lms.wsgi", "--bind", "0.0.0.0:8000", "--workers", "4", "--threads", "4", "--access-logfile", "-", \
     "--access-logformat", "%(h)s \"%(m)s %(U)s\" %(s)s %(b)s %(M)sms"]
