# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_aitk_global_optspecs
    string join \n root= project= url= json q/quiet v/verbose color= timeout= deadline= retries= h/help V/version
end

function __fish_aitk_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_aitk_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_aitk_using_subcommand
    set -l cmd (__fish_aitk_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c aitk -n "__fish_aitk_needs_command" -l root -d 'Work in the project at DIR' -r -F
complete -c aitk -n "__fish_aitk_needs_command" -l project -d 'Use this project, an id or a slug' -r
complete -c aitk -n "__fish_aitk_needs_command" -l url -d 'Ask the server at URL' -r
complete -c aitk -n "__fish_aitk_needs_command" -l color -d 'Colour what is said: auto, always or never' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Everywhere'
never\t'Nowhere'"
complete -c aitk -n "__fish_aitk_needs_command" -l timeout -d 'Wait so long for one request' -r
complete -c aitk -n "__fish_aitk_needs_command" -l deadline -d 'Give `check` so long where a complete copy exists' -r
complete -c aitk -n "__fish_aitk_needs_command" -l retries -d 'Try again so often when the server is out of reach' -r
complete -c aitk -n "__fish_aitk_needs_command" -l json -d 'Print one JSON document, also of a failure'
complete -c aitk -n "__fish_aitk_needs_command" -s q -l quiet -d 'Say nothing but warnings and errors'
complete -c aitk -n "__fish_aitk_needs_command" -s v -l verbose -d 'Say what is asked of the server, and why something failed'
complete -c aitk -n "__fish_aitk_needs_command" -s h -l help -d 'Print help'
complete -c aitk -n "__fish_aitk_needs_command" -s V -l version -d 'Print version'
complete -c aitk -n "__fish_aitk_needs_command" -f -a "check" -d 'Sync the docs, unless somebody has them locked'
complete -c aitk -n "__fish_aitk_needs_command" -f -a "guard" -d 'Refuse an agent\'s write to the docs (a hook)'
complete -c aitk -n "__fish_aitk_needs_command" -f -a "status" -d 'Show the lock and the state of the copy'
complete -c aitk -n "__fish_aitk_needs_command" -f -a "diff" -d 'Show which docs differ from the platform\'s'
complete -c aitk -n "__fish_aitk_needs_command" -f -a "sync" -d 'Bring the docs to the platform\'s revision'
complete -c aitk -n "__fish_aitk_needs_command" -f -a "verify" -d 'Hash every mirrored file and compare'
complete -c aitk -n "__fish_aitk_needs_command" -f -a "init" -d 'Set a repository up for its agents'
complete -c aitk -n "__fish_aitk_needs_command" -f -a "join" -d 'Turn an invitation into your key, and set this repository up'
complete -c aitk -n "__fish_aitk_needs_command" -f -a "doctor" -d 'Say whether everything works here'
complete -c aitk -n "__fish_aitk_needs_command" -f -a "login" -d 'Store your key for a server'
complete -c aitk -n "__fish_aitk_needs_command" -f -a "logout" -d 'Forget a server and its key'
complete -c aitk -n "__fish_aitk_needs_command" -f -a "project" -d 'Make, show and change projects'
complete -c aitk -n "__fish_aitk_needs_command" -f -a "key" -d 'Make, list and revoke API keys'
complete -c aitk -n "__fish_aitk_needs_command" -f -a "invite" -d 'Make a link that turns into a personal key'
complete -c aitk -n "__fish_aitk_needs_command" -f -a "docs" -d 'Read and change the docs on the server'
complete -c aitk -n "__fish_aitk_needs_command" -f -a "lock" -d 'Lock the docs, so that you alone can change them'
complete -c aitk -n "__fish_aitk_needs_command" -f -a "unlock" -d 'Release the lock'
complete -c aitk -n "__fish_aitk_needs_command" -f -a "watch" -d 'Follow what happens, live'
complete -c aitk -n "__fish_aitk_needs_command" -f -a "publish" -d 'Publish an event'
complete -c aitk -n "__fish_aitk_needs_command" -f -a "completions" -d 'Print the completions of a shell'
complete -c aitk -n "__fish_aitk_needs_command" -f -a "man" -d 'Write the man pages into a folder'
complete -c aitk -n "__fish_aitk_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c aitk -n "__fish_aitk_using_subcommand check" -l agent -d 'The agent that asks; told from its event where not given' -r
complete -c aitk -n "__fish_aitk_using_subcommand check" -l root -d 'Work in the project at DIR' -r -F
complete -c aitk -n "__fish_aitk_using_subcommand check" -l project -d 'Use this project, an id or a slug' -r
complete -c aitk -n "__fish_aitk_using_subcommand check" -l url -d 'Ask the server at URL' -r
complete -c aitk -n "__fish_aitk_using_subcommand check" -l color -d 'Colour what is said: auto, always or never' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Everywhere'
never\t'Nowhere'"
complete -c aitk -n "__fish_aitk_using_subcommand check" -l timeout -d 'Wait so long for one request' -r
complete -c aitk -n "__fish_aitk_using_subcommand check" -l deadline -d 'Give `check` so long where a complete copy exists' -r
complete -c aitk -n "__fish_aitk_using_subcommand check" -l retries -d 'Try again so often when the server is out of reach' -r
complete -c aitk -n "__fish_aitk_using_subcommand check" -l json -d 'Print one JSON document, also of a failure'
complete -c aitk -n "__fish_aitk_using_subcommand check" -s q -l quiet -d 'Say nothing but warnings and errors'
complete -c aitk -n "__fish_aitk_using_subcommand check" -s v -l verbose -d 'Say what is asked of the server, and why something failed'
complete -c aitk -n "__fish_aitk_using_subcommand check" -s h -l help -d 'Print help'
complete -c aitk -n "__fish_aitk_using_subcommand guard" -l agent -d 'The agent that asks; told from its event where not given' -r
complete -c aitk -n "__fish_aitk_using_subcommand guard" -l root -d 'Work in the project at DIR' -r -F
complete -c aitk -n "__fish_aitk_using_subcommand guard" -l project -d 'Use this project, an id or a slug' -r
complete -c aitk -n "__fish_aitk_using_subcommand guard" -l url -d 'Ask the server at URL' -r
complete -c aitk -n "__fish_aitk_using_subcommand guard" -l color -d 'Colour what is said: auto, always or never' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Everywhere'
never\t'Nowhere'"
complete -c aitk -n "__fish_aitk_using_subcommand guard" -l timeout -d 'Wait so long for one request' -r
complete -c aitk -n "__fish_aitk_using_subcommand guard" -l deadline -d 'Give `check` so long where a complete copy exists' -r
complete -c aitk -n "__fish_aitk_using_subcommand guard" -l retries -d 'Try again so often when the server is out of reach' -r
complete -c aitk -n "__fish_aitk_using_subcommand guard" -l git -d 'As git\'s hook before a commit: refuse what is staged below the docs'
complete -c aitk -n "__fish_aitk_using_subcommand guard" -l json -d 'Print one JSON document, also of a failure'
complete -c aitk -n "__fish_aitk_using_subcommand guard" -s q -l quiet -d 'Say nothing but warnings and errors'
complete -c aitk -n "__fish_aitk_using_subcommand guard" -s v -l verbose -d 'Say what is asked of the server, and why something failed'
complete -c aitk -n "__fish_aitk_using_subcommand guard" -s h -l help -d 'Print help'
complete -c aitk -n "__fish_aitk_using_subcommand status" -l root -d 'Work in the project at DIR' -r -F
complete -c aitk -n "__fish_aitk_using_subcommand status" -l project -d 'Use this project, an id or a slug' -r
complete -c aitk -n "__fish_aitk_using_subcommand status" -l url -d 'Ask the server at URL' -r
complete -c aitk -n "__fish_aitk_using_subcommand status" -l color -d 'Colour what is said: auto, always or never' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Everywhere'
never\t'Nowhere'"
complete -c aitk -n "__fish_aitk_using_subcommand status" -l timeout -d 'Wait so long for one request' -r
complete -c aitk -n "__fish_aitk_using_subcommand status" -l deadline -d 'Give `check` so long where a complete copy exists' -r
complete -c aitk -n "__fish_aitk_using_subcommand status" -l retries -d 'Try again so often when the server is out of reach' -r
complete -c aitk -n "__fish_aitk_using_subcommand status" -l exit-code -d 'Exit with 2 while somebody else holds the lock, with 5 where that cannot be known'
complete -c aitk -n "__fish_aitk_using_subcommand status" -l team -d 'Show who is on which revision, and whom the lock blocks; takes a lead\'s key'
complete -c aitk -n "__fish_aitk_using_subcommand status" -l json -d 'Print one JSON document, also of a failure'
complete -c aitk -n "__fish_aitk_using_subcommand status" -s q -l quiet -d 'Say nothing but warnings and errors'
complete -c aitk -n "__fish_aitk_using_subcommand status" -s v -l verbose -d 'Say what is asked of the server, and why something failed'
complete -c aitk -n "__fish_aitk_using_subcommand status" -s h -l help -d 'Print help'
complete -c aitk -n "__fish_aitk_using_subcommand diff" -l root -d 'Work in the project at DIR' -r -F
complete -c aitk -n "__fish_aitk_using_subcommand diff" -l project -d 'Use this project, an id or a slug' -r
complete -c aitk -n "__fish_aitk_using_subcommand diff" -l url -d 'Ask the server at URL' -r
complete -c aitk -n "__fish_aitk_using_subcommand diff" -l color -d 'Colour what is said: auto, always or never' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Everywhere'
never\t'Nowhere'"
complete -c aitk -n "__fish_aitk_using_subcommand diff" -l timeout -d 'Wait so long for one request' -r
complete -c aitk -n "__fish_aitk_using_subcommand diff" -l deadline -d 'Give `check` so long where a complete copy exists' -r
complete -c aitk -n "__fish_aitk_using_subcommand diff" -l retries -d 'Try again so often when the server is out of reach' -r
complete -c aitk -n "__fish_aitk_using_subcommand diff" -l exit-code -d 'Exit with 6 when anything differs'
complete -c aitk -n "__fish_aitk_using_subcommand diff" -l json -d 'Print one JSON document, also of a failure'
complete -c aitk -n "__fish_aitk_using_subcommand diff" -s q -l quiet -d 'Say nothing but warnings and errors'
complete -c aitk -n "__fish_aitk_using_subcommand diff" -s v -l verbose -d 'Say what is asked of the server, and why something failed'
complete -c aitk -n "__fish_aitk_using_subcommand diff" -s h -l help -d 'Print help'
complete -c aitk -n "__fish_aitk_using_subcommand sync" -l root -d 'Work in the project at DIR' -r -F
complete -c aitk -n "__fish_aitk_using_subcommand sync" -l project -d 'Use this project, an id or a slug' -r
complete -c aitk -n "__fish_aitk_using_subcommand sync" -l url -d 'Ask the server at URL' -r
complete -c aitk -n "__fish_aitk_using_subcommand sync" -l color -d 'Colour what is said: auto, always or never' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Everywhere'
never\t'Nowhere'"
complete -c aitk -n "__fish_aitk_using_subcommand sync" -l timeout -d 'Wait so long for one request' -r
complete -c aitk -n "__fish_aitk_using_subcommand sync" -l deadline -d 'Give `check` so long where a complete copy exists' -r
complete -c aitk -n "__fish_aitk_using_subcommand sync" -l retries -d 'Try again so often when the server is out of reach' -r
complete -c aitk -n "__fish_aitk_using_subcommand sync" -l force -d 'Fetch everything anew, also over another project\'s copy'
complete -c aitk -n "__fish_aitk_using_subcommand sync" -l while-locked -d 'Sync though somebody else holds the lock'
complete -c aitk -n "__fish_aitk_using_subcommand sync" -l json -d 'Print one JSON document, also of a failure'
complete -c aitk -n "__fish_aitk_using_subcommand sync" -s q -l quiet -d 'Say nothing but warnings and errors'
complete -c aitk -n "__fish_aitk_using_subcommand sync" -s v -l verbose -d 'Say what is asked of the server, and why something failed'
complete -c aitk -n "__fish_aitk_using_subcommand sync" -s h -l help -d 'Print help'
complete -c aitk -n "__fish_aitk_using_subcommand verify" -l root -d 'Work in the project at DIR' -r -F
complete -c aitk -n "__fish_aitk_using_subcommand verify" -l project -d 'Use this project, an id or a slug' -r
complete -c aitk -n "__fish_aitk_using_subcommand verify" -l url -d 'Ask the server at URL' -r
complete -c aitk -n "__fish_aitk_using_subcommand verify" -l color -d 'Colour what is said: auto, always or never' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Everywhere'
never\t'Nowhere'"
complete -c aitk -n "__fish_aitk_using_subcommand verify" -l timeout -d 'Wait so long for one request' -r
complete -c aitk -n "__fish_aitk_using_subcommand verify" -l deadline -d 'Give `check` so long where a complete copy exists' -r
complete -c aitk -n "__fish_aitk_using_subcommand verify" -l retries -d 'Try again so often when the server is out of reach' -r
complete -c aitk -n "__fish_aitk_using_subcommand verify" -l repair -d 'Bring back what differs, from the cache or the server'
complete -c aitk -n "__fish_aitk_using_subcommand verify" -l json -d 'Print one JSON document, also of a failure'
complete -c aitk -n "__fish_aitk_using_subcommand verify" -s q -l quiet -d 'Say nothing but warnings and errors'
complete -c aitk -n "__fish_aitk_using_subcommand verify" -s v -l verbose -d 'Say what is asked of the server, and why something failed'
complete -c aitk -n "__fish_aitk_using_subcommand verify" -s h -l help -d 'Print help'
complete -c aitk -n "__fish_aitk_using_subcommand init" -l agent -d 'Install the hooks of these agents  [default: those found here]' -r
complete -c aitk -n "__fish_aitk_using_subcommand init" -l scope -d 'Where the hooks go' -r -f -a "project\t'The repository\'s own settings, for everybody who clones it'
user\t'Your own settings, for all your projects and their sub-folders'
managed\t'The machine\'s settings, which nobody can switch off'"
complete -c aitk -n "__fish_aitk_using_subcommand init" -l root -d 'Work in the project at DIR' -r -F
complete -c aitk -n "__fish_aitk_using_subcommand init" -l project -d 'Use this project, an id or a slug' -r
complete -c aitk -n "__fish_aitk_using_subcommand init" -l url -d 'Ask the server at URL' -r
complete -c aitk -n "__fish_aitk_using_subcommand init" -l color -d 'Colour what is said: auto, always or never' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Everywhere'
never\t'Nowhere'"
complete -c aitk -n "__fish_aitk_using_subcommand init" -l timeout -d 'Wait so long for one request' -r
complete -c aitk -n "__fish_aitk_using_subcommand init" -l deadline -d 'Give `check` so long where a complete copy exists' -r
complete -c aitk -n "__fish_aitk_using_subcommand init" -l retries -d 'Try again so often when the server is out of reach' -r
complete -c aitk -n "__fish_aitk_using_subcommand init" -l local -d 'Set it up for you alone: project and hooks in your own settings, nothing to commit'
complete -c aitk -n "__fish_aitk_using_subcommand init" -l strict -d 'Block an agent\'s tools where aitk is not installed'
complete -c aitk -n "__fish_aitk_using_subcommand init" -l trust -d 'Accept the server that the repository names: your key may go there; have Codex trust the hooks'
complete -c aitk -n "__fish_aitk_using_subcommand init" -l dry-run -d 'Show what would change, as a diff'
complete -c aitk -n "__fish_aitk_using_subcommand init" -l uninstall -d 'Take out what init put in'
complete -c aitk -n "__fish_aitk_using_subcommand init" -l migrate -d 'Take over what the shell scripts of before left: their copy, their hooks, their variables'
complete -c aitk -n "__fish_aitk_using_subcommand init" -l json -d 'Print one JSON document, also of a failure'
complete -c aitk -n "__fish_aitk_using_subcommand init" -s q -l quiet -d 'Say nothing but warnings and errors'
complete -c aitk -n "__fish_aitk_using_subcommand init" -s v -l verbose -d 'Say what is asked of the server, and why something failed'
complete -c aitk -n "__fish_aitk_using_subcommand init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aitk -n "__fish_aitk_using_subcommand join" -l name -d 'Your name, as others will see it  [default: git\'s user.name]' -r
complete -c aitk -n "__fish_aitk_using_subcommand join" -l root -d 'Work in the project at DIR' -r -F
complete -c aitk -n "__fish_aitk_using_subcommand join" -l project -d 'Use this project, an id or a slug' -r
complete -c aitk -n "__fish_aitk_using_subcommand join" -l url -d 'Ask the server at URL' -r
complete -c aitk -n "__fish_aitk_using_subcommand join" -l color -d 'Colour what is said: auto, always or never' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Everywhere'
never\t'Nowhere'"
complete -c aitk -n "__fish_aitk_using_subcommand join" -l timeout -d 'Wait so long for one request' -r
complete -c aitk -n "__fish_aitk_using_subcommand join" -l deadline -d 'Give `check` so long where a complete copy exists' -r
complete -c aitk -n "__fish_aitk_using_subcommand join" -l retries -d 'Try again so often when the server is out of reach' -r
complete -c aitk -n "__fish_aitk_using_subcommand join" -l no-init -d 'Only store the key'
complete -c aitk -n "__fish_aitk_using_subcommand join" -l replace -d 'Give up the key that you already have for this server'
complete -c aitk -n "__fish_aitk_using_subcommand join" -l json -d 'Print one JSON document, also of a failure'
complete -c aitk -n "__fish_aitk_using_subcommand join" -s q -l quiet -d 'Say nothing but warnings and errors'
complete -c aitk -n "__fish_aitk_using_subcommand join" -s v -l verbose -d 'Say what is asked of the server, and why something failed'
complete -c aitk -n "__fish_aitk_using_subcommand join" -s h -l help -d 'Print help'
complete -c aitk -n "__fish_aitk_using_subcommand doctor" -l root -d 'Work in the project at DIR' -r -F
complete -c aitk -n "__fish_aitk_using_subcommand doctor" -l project -d 'Use this project, an id or a slug' -r
complete -c aitk -n "__fish_aitk_using_subcommand doctor" -l url -d 'Ask the server at URL' -r
complete -c aitk -n "__fish_aitk_using_subcommand doctor" -l color -d 'Colour what is said: auto, always or never' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Everywhere'
never\t'Nowhere'"
complete -c aitk -n "__fish_aitk_using_subcommand doctor" -l timeout -d 'Wait so long for one request' -r
complete -c aitk -n "__fish_aitk_using_subcommand doctor" -l deadline -d 'Give `check` so long where a complete copy exists' -r
complete -c aitk -n "__fish_aitk_using_subcommand doctor" -l retries -d 'Try again so often when the server is out of reach' -r
complete -c aitk -n "__fish_aitk_using_subcommand doctor" -l json -d 'Print one JSON document, also of a failure'
complete -c aitk -n "__fish_aitk_using_subcommand doctor" -s q -l quiet -d 'Say nothing but warnings and errors'
complete -c aitk -n "__fish_aitk_using_subcommand doctor" -s v -l verbose -d 'Say what is asked of the server, and why something failed'
complete -c aitk -n "__fish_aitk_using_subcommand doctor" -s h -l help -d 'Print help'
complete -c aitk -n "__fish_aitk_using_subcommand login" -l root -d 'Work in the project at DIR' -r -F
complete -c aitk -n "__fish_aitk_using_subcommand login" -l project -d 'Use this project, an id or a slug' -r
complete -c aitk -n "__fish_aitk_using_subcommand login" -l url -d 'Ask the server at URL' -r
complete -c aitk -n "__fish_aitk_using_subcommand login" -l color -d 'Colour what is said: auto, always or never' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Everywhere'
never\t'Nowhere'"
complete -c aitk -n "__fish_aitk_using_subcommand login" -l timeout -d 'Wait so long for one request' -r
complete -c aitk -n "__fish_aitk_using_subcommand login" -l deadline -d 'Give `check` so long where a complete copy exists' -r
complete -c aitk -n "__fish_aitk_using_subcommand login" -l retries -d 'Try again so often when the server is out of reach' -r
complete -c aitk -n "__fish_aitk_using_subcommand login" -l json -d 'Print one JSON document, also of a failure'
complete -c aitk -n "__fish_aitk_using_subcommand login" -s q -l quiet -d 'Say nothing but warnings and errors'
complete -c aitk -n "__fish_aitk_using_subcommand login" -s v -l verbose -d 'Say what is asked of the server, and why something failed'
complete -c aitk -n "__fish_aitk_using_subcommand login" -s h -l help -d 'Print help'
complete -c aitk -n "__fish_aitk_using_subcommand logout" -l root -d 'Work in the project at DIR' -r -F
complete -c aitk -n "__fish_aitk_using_subcommand logout" -l project -d 'Use this project, an id or a slug' -r
complete -c aitk -n "__fish_aitk_using_subcommand logout" -l url -d 'Ask the server at URL' -r
complete -c aitk -n "__fish_aitk_using_subcommand logout" -l color -d 'Colour what is said: auto, always or never' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Everywhere'
never\t'Nowhere'"
complete -c aitk -n "__fish_aitk_using_subcommand logout" -l timeout -d 'Wait so long for one request' -r
complete -c aitk -n "__fish_aitk_using_subcommand logout" -l deadline -d 'Give `check` so long where a complete copy exists' -r
complete -c aitk -n "__fish_aitk_using_subcommand logout" -l retries -d 'Try again so often when the server is out of reach' -r
complete -c aitk -n "__fish_aitk_using_subcommand logout" -l json -d 'Print one JSON document, also of a failure'
complete -c aitk -n "__fish_aitk_using_subcommand logout" -s q -l quiet -d 'Say nothing but warnings and errors'
complete -c aitk -n "__fish_aitk_using_subcommand logout" -s v -l verbose -d 'Say what is asked of the server, and why something failed'
complete -c aitk -n "__fish_aitk_using_subcommand logout" -s h -l help -d 'Print help'
complete -c aitk -n "__fish_aitk_using_subcommand project; and not __fish_seen_subcommand_from create ls show set audit rm help" -l root -d 'Work in the project at DIR' -r -F
complete -c aitk -n "__fish_aitk_using_subcommand project; and not __fish_seen_subcommand_from create ls show set audit rm help" -l project -d 'Use this project, an id or a slug' -r
complete -c aitk -n "__fish_aitk_using_subcommand project; and not __fish_seen_subcommand_from create ls show set audit rm help" -l url -d 'Ask the server at URL' -r
complete -c aitk -n "__fish_aitk_using_subcommand project; and not __fish_seen_subcommand_from create ls show set audit rm help" -l color -d 'Colour what is said: auto, always or never' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Everywhere'
never\t'Nowhere'"
complete -c aitk -n "__fish_aitk_using_subcommand project; and not __fish_seen_subcommand_from create ls show set audit rm help" -l timeout -d 'Wait so long for one request' -r
complete -c aitk -n "__fish_aitk_using_subcommand project; and not __fish_seen_subcommand_from create ls show set audit rm help" -l deadline -d 'Give `check` so long where a complete copy exists' -r
complete -c aitk -n "__fish_aitk_using_subcommand project; and not __fish_seen_subcommand_from create ls show set audit rm help" -l retries -d 'Try again so often when the server is out of reach' -r
complete -c aitk -n "__fish_aitk_using_subcommand project; and not __fish_seen_subcommand_from create ls show set audit rm help" -l json -d 'Print one JSON document, also of a failure'
complete -c aitk -n "__fish_aitk_using_subcommand project; and not __fish_seen_subcommand_from create ls show set audit rm help" -s q -l quiet -d 'Say nothing but warnings and errors'
complete -c aitk -n "__fish_aitk_using_subcommand project; and not __fish_seen_subcommand_from create ls show set audit rm help" -s v -l verbose -d 'Say what is asked of the server, and why something failed'
complete -c aitk -n "__fish_aitk_using_subcommand project; and not __fish_seen_subcommand_from create ls show set audit rm help" -s h -l help -d 'Print help'
complete -c aitk -n "__fish_aitk_using_subcommand project; and not __fish_seen_subcommand_from create ls show set audit rm help" -f -a "create" -d 'Make a project'
complete -c aitk -n "__fish_aitk_using_subcommand project; and not __fish_seen_subcommand_from create ls show set audit rm help" -f -a "ls" -d 'List the projects that your key covers'
complete -c aitk -n "__fish_aitk_using_subcommand project; and not __fish_seen_subcommand_from create ls show set audit rm help" -f -a "show" -d 'Show a project\'s settings'
complete -c aitk -n "__fish_aitk_using_subcommand project; and not __fish_seen_subcommand_from create ls show set audit rm help" -f -a "set" -d 'Change a project\'s settings'
complete -c aitk -n "__fish_aitk_using_subcommand project; and not __fish_seen_subcommand_from create ls show set audit rm help" -f -a "audit" -d 'Show who did what to a project, or to the whole server'
complete -c aitk -n "__fish_aitk_using_subcommand project; and not __fish_seen_subcommand_from create ls show set audit rm help" -f -a "rm" -d 'Remove a project with its docs, their history and its lock'
complete -c aitk -n "__fish_aitk_using_subcommand project; and not __fish_seen_subcommand_from create ls show set audit rm help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from create" -l slug -d 'Name it so in commands and URLs' -r
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from create" -l repo -d 'Keep its docs in the git repository at URL' -r
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from create" -l branch -d 'Use this branch of the repository' -r
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from create" -l docs-path -d 'Use this folder of the repository' -r
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from create" -l on-lock -d 'What agents may do while the docs are locked: go on with a warning, or write nothing' -r -f -a "warn\t''
deny\t''"
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from create" -l root -d 'Work in the project at DIR' -r -F
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from create" -l project -d 'Use this project, an id or a slug' -r
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from create" -l url -d 'Ask the server at URL' -r
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from create" -l color -d 'Colour what is said: auto, always or never' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Everywhere'
never\t'Nowhere'"
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from create" -l timeout -d 'Wait so long for one request' -r
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from create" -l deadline -d 'Give `check` so long where a complete copy exists' -r
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from create" -l retries -d 'Try again so often when the server is out of reach' -r
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from create" -l token-stdin -d 'Read the repository\'s access token, or for ssh a private key, from standard input'
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from create" -l webhook-secret-stdin -d 'Read the secret of the repository\'s push webhook from standard input'
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from create" -l json -d 'Print one JSON document, also of a failure'
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Say nothing but warnings and errors'
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from create" -s v -l verbose -d 'Say what is asked of the server, and why something failed'
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help'
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from ls" -l root -d 'Work in the project at DIR' -r -F
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from ls" -l project -d 'Use this project, an id or a slug' -r
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from ls" -l url -d 'Ask the server at URL' -r
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from ls" -l color -d 'Colour what is said: auto, always or never' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Everywhere'
never\t'Nowhere'"
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from ls" -l timeout -d 'Wait so long for one request' -r
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from ls" -l deadline -d 'Give `check` so long where a complete copy exists' -r
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from ls" -l retries -d 'Try again so often when the server is out of reach' -r
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from ls" -l json -d 'Print one JSON document, also of a failure'
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Say nothing but warnings and errors'
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from ls" -s v -l verbose -d 'Say what is asked of the server, and why something failed'
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help'
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from show" -l root -d 'Work in the project at DIR' -r -F
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from show" -l project -d 'Use this project, an id or a slug' -r
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from show" -l url -d 'Ask the server at URL' -r
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from show" -l color -d 'Colour what is said: auto, always or never' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Everywhere'
never\t'Nowhere'"
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from show" -l timeout -d 'Wait so long for one request' -r
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from show" -l deadline -d 'Give `check` so long where a complete copy exists' -r
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from show" -l retries -d 'Try again so often when the server is out of reach' -r
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from show" -l json -d 'Print one JSON document, also of a failure'
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say nothing but warnings and errors'
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say what is asked of the server, and why something failed'
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from set" -l name -d 'Name it so, for people' -r
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from set" -l slug -d 'Name it so in commands and URLs' -r
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from set" -l repo -d 'Keep its docs in the git repository at URL' -r
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from set" -l branch -d 'Use this branch of the repository' -r
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from set" -l docs-path -d 'Use this folder of the repository' -r
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from set" -l on-lock -d 'What agents may do while the docs are locked: go on with a warning, or write nothing' -r -f -a "warn\t''
deny\t''"
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from set" -l root -d 'Work in the project at DIR' -r -F
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from set" -l project -d 'Use this project, an id or a slug' -r
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from set" -l url -d 'Ask the server at URL' -r
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from set" -l color -d 'Colour what is said: auto, always or never' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Everywhere'
never\t'Nowhere'"
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from set" -l timeout -d 'Wait so long for one request' -r
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from set" -l deadline -d 'Give `check` so long where a complete copy exists' -r
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from set" -l retries -d 'Try again so often when the server is out of reach' -r
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from set" -l token-stdin -d 'Read the repository\'s access token, or for ssh a private key, from standard input'
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from set" -l webhook-secret-stdin -d 'Read the secret of the repository\'s push webhook from standard input'
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from set" -l no-token -d 'Drop the repository\'s access token'
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from set" -l no-webhook-secret -d 'Drop the secret of the repository\'s webhook, which ends it'
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from set" -l no-repo -d 'Keep the docs here alone; the repository stays as it is'
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from set" -l json -d 'Print one JSON document, also of a failure'
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from set" -s q -l quiet -d 'Say nothing but warnings and errors'
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from set" -s v -l verbose -d 'Say what is asked of the server, and why something failed'
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help'
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from audit" -l limit -d 'Show so many lines, at most 1000' -r
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from audit" -l before -d 'Show the lines before this one, by its number' -r
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from audit" -l root -d 'Work in the project at DIR' -r -F
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from audit" -l project -d 'Use this project, an id or a slug' -r
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from audit" -l url -d 'Ask the server at URL' -r
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from audit" -l color -d 'Colour what is said: auto, always or never' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Everywhere'
never\t'Nowhere'"
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from audit" -l timeout -d 'Wait so long for one request' -r
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from audit" -l deadline -d 'Give `check` so long where a complete copy exists' -r
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from audit" -l retries -d 'Try again so often when the server is out of reach' -r
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from audit" -l server -d 'Show the whole server\'s; takes an admin\'s key'
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from audit" -l json -d 'Print one JSON document, also of a failure'
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from audit" -s q -l quiet -d 'Say nothing but warnings and errors'
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from audit" -s v -l verbose -d 'Say what is asked of the server, and why something failed'
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from audit" -s h -l help -d 'Print help'
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from rm" -l root -d 'Work in the project at DIR' -r -F
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from rm" -l project -d 'Use this project, an id or a slug' -r
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from rm" -l url -d 'Ask the server at URL' -r
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from rm" -l color -d 'Colour what is said: auto, always or never' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Everywhere'
never\t'Nowhere'"
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from rm" -l timeout -d 'Wait so long for one request' -r
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from rm" -l deadline -d 'Give `check` so long where a complete copy exists' -r
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from rm" -l retries -d 'Try again so often when the server is out of reach' -r
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from rm" -s y -l yes -d 'Do not ask'
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from rm" -l json -d 'Print one JSON document, also of a failure'
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from rm" -s q -l quiet -d 'Say nothing but warnings and errors'
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from rm" -s v -l verbose -d 'Say what is asked of the server, and why something failed'
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from rm" -s h -l help -d 'Print help'
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from help" -f -a "create" -d 'Make a project'
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from help" -f -a "ls" -d 'List the projects that your key covers'
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show a project\'s settings'
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from help" -f -a "set" -d 'Change a project\'s settings'
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from help" -f -a "audit" -d 'Show who did what to a project, or to the whole server'
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from help" -f -a "rm" -d 'Remove a project with its docs, their history and its lock'
complete -c aitk -n "__fish_aitk_using_subcommand project; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c aitk -n "__fish_aitk_using_subcommand key; and not __fish_seen_subcommand_from create ls revoke help" -l root -d 'Work in the project at DIR' -r -F
complete -c aitk -n "__fish_aitk_using_subcommand key; and not __fish_seen_subcommand_from create ls revoke help" -l project -d 'Use this project, an id or a slug' -r
complete -c aitk -n "__fish_aitk_using_subcommand key; and not __fish_seen_subcommand_from create ls revoke help" -l url -d 'Ask the server at URL' -r
complete -c aitk -n "__fish_aitk_using_subcommand key; and not __fish_seen_subcommand_from create ls revoke help" -l color -d 'Colour what is said: auto, always or never' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Everywhere'
never\t'Nowhere'"
complete -c aitk -n "__fish_aitk_using_subcommand key; and not __fish_seen_subcommand_from create ls revoke help" -l timeout -d 'Wait so long for one request' -r
complete -c aitk -n "__fish_aitk_using_subcommand key; and not __fish_seen_subcommand_from create ls revoke help" -l deadline -d 'Give `check` so long where a complete copy exists' -r
complete -c aitk -n "__fish_aitk_using_subcommand key; and not __fish_seen_subcommand_from create ls revoke help" -l retries -d 'Try again so often when the server is out of reach' -r
complete -c aitk -n "__fish_aitk_using_subcommand key; and not __fish_seen_subcommand_from create ls revoke help" -l json -d 'Print one JSON document, also of a failure'
complete -c aitk -n "__fish_aitk_using_subcommand key; and not __fish_seen_subcommand_from create ls revoke help" -s q -l quiet -d 'Say nothing but warnings and errors'
complete -c aitk -n "__fish_aitk_using_subcommand key; and not __fish_seen_subcommand_from create ls revoke help" -s v -l verbose -d 'Say what is asked of the server, and why something failed'
complete -c aitk -n "__fish_aitk_using_subcommand key; and not __fish_seen_subcommand_from create ls revoke help" -s h -l help -d 'Print help'
complete -c aitk -n "__fish_aitk_using_subcommand key; and not __fish_seen_subcommand_from create ls revoke help" -f -a "create" -d 'Make a key and print it, this once'
complete -c aitk -n "__fish_aitk_using_subcommand key; and not __fish_seen_subcommand_from create ls revoke help" -f -a "ls" -d 'List the keys of a project (--project), or of the server'
complete -c aitk -n "__fish_aitk_using_subcommand key; and not __fish_seen_subcommand_from create ls revoke help" -f -a "revoke" -d 'End a key, everywhere and at once'
complete -c aitk -n "__fish_aitk_using_subcommand key; and not __fish_seen_subcommand_from create ls revoke help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c aitk -n "__fish_aitk_using_subcommand key; and __fish_seen_subcommand_from create" -l name -d 'Whose key it is' -r
complete -c aitk -n "__fish_aitk_using_subcommand key; and __fish_seen_subcommand_from create" -l role -d 'What it may do' -r -f -a "developer\t''
lead\t''
admin\t''
service\t''"
complete -c aitk -n "__fish_aitk_using_subcommand key; and __fish_seen_subcommand_from create" -l project -d 'The projects that a developer\'s or lead\'s key covers; the configured one where not given' -r
complete -c aitk -n "__fish_aitk_using_subcommand key; and __fish_seen_subcommand_from create" -l rooms -d 'The rooms that a service\'s key covers, such as \'issue:*\'' -r
complete -c aitk -n "__fish_aitk_using_subcommand key; and __fish_seen_subcommand_from create" -l expires -d 'End it after this time, such as 30d' -r
complete -c aitk -n "__fish_aitk_using_subcommand key; and __fish_seen_subcommand_from create" -l root -d 'Work in the project at DIR' -r -F
complete -c aitk -n "__fish_aitk_using_subcommand key; and __fish_seen_subcommand_from create" -l url -d 'Ask the server at URL' -r
complete -c aitk -n "__fish_aitk_using_subcommand key; and __fish_seen_subcommand_from create" -l color -d 'Colour what is said: auto, always or never' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Everywhere'
never\t'Nowhere'"
complete -c aitk -n "__fish_aitk_using_subcommand key; and __fish_seen_subcommand_from create" -l timeout -d 'Wait so long for one request' -r
complete -c aitk -n "__fish_aitk_using_subcommand key; and __fish_seen_subcommand_from create" -l deadline -d 'Give `check` so long where a complete copy exists' -r
complete -c aitk -n "__fish_aitk_using_subcommand key; and __fish_seen_subcommand_from create" -l retries -d 'Try again so often when the server is out of reach' -r
complete -c aitk -n "__fish_aitk_using_subcommand key; and __fish_seen_subcommand_from create" -l json -d 'Print one JSON document, also of a failure'
complete -c aitk -n "__fish_aitk_using_subcommand key; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Say nothing but warnings and errors'
complete -c aitk -n "__fish_aitk_using_subcommand key; and __fish_seen_subcommand_from create" -s v -l verbose -d 'Say what is asked of the server, and why something failed'
complete -c aitk -n "__fish_aitk_using_subcommand key; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help'
complete -c aitk -n "__fish_aitk_using_subcommand key; and __fish_seen_subcommand_from ls" -l root -d 'Work in the project at DIR' -r -F
complete -c aitk -n "__fish_aitk_using_subcommand key; and __fish_seen_subcommand_from ls" -l project -d 'Use this project, an id or a slug' -r
complete -c aitk -n "__fish_aitk_using_subcommand key; and __fish_seen_subcommand_from ls" -l url -d 'Ask the server at URL' -r
complete -c aitk -n "__fish_aitk_using_subcommand key; and __fish_seen_subcommand_from ls" -l color -d 'Colour what is said: auto, always or never' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Everywhere'
never\t'Nowhere'"
complete -c aitk -n "__fish_aitk_using_subcommand key; and __fish_seen_subcommand_from ls" -l timeout -d 'Wait so long for one request' -r
complete -c aitk -n "__fish_aitk_using_subcommand key; and __fish_seen_subcommand_from ls" -l deadline -d 'Give `check` so long where a complete copy exists' -r
complete -c aitk -n "__fish_aitk_using_subcommand key; and __fish_seen_subcommand_from ls" -l retries -d 'Try again so often when the server is out of reach' -r
complete -c aitk -n "__fish_aitk_using_subcommand key; and __fish_seen_subcommand_from ls" -l json -d 'Print one JSON document, also of a failure'
complete -c aitk -n "__fish_aitk_using_subcommand key; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Say nothing but warnings and errors'
complete -c aitk -n "__fish_aitk_using_subcommand key; and __fish_seen_subcommand_from ls" -s v -l verbose -d 'Say what is asked of the server, and why something failed'
complete -c aitk -n "__fish_aitk_using_subcommand key; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help'
complete -c aitk -n "__fish_aitk_using_subcommand key; and __fish_seen_subcommand_from revoke" -l root -d 'Work in the project at DIR' -r -F
complete -c aitk -n "__fish_aitk_using_subcommand key; and __fish_seen_subcommand_from revoke" -l project -d 'Use this project, an id or a slug' -r
complete -c aitk -n "__fish_aitk_using_subcommand key; and __fish_seen_subcommand_from revoke" -l url -d 'Ask the server at URL' -r
complete -c aitk -n "__fish_aitk_using_subcommand key; and __fish_seen_subcommand_from revoke" -l color -d 'Colour what is said: auto, always or never' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Everywhere'
never\t'Nowhere'"
complete -c aitk -n "__fish_aitk_using_subcommand key; and __fish_seen_subcommand_from revoke" -l timeout -d 'Wait so long for one request' -r
complete -c aitk -n "__fish_aitk_using_subcommand key; and __fish_seen_subcommand_from revoke" -l deadline -d 'Give `check` so long where a complete copy exists' -r
complete -c aitk -n "__fish_aitk_using_subcommand key; and __fish_seen_subcommand_from revoke" -l retries -d 'Try again so often when the server is out of reach' -r
complete -c aitk -n "__fish_aitk_using_subcommand key; and __fish_seen_subcommand_from revoke" -l json -d 'Print one JSON document, also of a failure'
complete -c aitk -n "__fish_aitk_using_subcommand key; and __fish_seen_subcommand_from revoke" -s q -l quiet -d 'Say nothing but warnings and errors'
complete -c aitk -n "__fish_aitk_using_subcommand key; and __fish_seen_subcommand_from revoke" -s v -l verbose -d 'Say what is asked of the server, and why something failed'
complete -c aitk -n "__fish_aitk_using_subcommand key; and __fish_seen_subcommand_from revoke" -s h -l help -d 'Print help'
complete -c aitk -n "__fish_aitk_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "create" -d 'Make a key and print it, this once'
complete -c aitk -n "__fish_aitk_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "ls" -d 'List the keys of a project (--project), or of the server'
complete -c aitk -n "__fish_aitk_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "revoke" -d 'End a key, everywhere and at once'
complete -c aitk -n "__fish_aitk_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c aitk -n "__fish_aitk_using_subcommand invite" -l project -d 'The projects that the key will cover; the configured one where not given' -r
complete -c aitk -n "__fish_aitk_using_subcommand invite" -l role -d 'What the key may do' -r -f -a "developer\t''
lead\t''"
complete -c aitk -n "__fish_aitk_using_subcommand invite" -l expires -d 'End the link after this time  [default: 7d]' -r
complete -c aitk -n "__fish_aitk_using_subcommand invite" -l uses -d 'Make so many keys' -r
complete -c aitk -n "__fish_aitk_using_subcommand invite" -l root -d 'Work in the project at DIR' -r -F
complete -c aitk -n "__fish_aitk_using_subcommand invite" -l url -d 'Ask the server at URL' -r
complete -c aitk -n "__fish_aitk_using_subcommand invite" -l color -d 'Colour what is said: auto, always or never' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Everywhere'
never\t'Nowhere'"
complete -c aitk -n "__fish_aitk_using_subcommand invite" -l timeout -d 'Wait so long for one request' -r
complete -c aitk -n "__fish_aitk_using_subcommand invite" -l deadline -d 'Give `check` so long where a complete copy exists' -r
complete -c aitk -n "__fish_aitk_using_subcommand invite" -l retries -d 'Try again so often when the server is out of reach' -r
complete -c aitk -n "__fish_aitk_using_subcommand invite" -l json -d 'Print one JSON document, also of a failure'
complete -c aitk -n "__fish_aitk_using_subcommand invite" -s q -l quiet -d 'Say nothing but warnings and errors'
complete -c aitk -n "__fish_aitk_using_subcommand invite" -s v -l verbose -d 'Say what is asked of the server, and why something failed'
complete -c aitk -n "__fish_aitk_using_subcommand invite" -s h -l help -d 'Print help'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and not __fish_seen_subcommand_from ls cat edit put push pull publish rm log show diff restore help" -l root -d 'Work in the project at DIR' -r -F
complete -c aitk -n "__fish_aitk_using_subcommand docs; and not __fish_seen_subcommand_from ls cat edit put push pull publish rm log show diff restore help" -l project -d 'Use this project, an id or a slug' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and not __fish_seen_subcommand_from ls cat edit put push pull publish rm log show diff restore help" -l url -d 'Ask the server at URL' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and not __fish_seen_subcommand_from ls cat edit put push pull publish rm log show diff restore help" -l color -d 'Colour what is said: auto, always or never' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Everywhere'
never\t'Nowhere'"
complete -c aitk -n "__fish_aitk_using_subcommand docs; and not __fish_seen_subcommand_from ls cat edit put push pull publish rm log show diff restore help" -l timeout -d 'Wait so long for one request' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and not __fish_seen_subcommand_from ls cat edit put push pull publish rm log show diff restore help" -l deadline -d 'Give `check` so long where a complete copy exists' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and not __fish_seen_subcommand_from ls cat edit put push pull publish rm log show diff restore help" -l retries -d 'Try again so often when the server is out of reach' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and not __fish_seen_subcommand_from ls cat edit put push pull publish rm log show diff restore help" -l json -d 'Print one JSON document, also of a failure'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and not __fish_seen_subcommand_from ls cat edit put push pull publish rm log show diff restore help" -s q -l quiet -d 'Say nothing but warnings and errors'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and not __fish_seen_subcommand_from ls cat edit put push pull publish rm log show diff restore help" -s v -l verbose -d 'Say what is asked of the server, and why something failed'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and not __fish_seen_subcommand_from ls cat edit put push pull publish rm log show diff restore help" -s h -l help -d 'Print help'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and not __fish_seen_subcommand_from ls cat edit put push pull publish rm log show diff restore help" -f -a "ls" -d 'List the docs, one path a line'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and not __fish_seen_subcommand_from ls cat edit put push pull publish rm log show diff restore help" -f -a "cat" -d 'Print a doc'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and not __fish_seen_subcommand_from ls cat edit put push pull publish rm log show diff restore help" -f -a "edit" -d 'Edit a doc under the lock'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and not __fish_seen_subcommand_from ls cat edit put push pull publish rm log show diff restore help" -f -a "put" -d 'Save one doc'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and not __fish_seen_subcommand_from ls cat edit put push pull publish rm log show diff restore help" -f -a "push" -d 'Upload a folder as one revision'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and not __fish_seen_subcommand_from ls cat edit put push pull publish rm log show diff restore help" -f -a "pull" -d 'Bring what is new in the git repository to the platform'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and not __fish_seen_subcommand_from ls cat edit put push pull publish rm log show diff restore help" -f -a "publish" -d 'Commit what was saved and push it to the git repository'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and not __fish_seen_subcommand_from ls cat edit put push pull publish rm log show diff restore help" -f -a "rm" -d 'Delete docs; their history stays'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and not __fish_seen_subcommand_from ls cat edit put push pull publish rm log show diff restore help" -f -a "log" -d 'Show who changed the docs, when and why'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and not __fish_seen_subcommand_from ls cat edit put push pull publish rm log show diff restore help" -f -a "show" -d 'Show a doc and its last change'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and not __fish_seen_subcommand_from ls cat edit put push pull publish rm log show diff restore help" -f -a "diff" -d 'Show what changed between two revisions'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and not __fish_seen_subcommand_from ls cat edit put push pull publish rm log show diff restore help" -f -a "restore" -d 'Save a doc again as it was at a revision'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and not __fish_seen_subcommand_from ls cat edit put push pull publish rm log show diff restore help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from ls" -l root -d 'Work in the project at DIR' -r -F
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from ls" -l project -d 'Use this project, an id or a slug' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from ls" -l url -d 'Ask the server at URL' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from ls" -l color -d 'Colour what is said: auto, always or never' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Everywhere'
never\t'Nowhere'"
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from ls" -l timeout -d 'Wait so long for one request' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from ls" -l deadline -d 'Give `check` so long where a complete copy exists' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from ls" -l retries -d 'Try again so often when the server is out of reach' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from ls" -s l -l long -d 'Show hash, size, version and last change as well'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from ls" -l json -d 'Print one JSON document, also of a failure'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Say nothing but warnings and errors'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from ls" -s v -l verbose -d 'Say what is asked of the server, and why something failed'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from cat" -l revision -d 'Print it as it was saved at revision N' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from cat" -l root -d 'Work in the project at DIR' -r -F
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from cat" -l project -d 'Use this project, an id or a slug' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from cat" -l url -d 'Ask the server at URL' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from cat" -l color -d 'Colour what is said: auto, always or never' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Everywhere'
never\t'Nowhere'"
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from cat" -l timeout -d 'Wait so long for one request' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from cat" -l deadline -d 'Give `check` so long where a complete copy exists' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from cat" -l retries -d 'Try again so often when the server is out of reach' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from cat" -l json -d 'Print one JSON document, also of a failure'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from cat" -s q -l quiet -d 'Say nothing but warnings and errors'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from cat" -s v -l verbose -d 'Say what is asked of the server, and why something failed'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from cat" -s h -l help -d 'Print help'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from edit" -s m -l message -d 'Say what changed, for the history' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from edit" -l wait -d 'Wait until the lock is free  [for at most 10m, where no time is given]' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from edit" -l draft -d 'Begin with this text, such as a draft that could not be saved' -r -F
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from edit" -l root -d 'Work in the project at DIR' -r -F
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from edit" -l project -d 'Use this project, an id or a slug' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from edit" -l url -d 'Ask the server at URL' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from edit" -l color -d 'Colour what is said: auto, always or never' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Everywhere'
never\t'Nowhere'"
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from edit" -l timeout -d 'Wait so long for one request' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from edit" -l deadline -d 'Give `check` so long where a complete copy exists' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from edit" -l retries -d 'Try again so often when the server is out of reach' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from edit" -l json -d 'Print one JSON document, also of a failure'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from edit" -s q -l quiet -d 'Say nothing but warnings and errors'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from edit" -s v -l verbose -d 'Say what is asked of the server, and why something failed'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from edit" -s h -l help -d 'Print help'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from put" -s m -l message -d 'Say what changed, for the history' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from put" -l if-match -d 'Save only on top of the version with this content hash' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from put" -l root -d 'Work in the project at DIR' -r -F
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from put" -l project -d 'Use this project, an id or a slug' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from put" -l url -d 'Ask the server at URL' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from put" -l color -d 'Colour what is said: auto, always or never' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Everywhere'
never\t'Nowhere'"
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from put" -l timeout -d 'Wait so long for one request' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from put" -l deadline -d 'Give `check` so long where a complete copy exists' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from put" -l retries -d 'Try again so often when the server is out of reach' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from put" -l json -d 'Print one JSON document, also of a failure'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from put" -s q -l quiet -d 'Say nothing but warnings and errors'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from put" -s v -l verbose -d 'Say what is asked of the server, and why something failed'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from put" -s h -l help -d 'Print help'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from push" -s m -l message -d 'Say what changed, for the history' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from push" -l root -d 'Work in the project at DIR' -r -F
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from push" -l project -d 'Use this project, an id or a slug' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from push" -l url -d 'Ask the server at URL' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from push" -l color -d 'Colour what is said: auto, always or never' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Everywhere'
never\t'Nowhere'"
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from push" -l timeout -d 'Wait so long for one request' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from push" -l deadline -d 'Give `check` so long where a complete copy exists' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from push" -l retries -d 'Try again so often when the server is out of reach' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from push" -l delete -d 'Delete the docs that the folder does not have'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from push" -s y -l yes -d 'Do not ask'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from push" -l json -d 'Print one JSON document, also of a failure'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from push" -s q -l quiet -d 'Say nothing but warnings and errors'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from push" -s v -l verbose -d 'Say what is asked of the server, and why something failed'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from push" -s h -l help -d 'Print help'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from pull" -l root -d 'Work in the project at DIR' -r -F
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from pull" -l project -d 'Use this project, an id or a slug' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from pull" -l url -d 'Ask the server at URL' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from pull" -l color -d 'Colour what is said: auto, always or never' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Everywhere'
never\t'Nowhere'"
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from pull" -l timeout -d 'Wait so long for one request' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from pull" -l deadline -d 'Give `check` so long where a complete copy exists' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from pull" -l retries -d 'Try again so often when the server is out of reach' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from pull" -s y -l yes -d 'Delete all docs where the repository has none any more'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from pull" -l json -d 'Print one JSON document, also of a failure'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from pull" -s q -l quiet -d 'Say nothing but warnings and errors'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from pull" -s v -l verbose -d 'Say what is asked of the server, and why something failed'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from pull" -s h -l help -d 'Print help'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from publish" -l root -d 'Work in the project at DIR' -r -F
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from publish" -l project -d 'Use this project, an id or a slug' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from publish" -l url -d 'Ask the server at URL' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from publish" -l color -d 'Colour what is said: auto, always or never' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Everywhere'
never\t'Nowhere'"
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from publish" -l timeout -d 'Wait so long for one request' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from publish" -l deadline -d 'Give `check` so long where a complete copy exists' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from publish" -l retries -d 'Try again so often when the server is out of reach' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from publish" -l json -d 'Print one JSON document, also of a failure'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from publish" -s q -l quiet -d 'Say nothing but warnings and errors'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from publish" -s v -l verbose -d 'Say what is asked of the server, and why something failed'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from publish" -s h -l help -d 'Print help'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from rm" -s m -l message -d 'Say why, for the history' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from rm" -l root -d 'Work in the project at DIR' -r -F
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from rm" -l project -d 'Use this project, an id or a slug' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from rm" -l url -d 'Ask the server at URL' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from rm" -l color -d 'Colour what is said: auto, always or never' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Everywhere'
never\t'Nowhere'"
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from rm" -l timeout -d 'Wait so long for one request' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from rm" -l deadline -d 'Give `check` so long where a complete copy exists' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from rm" -l retries -d 'Try again so often when the server is out of reach' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from rm" -l json -d 'Print one JSON document, also of a failure'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from rm" -s q -l quiet -d 'Say nothing but warnings and errors'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from rm" -s v -l verbose -d 'Say what is asked of the server, and why something failed'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from rm" -s h -l help -d 'Print help'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from log" -l limit -d 'Show so many changes' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from log" -l root -d 'Work in the project at DIR' -r -F
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from log" -l project -d 'Use this project, an id or a slug' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from log" -l url -d 'Ask the server at URL' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from log" -l color -d 'Colour what is said: auto, always or never' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Everywhere'
never\t'Nowhere'"
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from log" -l timeout -d 'Wait so long for one request' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from log" -l deadline -d 'Give `check` so long where a complete copy exists' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from log" -l retries -d 'Try again so often when the server is out of reach' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from log" -l json -d 'Print one JSON document, also of a failure'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from log" -s q -l quiet -d 'Say nothing but warnings and errors'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from log" -s v -l verbose -d 'Say what is asked of the server, and why something failed'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from log" -s h -l help -d 'Print help'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from show" -l revision -d 'Show it as it was at revision N' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from show" -l root -d 'Work in the project at DIR' -r -F
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from show" -l project -d 'Use this project, an id or a slug' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from show" -l url -d 'Ask the server at URL' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from show" -l color -d 'Colour what is said: auto, always or never' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Everywhere'
never\t'Nowhere'"
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from show" -l timeout -d 'Wait so long for one request' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from show" -l deadline -d 'Give `check` so long where a complete copy exists' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from show" -l retries -d 'Try again so often when the server is out of reach' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from show" -l json -d 'Print one JSON document, also of a failure'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say nothing but warnings and errors'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say what is asked of the server, and why something failed'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from diff" -l root -d 'Work in the project at DIR' -r -F
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from diff" -l project -d 'Use this project, an id or a slug' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from diff" -l url -d 'Ask the server at URL' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from diff" -l color -d 'Colour what is said: auto, always or never' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Everywhere'
never\t'Nowhere'"
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from diff" -l timeout -d 'Wait so long for one request' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from diff" -l deadline -d 'Give `check` so long where a complete copy exists' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from diff" -l retries -d 'Try again so often when the server is out of reach' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from diff" -l stat -d 'Show only how many lines changed'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from diff" -l exit-code -d 'Exit with 6 when anything differs'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from diff" -l json -d 'Print one JSON document, also of a failure'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from diff" -s q -l quiet -d 'Say nothing but warnings and errors'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from diff" -s v -l verbose -d 'Say what is asked of the server, and why something failed'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from diff" -s h -l help -d 'Print help'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from restore" -l revision -d 'Take it as it was at revision N' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from restore" -s m -l message -d 'Say why, for the history  [default: restored from revision N]' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from restore" -l root -d 'Work in the project at DIR' -r -F
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from restore" -l project -d 'Use this project, an id or a slug' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from restore" -l url -d 'Ask the server at URL' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from restore" -l color -d 'Colour what is said: auto, always or never' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Everywhere'
never\t'Nowhere'"
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from restore" -l timeout -d 'Wait so long for one request' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from restore" -l deadline -d 'Give `check` so long where a complete copy exists' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from restore" -l retries -d 'Try again so often when the server is out of reach' -r
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from restore" -l json -d 'Print one JSON document, also of a failure'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from restore" -s q -l quiet -d 'Say nothing but warnings and errors'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from restore" -s v -l verbose -d 'Say what is asked of the server, and why something failed'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from restore" -s h -l help -d 'Print help'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from help" -f -a "ls" -d 'List the docs, one path a line'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from help" -f -a "cat" -d 'Print a doc'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from help" -f -a "edit" -d 'Edit a doc under the lock'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from help" -f -a "put" -d 'Save one doc'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from help" -f -a "push" -d 'Upload a folder as one revision'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from help" -f -a "pull" -d 'Bring what is new in the git repository to the platform'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from help" -f -a "publish" -d 'Commit what was saved and push it to the git repository'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from help" -f -a "rm" -d 'Delete docs; their history stays'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from help" -f -a "log" -d 'Show who changed the docs, when and why'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show a doc and its last change'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from help" -f -a "diff" -d 'Show what changed between two revisions'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from help" -f -a "restore" -d 'Save a doc again as it was at a revision'
complete -c aitk -n "__fish_aitk_using_subcommand docs; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c aitk -n "__fish_aitk_using_subcommand lock" -l reason -d 'Say why, for everybody who has to wait  [default with a command: its command line]' -r
complete -c aitk -n "__fish_aitk_using_subcommand lock" -l ttl -d 'End it after this time, unless renewed; 1s to 24h  [default: 30m]' -r
complete -c aitk -n "__fish_aitk_using_subcommand lock" -l wait -d 'Wait for your turn until it is free  [for at most 10m, where no time is given]' -r
complete -c aitk -n "__fish_aitk_using_subcommand lock" -l root -d 'Work in the project at DIR' -r -F
complete -c aitk -n "__fish_aitk_using_subcommand lock" -l project -d 'Use this project, an id or a slug' -r
complete -c aitk -n "__fish_aitk_using_subcommand lock" -l url -d 'Ask the server at URL' -r
complete -c aitk -n "__fish_aitk_using_subcommand lock" -l color -d 'Colour what is said: auto, always or never' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Everywhere'
never\t'Nowhere'"
complete -c aitk -n "__fish_aitk_using_subcommand lock" -l timeout -d 'Wait so long for one request' -r
complete -c aitk -n "__fish_aitk_using_subcommand lock" -l deadline -d 'Give `check` so long where a complete copy exists' -r
complete -c aitk -n "__fish_aitk_using_subcommand lock" -l retries -d 'Try again so often when the server is out of reach' -r
complete -c aitk -n "__fish_aitk_using_subcommand lock" -l steal -d 'Take it from whoever holds it; needs a reason'
complete -c aitk -n "__fish_aitk_using_subcommand lock" -l renew -d 'Prolong the lock that you hold'
complete -c aitk -n "__fish_aitk_using_subcommand lock" -l json -d 'Print one JSON document, also of a failure'
complete -c aitk -n "__fish_aitk_using_subcommand lock" -s q -l quiet -d 'Say nothing but warnings and errors'
complete -c aitk -n "__fish_aitk_using_subcommand lock" -s v -l verbose -d 'Say what is asked of the server, and why something failed'
complete -c aitk -n "__fish_aitk_using_subcommand lock" -s h -l help -d 'Print help'
complete -c aitk -n "__fish_aitk_using_subcommand unlock" -l reason -d 'Say why you force it' -r
complete -c aitk -n "__fish_aitk_using_subcommand unlock" -l root -d 'Work in the project at DIR' -r -F
complete -c aitk -n "__fish_aitk_using_subcommand unlock" -l project -d 'Use this project, an id or a slug' -r
complete -c aitk -n "__fish_aitk_using_subcommand unlock" -l url -d 'Ask the server at URL' -r
complete -c aitk -n "__fish_aitk_using_subcommand unlock" -l color -d 'Colour what is said: auto, always or never' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Everywhere'
never\t'Nowhere'"
complete -c aitk -n "__fish_aitk_using_subcommand unlock" -l timeout -d 'Wait so long for one request' -r
complete -c aitk -n "__fish_aitk_using_subcommand unlock" -l deadline -d 'Give `check` so long where a complete copy exists' -r
complete -c aitk -n "__fish_aitk_using_subcommand unlock" -l retries -d 'Try again so often when the server is out of reach' -r
complete -c aitk -n "__fish_aitk_using_subcommand unlock" -l force -d 'End it whoever holds it'
complete -c aitk -n "__fish_aitk_using_subcommand unlock" -l json -d 'Print one JSON document, also of a failure'
complete -c aitk -n "__fish_aitk_using_subcommand unlock" -s q -l quiet -d 'Say nothing but warnings and errors'
complete -c aitk -n "__fish_aitk_using_subcommand unlock" -s v -l verbose -d 'Say what is asked of the server, and why something failed'
complete -c aitk -n "__fish_aitk_using_subcommand unlock" -s h -l help -d 'Print help'
complete -c aitk -n "__fish_aitk_using_subcommand watch" -l room -d 'Follow these rooms; the configured project\'s where not given' -r
complete -c aitk -n "__fish_aitk_using_subcommand watch" -l since -d 'Start with the events after this one' -r
complete -c aitk -n "__fish_aitk_using_subcommand watch" -l exec -d 'Run CMD by the shell for each event, one after the other, with the event on its input' -r
complete -c aitk -n "__fish_aitk_using_subcommand watch" -l max-retries -d 'Give up after so many failed tries in a row' -r
complete -c aitk -n "__fish_aitk_using_subcommand watch" -l root -d 'Work in the project at DIR' -r -F
complete -c aitk -n "__fish_aitk_using_subcommand watch" -l project -d 'Use this project, an id or a slug' -r
complete -c aitk -n "__fish_aitk_using_subcommand watch" -l url -d 'Ask the server at URL' -r
complete -c aitk -n "__fish_aitk_using_subcommand watch" -l color -d 'Colour what is said: auto, always or never' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Everywhere'
never\t'Nowhere'"
complete -c aitk -n "__fish_aitk_using_subcommand watch" -l timeout -d 'Wait so long for one request' -r
complete -c aitk -n "__fish_aitk_using_subcommand watch" -l deadline -d 'Give `check` so long where a complete copy exists' -r
complete -c aitk -n "__fish_aitk_using_subcommand watch" -l retries -d 'Try again so often when the server is out of reach' -r
complete -c aitk -n "__fish_aitk_using_subcommand watch" -l sync -d 'Keep .docs/ at the platform\'s revision'
complete -c aitk -n "__fish_aitk_using_subcommand watch" -l notify -d 'Tell of each event on the desktop'
complete -c aitk -n "__fish_aitk_using_subcommand watch" -l json -d 'Print one JSON document, also of a failure'
complete -c aitk -n "__fish_aitk_using_subcommand watch" -s q -l quiet -d 'Say nothing but warnings and errors'
complete -c aitk -n "__fish_aitk_using_subcommand watch" -s v -l verbose -d 'Say what is asked of the server, and why something failed'
complete -c aitk -n "__fish_aitk_using_subcommand watch" -s h -l help -d 'Print help'
complete -c aitk -n "__fish_aitk_using_subcommand publish" -l exclude -d 'Do not tell this subject, a key\'s id or a token\'s sub' -r
complete -c aitk -n "__fish_aitk_using_subcommand publish" -l correlation-id -d 'Pass this on with the event' -r
complete -c aitk -n "__fish_aitk_using_subcommand publish" -l idempotency-key -d 'Publish once under this key, however often it is sent  [default: a random one]' -r
complete -c aitk -n "__fish_aitk_using_subcommand publish" -l root -d 'Work in the project at DIR' -r -F
complete -c aitk -n "__fish_aitk_using_subcommand publish" -l project -d 'Use this project, an id or a slug' -r
complete -c aitk -n "__fish_aitk_using_subcommand publish" -l url -d 'Ask the server at URL' -r
complete -c aitk -n "__fish_aitk_using_subcommand publish" -l color -d 'Colour what is said: auto, always or never' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Everywhere'
never\t'Nowhere'"
complete -c aitk -n "__fish_aitk_using_subcommand publish" -l timeout -d 'Wait so long for one request' -r
complete -c aitk -n "__fish_aitk_using_subcommand publish" -l deadline -d 'Give `check` so long where a complete copy exists' -r
complete -c aitk -n "__fish_aitk_using_subcommand publish" -l retries -d 'Try again so often when the server is out of reach' -r
complete -c aitk -n "__fish_aitk_using_subcommand publish" -l ephemeral -d 'Tell only those who listen now, and keep it nowhere'
complete -c aitk -n "__fish_aitk_using_subcommand publish" -l json -d 'Print one JSON document, also of a failure'
complete -c aitk -n "__fish_aitk_using_subcommand publish" -s q -l quiet -d 'Say nothing but warnings and errors'
complete -c aitk -n "__fish_aitk_using_subcommand publish" -s v -l verbose -d 'Say what is asked of the server, and why something failed'
complete -c aitk -n "__fish_aitk_using_subcommand publish" -s h -l help -d 'Print help'
complete -c aitk -n "__fish_aitk_using_subcommand completions" -l root -d 'Work in the project at DIR' -r -F
complete -c aitk -n "__fish_aitk_using_subcommand completions" -l project -d 'Use this project, an id or a slug' -r
complete -c aitk -n "__fish_aitk_using_subcommand completions" -l url -d 'Ask the server at URL' -r
complete -c aitk -n "__fish_aitk_using_subcommand completions" -l color -d 'Colour what is said: auto, always or never' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Everywhere'
never\t'Nowhere'"
complete -c aitk -n "__fish_aitk_using_subcommand completions" -l timeout -d 'Wait so long for one request' -r
complete -c aitk -n "__fish_aitk_using_subcommand completions" -l deadline -d 'Give `check` so long where a complete copy exists' -r
complete -c aitk -n "__fish_aitk_using_subcommand completions" -l retries -d 'Try again so often when the server is out of reach' -r
complete -c aitk -n "__fish_aitk_using_subcommand completions" -l json -d 'Print one JSON document, also of a failure'
complete -c aitk -n "__fish_aitk_using_subcommand completions" -s q -l quiet -d 'Say nothing but warnings and errors'
complete -c aitk -n "__fish_aitk_using_subcommand completions" -s v -l verbose -d 'Say what is asked of the server, and why something failed'
complete -c aitk -n "__fish_aitk_using_subcommand completions" -s h -l help -d 'Print help'
complete -c aitk -n "__fish_aitk_using_subcommand man" -l root -d 'Work in the project at DIR' -r -F
complete -c aitk -n "__fish_aitk_using_subcommand man" -l project -d 'Use this project, an id or a slug' -r
complete -c aitk -n "__fish_aitk_using_subcommand man" -l url -d 'Ask the server at URL' -r
complete -c aitk -n "__fish_aitk_using_subcommand man" -l color -d 'Colour what is said: auto, always or never' -r -f -a "auto\t'At a terminal, unless NO_COLOR is set'
always\t'Everywhere'
never\t'Nowhere'"
complete -c aitk -n "__fish_aitk_using_subcommand man" -l timeout -d 'Wait so long for one request' -r
complete -c aitk -n "__fish_aitk_using_subcommand man" -l deadline -d 'Give `check` so long where a complete copy exists' -r
complete -c aitk -n "__fish_aitk_using_subcommand man" -l retries -d 'Try again so often when the server is out of reach' -r
complete -c aitk -n "__fish_aitk_using_subcommand man" -l json -d 'Print one JSON document, also of a failure'
complete -c aitk -n "__fish_aitk_using_subcommand man" -s q -l quiet -d 'Say nothing but warnings and errors'
complete -c aitk -n "__fish_aitk_using_subcommand man" -s v -l verbose -d 'Say what is asked of the server, and why something failed'
complete -c aitk -n "__fish_aitk_using_subcommand man" -s h -l help -d 'Print help'
complete -c aitk -n "__fish_aitk_using_subcommand help; and not __fish_seen_subcommand_from check guard status diff sync verify init join doctor login logout project key invite docs lock unlock watch publish completions man help" -f -a "check" -d 'Sync the docs, unless somebody has them locked'
complete -c aitk -n "__fish_aitk_using_subcommand help; and not __fish_seen_subcommand_from check guard status diff sync verify init join doctor login logout project key invite docs lock unlock watch publish completions man help" -f -a "guard" -d 'Refuse an agent\'s write to the docs (a hook)'
complete -c aitk -n "__fish_aitk_using_subcommand help; and not __fish_seen_subcommand_from check guard status diff sync verify init join doctor login logout project key invite docs lock unlock watch publish completions man help" -f -a "status" -d 'Show the lock and the state of the copy'
complete -c aitk -n "__fish_aitk_using_subcommand help; and not __fish_seen_subcommand_from check guard status diff sync verify init join doctor login logout project key invite docs lock unlock watch publish completions man help" -f -a "diff" -d 'Show which docs differ from the platform\'s'
complete -c aitk -n "__fish_aitk_using_subcommand help; and not __fish_seen_subcommand_from check guard status diff sync verify init join doctor login logout project key invite docs lock unlock watch publish completions man help" -f -a "sync" -d 'Bring the docs to the platform\'s revision'
complete -c aitk -n "__fish_aitk_using_subcommand help; and not __fish_seen_subcommand_from check guard status diff sync verify init join doctor login logout project key invite docs lock unlock watch publish completions man help" -f -a "verify" -d 'Hash every mirrored file and compare'
complete -c aitk -n "__fish_aitk_using_subcommand help; and not __fish_seen_subcommand_from check guard status diff sync verify init join doctor login logout project key invite docs lock unlock watch publish completions man help" -f -a "init" -d 'Set a repository up for its agents'
complete -c aitk -n "__fish_aitk_using_subcommand help; and not __fish_seen_subcommand_from check guard status diff sync verify init join doctor login logout project key invite docs lock unlock watch publish completions man help" -f -a "join" -d 'Turn an invitation into your key, and set this repository up'
complete -c aitk -n "__fish_aitk_using_subcommand help; and not __fish_seen_subcommand_from check guard status diff sync verify init join doctor login logout project key invite docs lock unlock watch publish completions man help" -f -a "doctor" -d 'Say whether everything works here'
complete -c aitk -n "__fish_aitk_using_subcommand help; and not __fish_seen_subcommand_from check guard status diff sync verify init join doctor login logout project key invite docs lock unlock watch publish completions man help" -f -a "login" -d 'Store your key for a server'
complete -c aitk -n "__fish_aitk_using_subcommand help; and not __fish_seen_subcommand_from check guard status diff sync verify init join doctor login logout project key invite docs lock unlock watch publish completions man help" -f -a "logout" -d 'Forget a server and its key'
complete -c aitk -n "__fish_aitk_using_subcommand help; and not __fish_seen_subcommand_from check guard status diff sync verify init join doctor login logout project key invite docs lock unlock watch publish completions man help" -f -a "project" -d 'Make, show and change projects'
complete -c aitk -n "__fish_aitk_using_subcommand help; and not __fish_seen_subcommand_from check guard status diff sync verify init join doctor login logout project key invite docs lock unlock watch publish completions man help" -f -a "key" -d 'Make, list and revoke API keys'
complete -c aitk -n "__fish_aitk_using_subcommand help; and not __fish_seen_subcommand_from check guard status diff sync verify init join doctor login logout project key invite docs lock unlock watch publish completions man help" -f -a "invite" -d 'Make a link that turns into a personal key'
complete -c aitk -n "__fish_aitk_using_subcommand help; and not __fish_seen_subcommand_from check guard status diff sync verify init join doctor login logout project key invite docs lock unlock watch publish completions man help" -f -a "docs" -d 'Read and change the docs on the server'
complete -c aitk -n "__fish_aitk_using_subcommand help; and not __fish_seen_subcommand_from check guard status diff sync verify init join doctor login logout project key invite docs lock unlock watch publish completions man help" -f -a "lock" -d 'Lock the docs, so that you alone can change them'
complete -c aitk -n "__fish_aitk_using_subcommand help; and not __fish_seen_subcommand_from check guard status diff sync verify init join doctor login logout project key invite docs lock unlock watch publish completions man help" -f -a "unlock" -d 'Release the lock'
complete -c aitk -n "__fish_aitk_using_subcommand help; and not __fish_seen_subcommand_from check guard status diff sync verify init join doctor login logout project key invite docs lock unlock watch publish completions man help" -f -a "watch" -d 'Follow what happens, live'
complete -c aitk -n "__fish_aitk_using_subcommand help; and not __fish_seen_subcommand_from check guard status diff sync verify init join doctor login logout project key invite docs lock unlock watch publish completions man help" -f -a "publish" -d 'Publish an event'
complete -c aitk -n "__fish_aitk_using_subcommand help; and not __fish_seen_subcommand_from check guard status diff sync verify init join doctor login logout project key invite docs lock unlock watch publish completions man help" -f -a "completions" -d 'Print the completions of a shell'
complete -c aitk -n "__fish_aitk_using_subcommand help; and not __fish_seen_subcommand_from check guard status diff sync verify init join doctor login logout project key invite docs lock unlock watch publish completions man help" -f -a "man" -d 'Write the man pages into a folder'
complete -c aitk -n "__fish_aitk_using_subcommand help; and not __fish_seen_subcommand_from check guard status diff sync verify init join doctor login logout project key invite docs lock unlock watch publish completions man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c aitk -n "__fish_aitk_using_subcommand help; and __fish_seen_subcommand_from project" -f -a "create" -d 'Make a project'
complete -c aitk -n "__fish_aitk_using_subcommand help; and __fish_seen_subcommand_from project" -f -a "ls" -d 'List the projects that your key covers'
complete -c aitk -n "__fish_aitk_using_subcommand help; and __fish_seen_subcommand_from project" -f -a "show" -d 'Show a project\'s settings'
complete -c aitk -n "__fish_aitk_using_subcommand help; and __fish_seen_subcommand_from project" -f -a "set" -d 'Change a project\'s settings'
complete -c aitk -n "__fish_aitk_using_subcommand help; and __fish_seen_subcommand_from project" -f -a "audit" -d 'Show who did what to a project, or to the whole server'
complete -c aitk -n "__fish_aitk_using_subcommand help; and __fish_seen_subcommand_from project" -f -a "rm" -d 'Remove a project with its docs, their history and its lock'
complete -c aitk -n "__fish_aitk_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "create" -d 'Make a key and print it, this once'
complete -c aitk -n "__fish_aitk_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "ls" -d 'List the keys of a project (--project), or of the server'
complete -c aitk -n "__fish_aitk_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "revoke" -d 'End a key, everywhere and at once'
complete -c aitk -n "__fish_aitk_using_subcommand help; and __fish_seen_subcommand_from docs" -f -a "ls" -d 'List the docs, one path a line'
complete -c aitk -n "__fish_aitk_using_subcommand help; and __fish_seen_subcommand_from docs" -f -a "cat" -d 'Print a doc'
complete -c aitk -n "__fish_aitk_using_subcommand help; and __fish_seen_subcommand_from docs" -f -a "edit" -d 'Edit a doc under the lock'
complete -c aitk -n "__fish_aitk_using_subcommand help; and __fish_seen_subcommand_from docs" -f -a "put" -d 'Save one doc'
complete -c aitk -n "__fish_aitk_using_subcommand help; and __fish_seen_subcommand_from docs" -f -a "push" -d 'Upload a folder as one revision'
complete -c aitk -n "__fish_aitk_using_subcommand help; and __fish_seen_subcommand_from docs" -f -a "pull" -d 'Bring what is new in the git repository to the platform'
complete -c aitk -n "__fish_aitk_using_subcommand help; and __fish_seen_subcommand_from docs" -f -a "publish" -d 'Commit what was saved and push it to the git repository'
complete -c aitk -n "__fish_aitk_using_subcommand help; and __fish_seen_subcommand_from docs" -f -a "rm" -d 'Delete docs; their history stays'
complete -c aitk -n "__fish_aitk_using_subcommand help; and __fish_seen_subcommand_from docs" -f -a "log" -d 'Show who changed the docs, when and why'
complete -c aitk -n "__fish_aitk_using_subcommand help; and __fish_seen_subcommand_from docs" -f -a "show" -d 'Show a doc and its last change'
complete -c aitk -n "__fish_aitk_using_subcommand help; and __fish_seen_subcommand_from docs" -f -a "diff" -d 'Show what changed between two revisions'
complete -c aitk -n "__fish_aitk_using_subcommand help; and __fish_seen_subcommand_from docs" -f -a "restore" -d 'Save a doc again as it was at a revision'
