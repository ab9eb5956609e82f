# One image with both binaries; docker-compose.yml runs it twice with different commands. It builds with BuildKit and
# with the classic builder, so there are no cache mounts: layers alone keep the dependencies' build.

# The manifests, and an empty target wherever a crate has one. Its content changes only with those, so the next
# stage's build of all dependencies is reused when only code changed.
FROM rust:1.95-slim-trixie AS manifests
WORKDIR /src
COPY . .
RUN find . -type f ! -name Cargo.toml ! -name Cargo.lock \
        ! -name build.rs ! -name lib.rs ! -name main.rs -delete \
    && echo 'fn main() {}' | tee $(find . -name '*.rs') \
    && find . -type d -empty -delete

FROM rust:1.95-slim-trixie AS build
# For jemalloc, which both link.
RUN apt-get update && apt-get install -y --no-install-recommends make && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY --from=manifests /src .
# The empty targets go again: cargo compares times, and code older than they are would never be built.
RUN cargo build --release --locked -p totals-api -p totals-worker \
    && cargo clean --release -p secret-url -p totals-core -p totals-web -p totals-api -p totals-worker
COPY crates crates
RUN cargo build --release --locked -p totals-api -p totals-worker

FROM debian:trixie-slim
LABEL org.opencontainers.image.title="totals-service" \
      org.opencontainers.image.description="Exact per-campaign donation totals: totals-api and totals-worker" \
      org.opencontainers.image.licenses="MIT"
# The roots for amqps:// and https://; installing the package would bring openssl along.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /src/target/release/totals-api /src/target/release/totals-worker /usr/local/bin/
USER 65532:65532
EXPOSE 3005 3006 3007
CMD ["totals-api"]
