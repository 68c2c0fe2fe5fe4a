#!/bin/sh
# demo.sh BIN_DIR DOCS_DIR: plays the main job of aitk with the real programs and shows every
# command with its output. `./install.sh --demo` calls it.
#
# Three people take part, each with a home of their own in one temporary folder; nothing outside
# it is written. Stops with exit code 1 at the first command that ends otherwise than it should.
set -eu

programs=$1
docs=$2

stage=  # the temporary folder
server= # process ids of what runs in the background
watch=
outcome="it ended too early"

main() {
    trap clean_up EXIT
    trap 'outcome="it was interrupted"; exit 1' HUP INT PIPE TERM
    set_the_stage

    title "A server starts, with its data in a temporary folder"
    start_server

    title "The administrator makes a project, and keys for two people"
    type_along admin "export AITK_URL=$url"
    run 0 admin "printf '%s\n' \"\$ADMIN_KEY\" | aitk login $url"
    run 0 admin "aitk project create handbook"
    run 0 admin "aitk key create --name 'Tech Lead' --role lead --project handbook > ../lead/key"
    run 0 admin "aitk key create --name 'Dana' --role developer --project handbook > ../dev/key"

    title "The Tech Lead puts the team's docs on the server"
    type_along lead "export AITK_URL=$url AITK_PROJECT=handbook"
    run 0 lead "aitk login $url < key"
    run 0 lead "aitk docs push handbook --yes --message 'first handbook'"

    title "Dana, a developer, connects a repository; then every session of an agent begins with a check"
    run 0 dev "git init --quiet"
    run 0 dev "aitk login $url < ../key"
    run 0 dev "aitk init --agent claude --url $url --project handbook"
    run 0 dev "aitk check"
    run 0 dev "find .docs -type f | sort"
    run 0 dev "$compare"

    title "The Tech Lead locks the docs to change them; Dana is watching"
    start_watch
    run 0 lead "aitk lock --reason $(word "$reason")"

    title "Until the Tech Lead is done, no new session begins"
    run 2 dev "aitk check"

    title "And never may an agent write to the docs: this is what Claude Code asks its hook"
    write_claude_event >"$stage/dev/write.json"
    run 0 dev "grep -E 'hook_event_name|tool_name|file_path' ../write.json"
    run 2 dev "aitk guard < ../write.json"

    title "The Tech Lead saves the change and unlocks"
    run 0 lead "echo 'Agreed by everybody, tried by nobody: try it.' >> $(word "handbook/$doc")"
    run 0 lead "aitk docs put $(word "$doc") $(word "handbook/$doc")"
    run 0 lead "aitk unlock"

    title "What Dana saw meanwhile"
    wait_for "lock:released" "$stage/dev/watch.out" "$watch" || fail "aitk watch did not show lock:released"
    run 0 dev "cat ../watch.out"

    title "The next session begins, with the new text"
    run 0 dev "aitk check"
    run 0 dev "tail -n 1 $(word ".docs/$doc")"
    run 0 dev "$compare"

    outcome=played
    say_next
}

title() { printf '\n%s== %s%s\n' "$bold" "$1" "$plain"; }

type_along() { printf '%s%-5s $ %s%s\n' "$bold" "$1" "$2" "$plain"; }

# Shows COMMAND as PERSON types it, runs it, and insists on its exit code.
run() { # CODE PERSON COMMAND
    type_along "$2" "$3"
    code=0
    (become "$2" && exec sh -c "$3") </dev/null 2>&1 || code=$?
    [ "$code" = 0 ] || echo "(exit code $code)"
    [ "$code" = "$1" ] || fail "exit code $code instead of $1: $3"
}

# Takes a person's home, place and settings; within a subshell.
become() {
    export HOME="$stage/$1" PATH="$programs:$PATH"
    export XDG_CONFIG_HOME="$HOME/.config" XDG_DATA_HOME="$HOME/.local/share"
    export XDG_STATE_HOME="$HOME/.local/state" XDG_CACHE_HOME="$HOME/.cache"
    cd "$HOME"
    case $1 in
        admin) export AITK_URL="$url" ADMIN_KEY="$admin_key" ;;
        lead) export AITK_URL="$url" AITK_PROJECT=handbook ;;
        dev) cd shop ;; # its .aitk.toml knows the rest
    esac
}

# $1 as one word of a command line.
word() {
    case $1 in
        *[!A-Za-z0-9._/-]*) printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")" ;;
        *) printf '%s' "$1" ;;
    esac
}

