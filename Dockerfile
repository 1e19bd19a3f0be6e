# The image: the program, libdpdk and the drivers below on a bare base. docs/container.md says how to build and run it.
#
#   docker build --tag pollway .        builds the program in the image RUST
#   scripts/image.sh                    takes the program from this machine in place of the stage `program`
#
# RUST and BASE are to be of one distribution release: the program is linked against its libdpdk and libc.
ARG BASE=debian:bookworm
ARG RUST=rust:1-bookworm

FROM ${RUST} AS program
WORKDIR /src
COPY . .
RUN scripts/setup.sh build \
 && cargo build --release --locked --package pollway \
 && cp target/release/pollway /pollway

FROM ${BASE}
# Pollway's virtual devices, then the NICs that most machines have.
ARG DRIVERS="af-packet af-xdp memif null pcap ring tap vhost virtio e1000 ena i40e iavf ice igc ixgbe mlx5 vmxnet3"
# Libraries that the program is linked against and that no driver brings along.
ARG LIBRARIES="bitratestats gro gso latencystats metrics vhost"
# A package's name ends in the release's ABI number (librte-net-tap23, librte-net-mlx5-23), so apt is asked for it.
RUN set -eu; \
    export DEBIAN_FRONTEND=noninteractive; \
    apt-get -qq update; \
    packages=; \
    for name in bus-pci bus-vdev mempool-ring $LIBRARIES $(printf 'net-%s ' $DRIVERS); do \
        packages="$packages $(apt-cache pkgnames "librte-$name" | grep -xE "librte-$name-?[0-9]+")" \
        || { echo "apt has no package librte-$name in this base" >&2; exit 1; }; \
    done; \
    apt-get -qq install --yes --no-install-recommends $packages; \
    rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/*
COPY --from=program /pollway /usr/local/bin/pollway
RUN if ldd /usr/local/bin/pollway 2>&1 | grep 'not found'; then \
        echo "the program was built on another release than this base: RUST (or this machine) and BASE must match" >&2; \
        exit 1; \
    fi
ENTRYPOINT ["pollway"]
