# Reports in a container, as a user of no rights. Run it with --init: process 1 gets no signals that it does not handle, so
# `docker stop` would wait ten seconds and kill.
#
#   docker build -t reanalysis .
#   docker run --rm --init --user "$(id -u)" -v "$PWD/data:/data:ro" -v "$PWD/reports:/reports" \
#     reanalysis report /data/anakinra --out /reports/anakinra

FROM python:3.13-slim AS build
RUN python -m venv /opt/reanalysis
ENV PATH=/opt/reanalysis/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /source
# What changes rarely first: packages in the locked versions, then the program.
COPY requirements-run.lock requirements.lock ./
RUN pip install --require-hashes --only-binary :all: -r requirements-run.lock
RUN awk '/^(hatchling|packaging|pathspec|pluggy|tomlkit|trove-classifiers)==/ { found = 1 } found { print } !/\\$/ { found = 0 }' \
      requirements.lock > build.txt \
    && python -m venv /opt/build && /opt/build/bin/pip install --require-hashes --only-binary :all: -r build.txt
COPY pyproject.toml README.md LICENSE ./
COPY data data
COPY models models
RUN /opt/build/bin/python -c "from hatchling.build import build_wheel; print(build_wheel('/wheel'))" \
    && pip install --no-deps /wheel/*.whl && python -m compileall -q /opt/reanalysis

FROM python:3.13-slim
COPY --from=build /opt/reanalysis /opt/reanalysis
ENV PATH=/opt/reanalysis/bin:$PATH HOME=/tmp
RUN useradd --no-create-home --uid 10001 reanalysis && install -d -o reanalysis /reports
USER reanalysis
WORKDIR /tmp
VOLUME /reports
ENTRYPOINT ["reanalysis"]
CMD ["--help"]