set_the_stage() {
    bold='' plain=''
    if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$(printf '\033[1m') plain=$(printf '\033[0m'); fi

    # Whoever plays the demo may use aitk already, or be an agent: that must make no difference.
    for name in $(env | grep -E '^(AITK|AI_TOOLKIT|CLAUDE|GIT)[A-Z0-9_]*=' | cut -d = -f 1); do
        unset "$name"
    done
    export NO_PROXY=127.0.0.1 no_proxy=127.0.0.1

    stage=$(mktemp -d "${TMPDIR:-/tmp}/aitk-demo.XXXXXX")
    stage=$(cd "$stage" && pwd -P)
    mkdir "$stage/server" "$stage/admin" "$stage/lead" "$stage/dev" "$stage/dev/shop"
    cp -R "$docs" "$stage/lead/handbook"
    rm -rf "$stage/lead/handbook/.git"
    chmod -R u+w "$stage/lead/handbook"
    compare="diff -r -x .sync-hash -x '.aitk*' ../../lead/handbook .docs && echo 'no difference'"

    doc=workflows/release.md
    reason="rewriting the release guide"
    if [ ! -f "$docs/$doc" ]; then
        doc=$(cd "$stage/lead/handbook" && find . -type f | sort | sed -n 's/^\.\///; /\.md$/p' | head -n 1)
        [ -n "$doc" ] || fail "there is no Markdown file in $docs"
        reason="rewriting $doc"
    fi
}

start_server() {
    type_along admin "aitk-server --listen 127.0.0.1:0 --data server &"
    (cd "$stage" && exec env HOME="$stage/server" "$programs/aitk-server" --listen 127.0.0.1:0 --data server) \
        </dev/null >"$stage/server.log" 2>&1 &
    server=$!
    wait_for " listening on http" "$stage/server.log" "$server" || fail "the server does not start"
    wait_for "admin key: sk_" "$stage/server.log" "$server" || fail "the server shows no admin key"
    grep -e ' listening on ' -e 'admin key: ' "$stage/server.log"
    url=$(sed -n 's/.* listening on \(http[^ ]*\).*/\1/p' "$stage/server.log" | head -n 1)
    admin_key=$(sed -n 's/.*admin key: \(sk_[A-Za-z0-9_-]*\).*/\1/p' "$stage/server.log")
}

start_watch() {
    type_along dev "aitk watch > ../watch.out 2>&1 &"
    (become dev && exec aitk watch) </dev/null >"$stage/dev/watch.out" 2>&1 &
    watch=$!
    wait_for "" "$stage/dev/watch.out" "$watch" || fail "aitk watch says nothing"
}

# Waits, at most ten seconds, until a line with TEXT is in FILE, while PROCESS lives.
wait_for() { # TEXT FILE PROCESS
    tries=0
    until grep -q -e "$1" "$2"; do
        tries=$((tries + 1))
        [ "$tries" -le 100 ] && kill -0 "$3" 2>/dev/null || return 1
        sleep 0.1
    done
}

# What Claude Code sends to a PreToolUse hook, with the paths of this stage.
write_claude_event() {
    cat <<END
{
  "session_id": "e22c1c57-7f1a-4e61-9358-5a2dbeeb459c",
  "transcript_path": "$stage/dev/.claude/projects/shop/e22c1c57-7f1a-4e61-9358-5a2dbeeb459c.jsonl",
  "cwd": "$stage/dev/shop",
  "prompt_id": "090ee0e0-2d9a-4ec8-bf4f-afd789180bcf",
  "permission_mode": "bypassPermissions",
  "effort": { "level": "medium" },
  "hook_event_name": "PreToolUse",
  "tool_name": "Write",
  "tool_input": {
    "file_path": "$stage/dev/shop/.docs/README.md",
    "content": "# Everything is allowed\n"
  },
  "tool_use_id": "toolu_0001"
}
END
}

say_next() {
    title "That was the main job. To go on:"
    cat <<'END'
  ./install.sh                        install aitk and aitk-server under ~/.local (no root)
  aitk-server                         start a server of your own; it prints an admin key once
  aitk login http://localhost:3001    give aitk the key; then as above
END
}

fail() {
    outcome=$1
    exit 1
}

clean_up() {
    trap '' HUP INT PIPE TERM # whatever comes now, nothing stays behind
    set +e
    stop "$watch"
    stop "$server"
    last_words=$(tail -n 20 "$stage/server.log" 2>/dev/null)
    [ -z "$stage" ] || rm -rf "$stage"
    [ "$outcome" = played ] && exit 0
    printf '\n%s\n\nDEMO FAILED: %s\n' "${last_words:+the server says: $last_words}" "$outcome" >&2
    exit 1
}

# Asks a process of ours to end, and insists after five seconds.
stop() {
    if [ -z "$1" ] || ! kill "$1" 2>/dev/null; then return; fi
    tries=0
    while kill -0 "$1" 2>/dev/null; do
        tries=$((tries + 1))
        [ "$tries" -le 50 ] || kill -9 "$1"
        sleep 0.1
    done
    wait "$1" 2>/dev/null || :
}

main
