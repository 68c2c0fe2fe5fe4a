#!/usr/bin/env bash
# tests/fast_lane.sh [PROGRAM]: `aitk guard` runs before every tool call, so what it costs is counted, in
# instructions, which no other process disturbs. Fails where a figure is more than a tenth above the one in
# tests/fast_lane.figures; `--record` writes that file anew. PROGRAM is the installed build.
#
# `--layout PROGRAM` writes cli/guard.ld anew: the functions that these calls run, which the linker then lays
# side by side. PROGRAM needs its symbols: CARGO_PROFILE_RELEASE_STRIP=none ./install.sh --build-only DIR.
# A name in it that has gone does no harm, and one that is missing costs a page fault.
set -euo pipefail
cd "$(dirname "$0")/.."

record=no
layout=no
case ${1:-} in
    --record) record=yes && shift ;;
    --layout) layout=yes && shift ;;
esac
program=${1:-${CARGO_TARGET_DIR:-target}/x86_64-unknown-linux-gnu/release/aitk}
figures=tests/fast_lane.figures

main() {
    command -v valgrind >/dev/null || skip "valgrind is not installed (apt-get install valgrind)"
    [ "$(uname -s) $(uname -m)" = "Linux x86_64" ] || skip "the figures are of Linux on x86_64"
    [ -x "$program" ] || skip "there is no installed build at $program (./install.sh --build-only DIR makes one)"
    work=$(mktemp -d /tmp/aitk-lane.XXXXXX) # always there: the length of paths is part of what is counted
    trap 'rm -rf "$work"' EXIT
    make_project
    if [ $layout = yes ]; then
        write_layout
        return
    fi
    local failed=no name now was
    for name in read write shell; do
        now=$(count "$name")
        was=$(awk -v name="$name" '$1 == name { print $2 }' "$figures" 2>/dev/null || :)
        printf '%-6s %9d instructions (recorded: %s)\n' "$name" "$now" "${was:-none}"
        if [ $record = yes ]; then
            printf '%s %d\n' "$name" "$now" >>"$work/figures"
        elif [ -z "$was" ] || [ $((now * 10)) -gt $((was * 11)) ]; then
            failed=yes
        fi
    done
    if [ $record = yes ]; then
        cp "$work/figures" "$figures"
    elif [ ! -f "$figures" ]; then
        echo "error: no figures are recorded; record those of the installed build: $0 --record" >&2
        exit 1
    fi
    if [ $failed = yes ]; then
        echo "error: the guard does more than a tenth more work than is recorded in $figures" >&2
        echo "hint: find out why (valgrind --tool=callgrind), or record it: $0 --record" >&2
        exit 1
    fi
}

skip() {
    echo "skipped: $1"
    exit 0
}

# A project with 2,000 docs, as a check leaves it, and the three calls that agents make most.
make_project() {
    local root=$work/proj
    mkdir -p "$work/home" "$root/.docs" "$root/src"
    printf 'url = "http://localhost:3001"\nproject = "web"\nprotect = ["handbook"]\n' >"$root/.aitk.toml"
    awk 'BEGIN {
        printf "{\"version\":1,\"owner\":{\"origin\":\"http://localhost:3001\",\"project\":\"web\"},\"epoch\":\"e\"," \
            "\"revision\":12,\"hash\":\"0\",\"syncedAt\":\"2026-11-20T09:30:00Z\",\"docsPath\":\"docs\"," \
            "\"onLock\":\"warn\",\"lock\":null,\"docs\":["
        for (n = 0; n < 2000; n++)
            printf "%s{\"path\":\"guides/%d.md\",\"hash\":\"0\",\"size\":1,\"stamp\":[1,1,1]}", n ? "," : "", n
        printf "]}"
    }' >"$root/.docs/.aitk-state.json"
    echo 0 >"$root/.docs/.sync-hash"
    event Read '{"file_path":"'"$root"'/src/main.rs"}' >"$work/read.json"
    event Write '{"file_path":"'"$root"'/src/main.rs","content":"'"$(printf 'x%.0s' {1..2700})"'"}' >"$work/write.json"
    # shellcheck disable=SC2016 # the agent's shell expands it
    local script='cd src && for f in *.rs; do rustfmt --check $f || echo $f >> ../target/bad.log; done; '
    script+='cargo build --release 2>&1 | tail -n 20 | tee ../target/build.log && git add -A && git status --short | head'
    event Bash '{"command":"'"$script"'","description":"build"}' >"$work/shell.json"
}

event() { # TOOL INPUT
    printf '{"session_id":"e22c1c57-7f1a-4e61-9358-5a2dbeeb459c","transcript_path":"/home/dev/.claude/a.jsonl",'
    printf '"cwd":"%s","permission_mode":"default","hook_event_name":"PreToolUse",' "$work/proj"
    printf '"tool_name":"%s","tool_input":%s,"tool_use_id":"toolu_0001"}' "$1" "$2"
}

# Names of functions hold hashes that change with every compiler: the linker is given a `*` for each. Those
# of the C library are its members, found by the names that they define; it has some for each kind of
# processor.
write_layout() {
    local name folder
    folder=$(dirname "$(gcc -print-file-name=libc.a)")
    nm -A --defined-only "$folder"/libc.a "$folder"/libm-*.a "$(gcc -print-file-name=libgcc_eh.a)" 2>/dev/null |
        awk 'NF > 2 && $(NF - 1) ~ /^[tTwWi]$/ { split($1, at, ":"); print $NF, at[2] }' | sort -u >"$work/members"
    for name in write read shell; do
        rm -rf "$work/home/.local"
        env -i HOME="$work/home" PATH=/usr/bin:/bin valgrind --tool=callgrind --demangle=no \
            --callgrind-out-file="$work/$name.calls" "$program" guard --agent claude <"$work/$name.json" >/dev/null 2>&1
        # In the alphabet's order, so that two layouts can be compared; those of every call come first.
        sed -nE "s/^c?fn=\([0-9]+\) //; T; s/'[0-9]+\$//; p" "$work/$name.calls" | LC_ALL=C sort -u
    done | awk '!seen[$0]++' >"$work/functions"
    {
        printf '/* What the guard runs, for the linker; written by tests/fast_lane.sh --layout. */\n'
        printf 'SECTIONS\n{\n    .text.guard :\n    {\n'
        printf '        *crt*.o(.text .text.*)\n        *(.text.main)\n'
        sed -nE 's/17h[0-9a-f]{16}E/17h*E/; s/\.(llvm\.)?[0-9]+$//; s/Cs[0-9A-Za-z]{8,13}_/Cs*_/g
            /^_(ZN|R)/s/.*/        *(.text.& .text.unlikely.&)/p' "$work/functions" | awk '!seen[$0]++'
        awk 'NR == FNR { members[$1] = members[$1] " " $2; next }
            { sub(/\.(constprop|part|isra|cold).*/, "") }
            {
                count = split(members[$1], of, " ")
                for (n = 1; n <= count && count <= 3; n++) {
                    sub(/-(sse[0-9_]*|avx[0-9]*|evex)/, "-*", of[n])
                    if (!seen[of[n]]++) printf "        *.a:%s(.text .text.*)\n", of[n]
                }
            }' "$work/members" "$work/functions"
        printf '    }\n}\nINSERT BEFORE .text;\n'
    } >cli/guard.ld
}

count() { # NAME
    env -i HOME="$work/home" PATH=/usr/bin:/bin valgrind --tool=callgrind --callgrind-out-file=/dev/null \
        "$program" guard --agent claude <"$work/$1.json" 2>&1 >/dev/null | awk '/Collected :/ { print $NF }'
}

main
