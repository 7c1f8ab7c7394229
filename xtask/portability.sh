#!/usr/bin/env bash
# Shows where the products build and pass their tests, as far as one Debian machine can show it.
#
# `cargo xtask portability` runs it; `--list` prints the rows, and `--only ROW` runs one of them. It needs root, apt, and
# 15 GB of disk. It makes a root of Debian 13, whose Rust is 1.85, below ~/.cache/schmoozer, and works on a copy in there.
# The rows run one after the other, and delete what they have built.
set -euo pipefail

# Each row: its name, what it does, and what `portability_rows.sh` runs for it inside the root.
rows='
rust-1.85        | tests, with the committed lock file    | native
rust-1.85-newest | tests, with the newest dependencies    | cargo update; native
windows-gnu      | clippy, tests under Wine               | windows
windows-msvc     | clippy                                 | lint x86_64-pc-windows-msvc $all
macos            | clippy, test programs linked           | macos
ios              | clippy                                 | lint aarch64-apple-ios $most
android          | clippy                                 | lint aarch64-linux-android $all
freebsd          | clippy                                 | lint x86_64-unknown-freebsd $all
netbsd           | clippy                                 | lint x86_64-unknown-netbsd $most
illumos          | clippy                                 | lint x86_64-unknown-illumos $most
i686             | tests                                  | i686
musl             | tests                                  | musl
armv7            | tests under QEMU                       | emulated armv7 arm gnueabihf
s390x            | tests under QEMU, big-endian           | emulated s390x s390x gnu
riscv64          | tests under QEMU                       | emulated riscv64gc riscv64 gnu
powerpc          | clippy, 32 bits and no 64-bit atomics  | lint powerpc-unknown-linux-gnu $most
wasm32           | clippy of core and backoff             | wasm32
thumb            | clippy of backoff without std          | thumb
thread-sanitizer | tests of core and tcp, std included    | thread_sanitizer'

left_out() {
    echo "left out: all rows; $1"
    exit 0
}

in_root() { # COMMAND
    # The mounts are those of this process, and end with it.
    unshare --mount --propagation private bash -euc '
        mount --bind "$0" "$0"
        mount -t proc proc "$0/proc"
        mount --rbind /sys "$0/sys"
        mount --rbind /dev "$0/dev"
        exec nice -n 5 chroot "$0" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
            ${https_proxy:+https_proxy="$https_proxy"} ${http_proxy:+http_proxy="$http_proxy"} DEBIAN_FRONTEND=noninteractive \
            CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_TEST_DEBUG=0 CARGO_TARGET_DIR=/var/tmp/target \
            RUSTC_BOOTSTRAP=1 WINEDEBUG=-all WINEPREFIX=/var/tmp/wine bash /src/xtask/portability_rows.sh "$1"
    ' "$root" "$1"
}

# Counts as `cargo xtask check` does: a test that says why it was skipped has not passed.
tally='
/^second try/    { first = passed; failed = 0; again = 1 }
/^test result: / { for (i = 2; i <= NF; i++) { if ($i == "passed;") passed += $(i - 1); if ($i == "failed;") failed += $(i - 1); if ($i == "filtered" && !again) out += $(i - 1) }; said = 0 }
/^---- /         { said = 0 }
/^skipped: / && !said     { said = 1; passed--; reasons[substr($0, 10)]++ }
/^test .* \.\.\. ignored/ && !again { sub(/^.* \.\.\. /, ""); reasons[$0]++ }
END {
    if (passed + failed == 0) exit
    printf ": %d passed, %d failed", passed, failed
    if (again) printf "; %d passed at the second try", passed - first
    for (reason in reasons) printf "; %d skipped: %s", reasons[reason], reason
    if (out) printf "; %d left out", out
}'

make_root() {
    echo "a root of Debian 13 is made in $root, which takes some minutes"
    command -v debootstrap >/dev/null || { apt-get -qq update && apt-get -qq install -y debootstrap; } >/dev/null
    debootstrap --variant=minbase --include=ca-certificates trixie "$root" "${DEBIAN_MIRROR:-http://deb.debian.org/debian}" >"$cache/debootstrap.log"
    # A network that looks into TLS has certificates of its own.
    cp /usr/local/share/ca-certificates/*.crt "$root/usr/local/share/ca-certificates/" 2>/dev/null || :
    chroot "$root" update-ca-certificates >/dev/null 2>&1
}

copy_source() {
    rm -rf "$root/src" && mkdir "$root/src"
    tar -C "$(dirname "$0")/.." --exclude=./target --exclude=./crates/fuzz/target --exclude=./.git -cf - . | tar -C "$root/src" -xf -
}

case ${1-} in
"") only='[^ ]*' ;;
--list) echo "${rows:1}" | cut -d'|' -f1,2 && exit ;;
--only) only=${2-} ;;
*) echo "usage: cargo xtask portability [--list] [--only ROW]" >&2 && exit 2 ;;
esac
rows=$(grep "^$only  *|" <<<"$rows") || { echo "no row is called \"$only\"; --list prints them" >&2 && exit 2; }
grep -qs '^ID=debian' /etc/os-release || left_out "they need Debian"
[ "$(id -u)" = 0 ] || left_out "they need root"
unshare --mount true || left_out "they need mounts of their own"

cache=${XDG_CACHE_HOME:-$HOME/.cache}/schmoozer/portability root=$cache/trixie
mkdir -p "$cache"
[ -e "$root/etc/ssl/certs/ca-certificates.crt" ] || make_root
cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
mkdir -p "$root/var/tmp/target"
copy_source
installed=$(sed -n '/^install() {/,/^}/p' "$root/src/xtask/portability_rows.sh" | cksum)
if [ "$(cat "$cache/installed" 2>/dev/null)" != "$installed" ]; then
    in_root install >"$cache/install.log" 2>&1 || { tail "$cache/install.log" && exit 2; }
    echo "$installed" >"$cache/installed"
fi

failed=
printf '%s: %s\n\n| target | what | result | time |\n| --- | --- | --- | ---: |\n' "$(date +%F)" "$(in_root versions)"
while IFS='|' read -r name what function <&3; do
    read -r name <<<"$name" && read -r what <<<"$what"
    log=$cache/$name.log begun=$SECONDS result=passed
    # A row may change it.
    copy_source
    in_root "$function" >"$log" 2>&1 || result=FAILED
    # All but what was built for this machine: build scripts and proc macros, which the next row needs too.
    find "$root/var/tmp/target" -mindepth 1 -maxdepth 1 ! -name debug -exec rm -r {} +
    counts=$(awk "$tally" "$log")
    # Tests that did not run have not passed.
    [[ $what != *tests* || -n $counts ]] || result=FAILED
    echo "| $name | $what | $result$counts | $(((SECONDS - begun + 59) / 60)) min |"
    [ $result = passed ] || failed+=" $name"
done 3<<<"$rows"
rm -rf "$root/var/tmp/target"
for name in $failed; do
    printf '\n%s failed. Its output is in %s; repeat it: cargo xtask portability --only %s\n' "$name" "$cache/$name.log" "$name"
    tail -n 20 "$cache/$name.log"
done
[ -z "$failed" ]
