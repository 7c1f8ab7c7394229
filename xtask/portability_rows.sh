#!/usr/bin/env bash
# What the rows of `portability.sh` do, inside its root of Debian 13: runs the command in its first argument.
set -euo pipefail
cd /src

products="-p schmoozer -p schmoozer-backoff -p schmoozer-core -p schmoozer-faults -p schmoozer-tcp"
all="$products --all-features"
# Without hickory, whose dependencies are two thirds of what would be built.
most="$products --features schmoozer-core/tracing,schmoozer-core/metrics,schmoozer-tcp/serde"

lint() { # TARGET PRODUCTS...
    cargo clippy --locked -Zbuild-std --target "$@" -- -D warnings
}

# Runs tests, and those that failed once more: some measure time, of which a busy machine has little. Where a processor or
# a system is emulated, they run one by one, without the week of failures that takes minutes.
tests() { # ARGUMENT...
    local failed command=(cargo test ${RUNNER:+--config "target.'cfg(all())'.runner='$RUNNER'"} --locked --no-fail-fast)
    command+=("$@" -- --show-output ${RUNNER:+--test-threads=1 --skip an_outage_of_a_week} ${SKIP-})
    "${command[@]}" 2>&1 | tee /tmp/printed && return
    # A program that ended without a result has done worse.
    [ "$(grep -c '^error: test failed' /tmp/printed)" = "$(grep -c '^test result: FAILED' /tmp/printed)" ]
    failed=$(awk '/^failures:/ { on = 1 } /^successes:|^test result/ { on = 0 } on && /^    [a-z0-9_:]+$/ { print $1 }' /tmp/printed)
    [ -n "$failed" ]
    echo "second try"
    "${command[@]}" --exact $failed
}

native() {
    unset RUSTC_BOOTSTRAP
    cargo test --locked --doc $all
    tests $all --lib --tests
}

windows() {
    local target=x86_64-pc-windows-gnu own=/usr/lib/rustlib/x86_64-pc-windows-gnu/lib object code=0
    # What the standard library's build does not make: the objects that each program begins and ends with.
    mkdir -p $own
    for object in rsbegin rsend; do
        rustc --target $target -Cpanic=abort --emit=obj -o $own/$object.o \
            /usr/lib/rustlib/src/rust/library/rtstartup/$object.rs
    done
    lint $target $all
    wineboot --init
    # Wine runs no cargo, so the examples are built before their tests.
    cargo build --locked $all -p examples -Zbuild-std --target $target --examples
    RUNNER="timeout 900 wine" EXAMPLES_ARE_BUILT=1 tests $all -p examples --lib --tests -Zbuild-std --target $target
    # Wine's console makes a Ctrl-C of the byte that a terminal sends.
    { sleep 10; printf '\003'; sleep 5; } | script -qec "wine $CARGO_TARGET_DIR/$target/debug/examples/schmooze.exe 127.0.0.1:9" /dev/null || code=$?
    [ $code = 130 ] || { echo "schmooze exits with $code on Ctrl-C"; false; }
}

macos() {
    lint aarch64-apple-darwin $all
    CARGO_PROFILE_DEV_STRIP=none CARGO_PROFILE_TEST_STRIP=none PATH=/opt/zig/bin:$PATH \
        cargo zigbuild --locked -Zbuild-std --target aarch64-apple-darwin $all --tests
}

i686() {
    local own=-Wl,--dynamic-linker=/usr/i686-linux-gnu/lib/ld-linux.so.2,-rpath=/usr/i686-linux-gnu/lib
    export RUSTFLAGS="-Clinker=i686-linux-gnu-gcc -Clink-arg=$own"
    tests --target i686-unknown-linux-gnu $most --lib --tests
}

