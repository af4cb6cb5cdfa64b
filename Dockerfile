# Two images of one code: `app` (API, relay, CPU workers; without torch) and `gpu` (`app` with torch).

FROM node:22-bookworm-slim AS pages
WORKDIR /pages
COPY frontend/package.json frontend/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY frontend ./
RUN npm run build

FROM python:3.11-slim-bookworm AS app
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /opt/rinkaku
COPY requirements.lock ./
RUN pip install -r requirements.lock
COPY pyproject.toml README.md alembic.ini ./
COPY alembic alembic
COPY rt rt
COPY models models
COPY backend backend
COPY workers workers
COPY --from=pages /pages/dist frontend/dist
RUN pip install --no-deps --editable . \
    && useradd --system --home-dir /var/lib/rinkaku --create-home rinkaku
USER rinkaku
VOLUME /var/lib/rinkaku
CMD ["rinkaku", "serve"]

FROM app AS gpu
USER root
RUN pip install "$(sed -n 's/^ *"\(torch==[0-9.]*\)",$/\1/p' pyproject.toml)"
USER rinkaku
CMD ["rinkaku", "worker", "--queue", "gpu"]
