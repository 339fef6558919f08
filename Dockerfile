ARG PYTHON_IMAGE=python:3.13-slim
FROM ${PYTHON_IMAGE} AS build

WORKDIR /build
COPY requirements/core.lock requirements/build.lock requirements/
# Only what the locks name, with their hashes, and wheels alone: nothing of a package runs while it is installed.
RUN python -m venv --without-pip /opt/genesis \
    && python -m pip --python /opt/genesis/bin/python install --no-cache-dir --no-compile \
        --require-hashes --only-binary :all: --requirement requirements/core.lock \
    && python -m venv tools \
    && tools/bin/python -m pip install --no-cache-dir \
        --require-hashes --only-binary :all: --requirement requirements/build.lock
COPY pyproject.toml README.md CHANGELOG.md ./
COPY schemas schemas
COPY src src
RUN tools/bin/python -m hatchling build --target wheel \
    && python -m pip --python /opt/genesis/bin/python install --no-cache-dir --no-compile --no-index --no-deps dist/*.whl \
    && rm -f /opt/genesis/bin/*ctivate* \
    && /opt/genesis/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/genesis/lib
COPY --chmod=755 ops/image/genesis ops/image/genesis-health /opt/genesis/bin/
# Machine code for any processor of this architecture, made here: a container starts without a compiler's second.
ENV NUMBA_CPU_NAME=generic NUMBA_CACHE_DIR=/opt/genesis/kernels GENESIS_HOME=/build/var
COPY --chmod=755 ops/image/warm warm
RUN ./warm && chmod -R a+rX,go-w /opt/genesis


FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="Genesis" \
      org.opencontainers.image.description="A strictly typed trading core for Bitfinex"

RUN groupadd --system --gid 10001 genesis \
    && useradd --system --uid 10001 --gid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin genesis \
    && install --directory --owner genesis --group genesis --mode 0700 /data
COPY --from=build /opt/genesis /opt/genesis

# The locks of keys belong to the machine: on a volume, for /tmp is each container's own.
ENV GENESIS_HOME=/data \
    GENESIS_LOCKS=/data/locks \
    GENESIS_LOG_FORMAT=json \
    HOME=/tmp \
    NUMBA_CPU_NAME=generic \
    NUMBA_CACHE_DIR=/tmp/genesis-kernels \
    PATH=/opt/genesis/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /data
VOLUME ["/data"]
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 CMD ["/opt/genesis/bin/genesis-health"]
ENTRYPOINT ["/opt/genesis/bin/genesis"]
CMD ["run"]
