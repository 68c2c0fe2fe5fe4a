#!/bin/sh
# install.sh: install aitk and aitk-server for one user, or show them at work. Never needs root.
#
#   ./install.sh                    build from this checkout and install under ~/.local
#   ./install.sh --from FILE|URL    install a release archive instead of building
#   ./install.sh --uninstall        remove what this script installed, and nothing else
#   ./install.sh --demo [DIR]       build, then play the main job with the docs in DIR
#                                   (default tests/fixtures/handbook); installs nothing
#
#   --prefix DIR    install under DIR instead of ~/.local
#   --dry-run       say what would be done, change nothing
#   --help          print this
#
# Under the prefix it puts bin/aitk, bin/aitk-server, the man pages (share/man/man1) and the
# completions of bash, zsh and fish, and lists them in share/aitk/installed-files. Each file is
# written beside its place and renamed into it. A second run changes what is new, or nothing.
#
# An archive, aitk-VERSION-x86_64-unknown-linux-gnu.tar.gz, is taken only if its SHA-256 stands in
# the SHA256SUMS beside it. URLs are https, or http to this machine; they need curl, or GNU wget
# (which then follows no redirects).
#
# Exit codes: 0 done, 1 failed, 64 wrong usage.
set -eu

checkout=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
target=x86_64-unknown-linux-gnu
manifest=share/aitk/installed-files

action=install
prefix=
from=
demo_docs=
build_folder=
dry_run=no

work=       # our temporary folder
unfinished= # the file being written, until it is renamed

main() {
    read_arguments "$@"
    trap 'rm -rf "$work" "$unfinished"' EXIT
    trap 'exit 1' HUP INT PIPE TERM
    work=$(mktemp -d "${TMPDIR:-/tmp}/aitk-install.XXXXXX")
    case $action in
        install) install_files ;;
        uninstall) uninstall_files ;;
        demo) play_demo ;;
        build-only) build_into "$build_folder" ;;
    esac
}

say() { printf '%s\n' "$*"; }

# Ends with the fact $1 and, when given, the way out $2.
fail() {
    say "error: $1" >&2
    [ $# -lt 2 ] || say "hint: $2" >&2
    exit 1
}

usage_error() {
    say "error: $1" >&2
    say "hint: ./install.sh --help" >&2
    exit 64
}

read_arguments() {
    while [ $# -gt 0 ]; do
        case $1 in
            --prefix) need_value "$@" && prefix=$(absolute "$2") && shift ;;
            --from) need_value "$@" && from=$2 && shift ;;
            --uninstall) set_action uninstall ;;
            --dry-run) dry_run=yes ;;
            --demo)
                set_action demo
                case ${2:--} in
                    -*) ;;
                    *) demo_docs=$(absolute "$2") && shift ;;
                esac
                ;;
            # For .ci/release: put the two programs into a folder, install nothing.
            --build-only) need_value "$@" && set_action build-only && build_folder=$(absolute "$2") && shift ;;
            --help | -h)
                sed -n '2,/^set /s/^#\( \|$\)//p' "$checkout/install.sh"
                exit 0
                ;;
            *) usage_error "unknown argument: $1" ;;
        esac
        shift
    done

    [ -z "$from" ] || [ "$action" = install ] || usage_error "--from does not go with --$action"
    case $action in
        demo | build-only)
            [ -z "$prefix" ] || usage_error "--prefix does not go with --$action, which installs nothing"
            [ "$dry_run" = no ] || usage_error "--dry-run does not go with --$action, which installs nothing"
            ;;
        *)
            [ -n "$prefix" ] || [ -n "${HOME:-}" ] || usage_error "HOME is not set; give --prefix"
            prefix=${prefix:-$HOME/.local}
            ;;
    esac
}

need_value() { [ -n "${2:-}" ] || usage_error "$1 needs a value"; }

