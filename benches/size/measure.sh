#!/usr/bin/env bash
# Prints the sections of the minimal program with no codec, with XML only and with WBXML only, for thumbv7em.
set -euo pipefail
cd "$(dirname "$0")"
TARGET=thumbv7em-none-eabihf
export RUSTFLAGS=-Awarnings
OUT=${CARGO_TARGET_DIR:-target}
printf '%-8s %8s %8s %8s\n' build .text .rodata sum
for features in "" xml wbxml; do
    cargo build --release --quiet --target "$TARGET" --features "$features"
    # `readelf -S -W` prints name, type, address, offset and size in one line, the size in hexadecimal.
    size() { readelf -S -W "$OUT/$TARGET/release/size" | sed 's/^ *\[ *[0-9]*\] *//' | awk -v name="$1" '$1 == name { print $5 }'; }
    text=$((16#$(size .text))) rodata=$((16#0$(size .rodata)))
    printf '%-8s %8d %8d %8d\n' "${features:-none}" "$text" "$rodata" $((text + rodata))
done
