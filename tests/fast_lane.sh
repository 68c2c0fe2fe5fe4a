#!/usr/bin/env bash
# tests/fast_lane.sh [PROGRAM]: `aitk guard` runs before every tool call, so what it costs is counted, in
# instructions, which no other process disturbs. Fails where a figure is more than a tenth above the one in
# tests/fast_lane.figures; `--record` writes that file anew. PROGRAM is the installed build.
set -euo pipefail
cd "$(dirname "$0")/.."

record=no
if [ "${1:-}" = --record ]; then
    record=yes
    shift
fi
program=${1:-${CARGO_TARGET_DIR:-target}/x86_64-unknown-linux-gnu/release/aitk}
figures=tests/fast_lane.figures

main() {
    command -v valgrind >/dev/null || skip "valgrind is not installed (apt-get install valgrind)"
    [ "$(uname -s) $(uname -m)" = "Linux x86_64" ] || skip "the figures are of Linux on x86_64"
    [ -x "$program" ] || skip "there is no installed build at $program (./install.sh --build-only DIR makes one)"
    work=$(mktemp -d /tmp/aitk-lane.XXXXXX) # always there: the length of paths is part of what is counted
    trap 'rm -rf "$work"' EXIT
    make_project
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

count() { # NAME
    env -i HOME="$work/home" PATH=/usr/bin:/bin valgrind --tool=callgrind --callgrind-out-file=/dev/null \
        "$program" guard --agent claude <"$work/$1.json" 2>&1 >/dev/null | awk '/Collected :/ { print $NF }'
}

main
