#!/usr/bin/env bash
# Links the driver by names that are the same on every machine. The linker writes its command line and the paths of its
# inputs into the symbols, and a hash of those into the image: with absolute paths, two folders make two drivers.
#
# rustc runs this in place of rust-lld, in the root of the mirror that the driver is built in (see mirror.rs).
set -euo pipefail

root=${CARGO_TARGET_DIR%/target}
cd "$root"
# Beside the output, so that two links at once, for two processors, do not meet.
inputs=target/link
for argument; do
    if [[ $argument == "/OUT:$root/"*/deps/* ]]; then
        inputs=${argument#"/OUT:$root/"}
        inputs=${inputs%/deps/*}/link
    fi
done
rm -rf "$inputs"
mkdir -p "$inputs"
toolchain=$("${RUSTC:-rustc}" --print sysroot)
ln -s "$toolchain" "$inputs/toolchain"

arguments=()
for argument; do
    # rustc's own inputs lie in a folder with a random name.
    if [[ $argument =~ ^(/[A-Z]+:)?(/.*/rustc[A-Za-z0-9]{6})/([^/]+)$ ]]; then
        cp "${BASH_REMATCH[2]}/${BASH_REMATCH[3]}" "$inputs/"
        argument="${BASH_REMATCH[1]}$inputs/${BASH_REMATCH[3]}"
    fi
    argument=${argument//"$root/"/}
    argument=${argument//"$toolchain/"/"$inputs/toolchain/"}
    arguments+=("$argument")
done
exec rust-lld "${arguments[@]}"
