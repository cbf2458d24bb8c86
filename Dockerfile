# One image for all processes of Petra; docker-compose.yml says which command each runs.

FROM python:3.11-slim-trixie AS build
ENV PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/petra
WORKDIR /srv/petra
COPY requirements.txt ./
RUN /opt/petra/bin/pip install --require-hashes -r requirements.txt
COPY . .
RUN /opt/petra/bin/python -m compileall -q .
# Settings make keys in the data folder where none are given: this folder stays behind, only the files go on.
RUN PETRA_DATA_DIR=/tmp/build PETRA_STATIC_ROOT=/srv/static /opt/petra/bin/python manage.py collectstatic --noinput

FROM python:3.11-slim-trixie
# pg_dump and pg_restore, for `manage.py backup` and `restore`: version 17, as new as the server in docker-compose.yml.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends postgresql-client \
 && rm -rf /var/lib/apt/lists/*
# A fixed number, so that files and volumes can be given to it from outside.
RUN groupadd --gid 10001 petra \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/petra --shell /usr/sbin/nologin petra \
 && install --directory --owner 10001 --group 10001 --mode 0700 /var/lib/petra
COPY --from=build /opt/petra /opt/petra
COPY --from=build /srv/petra /srv/petra
COPY --from=build --chown=10001:10001 /srv/static /srv/static
ENV PATH=/opt/petra/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PETRA_PRODUCTION=1 \
    PETRA_DATA_DIR=/var/lib/petra \
    PETRA_STATIC_ROOT=/srv/static
WORKDIR /srv/petra
USER 10001:10001
EXPOSE 8000
CMD ["uvicorn", "petra.asgi:application", "--host", "0.0.0.0", "--port", "8000", "--no-proxy-headers", "--no-access-log", "--log-config", "petra/uvicorn.json"]