musl() {
    # Debian's libunwind was built for glibc with _FORTIFY_SOURCE.
    printf '%s\n' '#include <stdarg.h>' '#include <stdio.h>' \
        'int __vfprintf_chk(FILE *f, int flag, const char *s, va_list a) { return vfprintf(f, s, a); }' \
        'int __vsnprintf_chk(char *b, size_t n, int flag, size_t m, const char *s, va_list a) { return vsnprintf(b, n, s, a); }' \
        'int __fprintf_chk(FILE *f, int flag, const char *s, ...) { va_list a; va_start(a, s); return vfprintf(f, s, a); }' >/tmp/chk.c
    musl-gcc -O -c /tmp/chk.c -o /tmp/chk.o
    export RUSTFLAGS="-Clinker=musl-gcc -Clink-self-contained=no -Lnative=/usr/lib/x86_64-linux-musl -Lnative=/usr/lib/llvm-19/lib -Clink-arg=/tmp/chk.o"
    tests -Zbuild-std --target x86_64-unknown-linux-musl $most --lib --tests
}

emulated() { # PROCESSOR, its name in gcc and QEMU, ABI
    export RUSTFLAGS="-Clinker=$2-linux-$3-gcc"
    # QEMU runs one program, and not those that a test starts again; and it does not know SO_BINDTODEVICE.
    local SKIP="--skip machines:: --skip two_processes_of_one_id --skip six_containers --skip the_connection_goes_through_the_interface"
    RUNNER="qemu-$2 -L /usr/$2-linux-$3" tests --target "$1-unknown-linux-$3" $most --lib --tests
}

wasm32() {
    cargo clippy --locked --target wasm32-unknown-unknown --target wasm32-wasip1 --target wasm32-wasip2 -p schmoozer-core \
        -p schmoozer-backoff --features schmoozer-core/tracing,schmoozer-core/metrics,schmoozer-backoff/serde -- -D warnings
}

thumb() {
    cargo clippy --locked -Zbuild-std=core --target thumbv6m-none-eabi --target thumbv7em-none-eabi \
        -p schmoozer-backoff --no-default-features -- -D warnings
}

thread_sanitizer() {
    export RUSTFLAGS="-Zsanitizer=thread -Zexternal-clangrt -Clinker=clang -Clink-arg=-fsanitize=thread"
    tests -Zbuild-std --target x86_64-unknown-linux-gnu -p schmoozer-core -p schmoozer-tcp --lib --test behaviour \
        --test contract --test sockets
}

install() {
    local architectures="armhf i386 riscv64 s390x" it
    apt-get -qq update
    apt-get -qq install -y --no-install-recommends rustc cargo rust-src rust-clippy libstd-rust-dev-wasm32 gcc libc6-dev \
        procps iproute2 python3-venv gcc-mingw-w64-x86-64-win32 wine wine64 qemu-user gcc-i686-linux-gnu \
        libc6-dev-i386-cross gcc-arm-linux-gnueabihf libc6-dev-armhf-cross gcc-s390x-linux-gnu libc6-dev-s390x-cross \
        gcc-riscv64-linux-gnu libc6-dev-riscv64-cross musl-tools clang libclang-rt-19-dev libunwind-19-dev
    # The standard library of the very same Rust for other processors, without the rest of their Debian.
    for it in $architectures; do dpkg --add-architecture "$it"; done
    apt-get -qq update
    cd /var/tmp
    for it in $architectures; do apt-get -qq download "libstd-rust-dev:$it"; done
    for it in libstd-rust-dev_*.deb; do dpkg -x "$it" / && rm "$it"; done
    for it in $architectures; do dpkg --remove-architecture "$it"; done
    python3 -m venv /opt/zig
    /opt/zig/bin/pip install -q ziglang cargo-zigbuild
}

versions() {
    echo -n "Debian $(cat /etc/debian_version), $(rustc --version | cut -d' ' -f1,2), zig $(/opt/zig/bin/python -m ziglang version)"
    dpkg-query -W -f ', ${Package} ${source:Upstream-Version}' wine qemu-user
}

eval "$1"