set_action() {
    [ "$action" = install ] || [ "$action" = "$1" ] || usage_error "--$1 does not go with --$action"
    action=$1
}

absolute() {
    case $1 in
        /*) say "$1" ;;
        *) say "$PWD/$1" ;;
    esac
}

# Builds the two programs for release; sets $binaries to their folder.
build() {
    require_rust
    # The crypto library asks the processor what it can when it is first used, and not at each start: in a
    # virtual machine each question is slow, and the guard, which starts all the time, needs no crypto.
    crypto_flags=${AWS_LC_SYS_CFLAGS:-${CFLAGS:-}}
    export AWS_LC_SYS_CFLAGS="${crypto_flags:+$crypto_flags }-DBORINGSSL_NO_STATIC_INITIALIZER"
    cd "$checkout"
    target_folder=$(absolute "${CARGO_TARGET_DIR:-target}")
    set -- --release --locked -p aitk -p aitk-server --target-dir "$target_folder"
    unset CARGO_BUILD_TARGET CARGO_ENCODED_RUSTFLAGS # they would move the result, or outrank our flags
    if flags=$(static_flags); then
        say "building aitk and aitk-server (static release); the first time takes minutes" >&2
        binaries=$target_folder/$target/release
        # With --target, build scripts and macros are spared the flags: they cannot be static.
        RUSTFLAGS=$flags cargo build "$@" --target "$target" || fail "the build failed"
    else
        say "building aitk and aitk-server (release); the first time takes minutes" >&2
        binaries=$target_folder/release
        cargo build "$@" || fail "the build failed"
    fi
}

require_rust() {
    [ -f "$checkout/Cargo.toml" ] || fail "there is no source beside this script" \
        "run it in a checkout of aitk, or give a release archive: --from FILE|URL"
    needed=$(sed -n 's/^rust-version *= *"\([0-9.]*\)".*/\1/p' "$checkout/Cargo.toml")
    command -v cargo >/dev/null || PATH=$PATH:${CARGO_HOME:-${HOME:-}/.cargo}/bin
    command -v cargo >/dev/null || fail "building needs Rust $needed or newer, and there is no cargo" \
        "get Rust from https://rustup.rs (no root needed), or give a release archive: --from FILE|URL"
    found=$(cd "$checkout" && rustc --version | cut -d ' ' -f 2)
    printf '%s\n%s\n' "$needed" "$found" | awk -F . '
        NR == 1 { major = $1 + 0; minor = $2 + 0 }
        NR == 2 { exit !($1 + 0 > major || ($1 + 0 == major && $2 + 0 >= minor)) }' ||
        fail "building needs Rust $needed or newer, and this is Rust $found" "rustup update stable"
}

# Prints the flags of the fastest build that this machine can make: static, so that the kernel
# starts it without a loader (cli/build.rs says how aitk is linked then). Each set has to build a program that runs, because a linker may know
# packed relocations while the C library does not.
static_flags() {
    static="-C target-feature=+crt-static -C relocation-model=pie"
    packed="$static -C link-arg=-Wl,-z,pack-relative-relocs"
    probe=$target_folder/static-probe # not in /tmp, where programs may be forbidden to run
    mkdir -p "$target_folder"
    say 'fn main() {}' >"$probe.rs"
    for flags in "$packed" "$static" ''; do # none: the last resort
        # shellcheck disable=SC2086 # flags are words
        if rustc --target "$target" $flags "$probe.rs" -o "$probe" && "$probe"; then break; fi
    done >/dev/null 2>&1
    rm -f "$probe" "$probe.rs"
    [ -n "$flags" ] && say "$flags"
}

build_into() {
    build
    mkdir -p "$1"
    cp "$binaries/aitk" "$binaries/aitk-server" "$1/"
}

play_demo() {
    demo_docs=${demo_docs:-$checkout/tests/fixtures/handbook}
    [ -d "$demo_docs" ] || fail "there is no folder $demo_docs"
    build
    rm -rf "$work"
    exec sh "$checkout/tests/demo.sh" "$binaries" "$demo_docs"
}

# Checks and unpacks the release archive; sets $binaries and $papers to its folder.
unpack_archive() {
    [ "$(uname -s) $(uname -m)" = "Linux x86_64" ] ||
        fail "release archives are for Linux on x86_64" "build from source: ./install.sh"
    case $from in
        https://* | http://*) download ;;
        *) archive=$(absolute "$from") ;;
    esac
    [ -f "$archive" ] || fail "there is no file $archive"
    require_checksum
    tar -xzf "$archive" -C "$work" || fail "$archive cannot be unpacked"
    for binaries in "$work"/aitk-*; do break; done
    ls "$binaries/aitk" "$binaries/aitk-server" >/dev/null 2>&1 || fail "there is no aitk in $archive"
    papers=$binaries
}

download() {
    scheme=${from%%:*}
    host=${from#*://}
    host=${host%%/*}
    case $scheme:$host in
        *: | *[!][A-Za-z0-9.:-]*) fail "there is no plain host name in $from" ;;
        https:* | http:localhost | http:localhost:* | http:127.0.0.1 | http:127.0.0.1:*) ;;
        *) fail "$from is not https" "plain http is taken from this machine only" ;;
    esac
    mkdir "$work/download"
    archive=$work/download/${from##*/}
    fetch "$from" "$archive"
    fetch "${from%/*}/SHA256SUMS" "$work/download/SHA256SUMS"
}

# Downloads the URL $1 to the file $2; no redirect leads away from https.
fetch() {
    if command -v curl >/dev/null; then
        curl -fsSL --proto "=$scheme" --proto-redir =https -o "$2" "$1"
    elif command -v wget >/dev/null; then
        wget -q --max-redirect=0 -O "$2" "$1"
    else
        fail "there is neither curl nor wget" "download it and SHA256SUMS yourself, then --from FILE"
    fi || fail "$1 cannot be downloaded"
}

require_checksum() {
    name=${archive##*/}
    sums=${archive%/*}/SHA256SUMS
    [ -f "$sums" ] || fail "there is no SHA256SUMS beside $name" "it has the checksum, which is required"
    expected=$(awk -v name="$name" '$2 == name || $2 == "*" name { print $1 }' "$sums")
    [ -n "$expected" ] || fail "SHA256SUMS does not name $name"
    actual=$({ sha256sum 2>/dev/null || shasum -a 256; } <"$archive")
    [ "${actual%% *}" = "$expected" ] || fail "$name is not what SHA256SUMS promises" "download both again"
}

install_files() {
    papers=$checkout
    if [ -n "$from" ]; then
        unpack_archive
    elif [ "$dry_run" = yes ]; then
        say "would build aitk and aitk-server in $checkout"
        binaries=$work
    else
        build
    fi
    list_files >"$work/files"
    list_installed >"$work/before"
    refuse_strangers
    cut -f 2 "$work/files" >"$work/after"
    { list_own_folders && cat "$work/after"; } | LC_ALL=C sort -u >"$work/manifest"

    changes=0
    grep -vxF -f "$work/manifest" "$work/before" | sort -r >"$work/obsolete" || :
    while read -r path; do remove "$path"; done <"$work/obsolete"
    # Files are listed before they are written, so that an interrupted run can be uninstalled too.
    put "$work/manifest" "$manifest" 644
    while IFS='	' read -r file path mode; do put "$file" "$path" "$mode"; done <"$work/files"

    [ "$dry_run" = no ] || return 0
    version=$("$prefix/bin/aitk" --version 2>/dev/null) || version=aitk
    if [ "$changes" = 0 ]; then
        say "nothing changed: $version is installed in $prefix"
    else
        say "installed $version and aitk-server in $prefix"
    fi
    say_next
}

# One line a file: where it is, its path under the prefix, its mode.
list_files() {
    printf '%s\t%s\t755\n' "$binaries/aitk" bin/aitk "$binaries/aitk-server" bin/aitk-server
    list_paper "$papers/completions/aitk.bash" share/bash-completion/completions/aitk
    list_paper "$papers/completions/_aitk" share/zsh/site-functions/_aitk
    list_paper "$papers/completions/aitk.fish" share/fish/vendor_completions.d/aitk.fish
    for page in "$papers"/man/*.1; do list_paper "$page" "share/man/man1/${page##*/}"; done
}

list_paper() { [ ! -f "$1" ] || printf '%s\t%s\t644\n' "$1" "$2"; }

# What the last run installed: paths under the prefix, folders with a slash at the end.
list_installed() { [ ! -f "$prefix/$manifest" ] || grep -v -e '^/' -e '\.\.' "$prefix/$manifest" || :; }

was_installed() { grep -qxF -e "$1" "$work/before"; }

# What stands in our place and did not come from us is somebody's: stop rather than replace it.
refuse_strangers() {
    while IFS='	' read -r file path _; do
        there=$prefix/$path
        if [ ! -e "$there" ] && [ ! -L "$there" ]; then continue; fi
        if [ ! -d "$there" ] && { was_installed "$path" || cmp -s "$file" "$there"; }; then continue; fi
        fail "$there was not installed by this script" "move it away, or install elsewhere with --prefix"
    done <"$work/files"
}

# The folders that are made by this run or were made by the last one.
list_own_folders() {
    for path in $(cat "$work/after") $manifest; do
        folder=$(dirname "$path")
        while [ "$folder" != . ]; do
            if was_installed "$folder/" || [ ! -d "$prefix/$folder" ]; then say "$folder/"; fi
            folder=$(dirname "$folder")
        done
    done
}

# Brings the file $1 to $2 under the prefix with the mode $3, unless it is there already.
put() {
    there=$prefix/$2
    if cmp -s "$1" "$there" && [ ! -L "$there" ] && { [ "$3" = 644 ] || [ -x "$there" ]; }; then return; fi
    changes=$((changes + 1))
    if [ "$dry_run" = yes ]; then
        say "would install $there"
        return
    fi
    mkdir -p "${there%/*}"
    unfinished=${there%/*}/.${there##*/}.new
    cp "$1" "$unfinished"
    chmod "$3" "$unfinished"
    mv -f "$unfinished" "$there"
}

# Removes a file of ours, or a folder of ours (with a slash at the end) when it is empty.
remove() {
    there=$prefix/$1
    if [ ! -e "$there" ] && [ ! -L "$there" ]; then return; fi
    changes=$((changes + 1))
    case $dry_run:$1 in
        yes:*) say "would remove $there" ;;
        no:*/) rmdir "$there" 2>/dev/null || : ;;
        no:*) rm -f "$there" ;;
    esac
}

say_next() {
    case ":$PATH:" in
        *":$prefix/bin:"*) ;;
        *)
            say "warning: $prefix/bin is not on your PATH" >&2
            say "hint: add to your shell's profile: export PATH=\"$prefix/bin:\$PATH\"" >&2
            ;;
    esac
    say "next: aitk login URL    when your team has a server"
    say "      aitk-server       to start one here; the first time it prints an admin key"
}

uninstall_files() {
    if [ ! -f "$prefix/$manifest" ]; then
        say "nothing to remove: aitk is not installed in $prefix"
        return
    fi
    list_installed >"$work/before"
    changes=0
    # Files first, the manifest last of them, then the folders from the inside out.
    {
        grep -v '/$' "$work/before" || :
        say "$manifest"
        grep '/$' "$work/before" | sort -r
    } >"$work/obsolete"
    while read -r path; do remove "$path"; done <"$work/obsolete"
    [ "$dry_run" = yes ] || say "removed aitk from $prefix; your settings, keys and docs stay where they are"
}

main "$@"
