//! Every size, count and time-out, with its unit and its reason.

use std::time::Duration;

/// Longest doc path, in bytes: fits beside a project root under every common `PATH_MAX`.
pub const DOC_PATH_BYTES: usize = 512;
/// Largest doc, in bytes (default of a server setting).
pub const DOC_BYTES: u64 = 10 * 1024 * 1024;
/// Most docs in one project (default of a server setting).
pub const PROJECT_DOCS: u64 = 5_000;
/// Largest sum of a project's docs, in bytes (default of a server setting).
pub const PROJECT_BYTES: u64 = 256 * 1024 * 1024;
/// Longest free text that a person gives (reason, message, name), in characters.
pub const TEXT_CHARS: usize = 500;

/// Shortest lease, in seconds.
pub const TTL_MIN_SECONDS: u64 = 1;
/// Longest lease, in seconds: one day.
pub const TTL_MAX_SECONDS: u64 = 86_400;
/// The lease taken when none is asked for, in seconds: a Tech Lead's edit, half an hour.
pub const TTL_DEFAULT_SECONDS: u64 = 1_800;

/// Whoever runs something under a lease ends it so long before the lease does, where that is not more
/// than a quarter of it: time to save and to go.
pub const LEASE_END_BEFORE: Duration = Duration::from_secs(10);
/// What has not gone by then is killed so long before the end of its lease, where that is not more
/// than a tenth of it.
pub const LEASE_KILL_BEFORE: Duration = Duration::from_secs(2);
/// What runs under a lock that somebody else has by now is killed after so long.
pub const LOST_KILL_AFTER: Duration = Duration::from_secs(2);
/// Longest that a renewal which failed is not tried again.
pub const RENEW_AGAIN: Duration = Duration::from_secs(5);
/// How late a machine that slept may notice it, at most.
pub const LEASE_TICK: Duration = Duration::from_millis(250);

/// Longest that one request waits for the lock, in seconds: a waiter that the network lost is
/// noticed then, if not before.
pub const LOCK_WAIT_SECONDS: u64 = 30;
/// A waiter that is not asking keeps its place for so long, and with it the first right to the lock:
/// time to ask again, and no more.
pub const PLACE_KEPT: Duration = Duration::from_secs(2);
/// Most waiters for one project's lock: many times a team.
pub const LOCK_WAITERS: usize = 1_000;
/// Longest ticket of a waiter, in bytes.
pub const TICKET_BYTES: usize = 64;

/// An invitation ends after so long, unless asked otherwise: a new colleague's first week.
pub const INVITATION_TIME: Duration = Duration::from_hours(7 * 24);
/// Longest life of an invitation: nobody remembers an older link that still opens a door.
pub const INVITATION_LONGEST: Duration = Duration::from_hours(90 * 24);
/// Most keys that one invitation makes: a large department.
pub const INVITATION_USES: u64 = 1_000;
/// Most projects that one invitation covers.
pub const INVITATION_PROJECTS: usize = 100;

/// Shortest secret that signs JWTs, in bytes: as long as what it makes (RFC 7518 §3.2).
pub const JWT_SECRET_BYTES: usize = 32;
/// Longest JWT, in bytes: what proxies and servers take as one header.
pub const JWT_BYTES: usize = 8 * 1024;
/// A JWT whose `nbf` lies so far ahead is taken already: the issuer's clock may be a little fast.
/// Its end is exact.
pub const JWT_LEEWAY: Duration = Duration::from_secs(10);
/// A file of keys is looked at this often for changes, while tokens come.
pub const JWKS_LOOK: Duration = Duration::from_secs(1);
/// Largest file of keys, in bytes: hundreds of keys.
pub const JWKS_BYTES: u64 = 1024 * 1024;

/// Failed authentications a minute and address (default of a server setting).
pub const AUTH_FAILURES: u32 = 10;
/// Addresses whose failed authentications are counted at once: about a megabyte.
pub const AUTH_ADDRESSES: usize = 10_000;
/// Credentials that are remembered as having held, and as refused, beside those addresses.
pub const AUTH_REMEMBERED: usize = 10_000;

/// Events in one answer of the event route, unless asked for fewer.
pub const EVENTS_PAGE: u64 = 100;
/// Most events in one answer of the event route.
pub const EVENTS_PAGE_MAX: u64 = 1_000;
/// A page of events is full with so many bytes of data, whatever it was asked for: many may read
/// pages at the same time.
pub const EVENTS_PAGE_BYTES: usize = 1024 * 1024;
/// Longest that the event route waits for news, in seconds.
pub const LONG_POLL_SECONDS: u64 = 60;
/// How long a follower without a socket has the event route wait: shorter than most proxies do.
pub const POLL_WAIT: Duration = Duration::from_secs(30);
/// A follower that was shown no way for sockets tries one again after so long.
pub const SOCKET_AGAIN: Duration = Duration::from_secs(5 * 60);
/// A command that `watch --exec` runs has this long to end when the watch does.
pub const COMMAND_END: Duration = Duration::from_secs(10);
/// Longest event type, in bytes.
pub const EVENT_TYPE_BYTES: usize = 100;
/// Largest `data` of a published event, as JSON, in bytes: with everything around it the event
/// fits into one frame ([`FRAME_BYTES`]).
pub const EVENT_DATA_BYTES: usize = 32 * 1024;
/// Longest subject that an event may be kept from, and longest correlation id, in bytes.
pub const EVENT_NAME_BYTES: usize = 255;
/// Most events of one publication.
pub const PUBLISH_EVENTS: usize = 100;
/// Most rooms that one publication goes to.
pub const PUBLISH_ROOMS: usize = 100;
/// Most copies of one publication, its events times its rooms: it is one transaction.
pub const PUBLISH_COPIES: usize = 1_000;
/// Longest `Idempotency-Key`, in bytes.
pub const IDEMPOTENCY_KEY_BYTES: usize = 255;
/// A publication repeated with the same key within this time gets its first answer again.
pub const IDEMPOTENCY_TIME: Duration = Duration::from_hours(24);
/// What may wait to be published, in bytes of events: a few seconds of a busy server.
pub const PUBLISH_QUEUE_BYTES: usize = 32 * 1024 * 1024;
/// Publications that are committed together at most, so that other changes get their turn soon.
pub const PUBLISH_TOGETHER: usize = 512;
/// Events that a room keeps for those who come back (default of a server setting): more than any
/// break brings, and some megabytes.
pub const KEEP_EVENTS: u64 = 10_000;
/// How long a room keeps its events (default of a server setting): over a long weekend.
pub const KEEP_EVENTS_FOR: Duration = Duration::from_hours(7 * 24);
/// Rows that leave the log in one change, which others wait for.
pub const TRIM_STEP: u64 = 500;
/// What is kept for a while is looked through this often.
pub const TRIM_EVERY: Duration = Duration::from_secs(60);
/// Versions in one page of a history.
pub const HISTORY_PAGE: u64 = 100;

/// Lines in one page of the audit log, unless asked for fewer.
pub const AUDIT_PAGE: u64 = 100;
/// Most lines in one page of the audit log.
pub const AUDIT_PAGE_MAX: u64 = 1_000;
/// Refusals that are alike make one line of the audit log in so long: whoever is refused again and
/// again must not fill the disk.
pub const REFUSAL_WINDOW: Duration = Duration::from_secs(60);
/// Different refusals of one address (an IPv6 network of 64 bits counts as one) that get a line of
/// their own in that time; the others share one.
pub const REFUSALS_PER_ADDRESS: usize = 10;
/// The same for all addresses together.
pub const REFUSALS_IN_ALL: usize = 100;
/// A session that did not ask for so long is forgotten.
pub const SESSION_KEPT: Duration = Duration::from_hours(7 * 24);
/// Sessions of one credential that are remembered in a project; the oldest go.
pub const SESSIONS_PER_KEY: u64 = 64;
/// Backups that the server made by itself before it changed its tables, and keeps.
pub const MIGRATION_BACKUPS: usize = 3;
/// A restored database goes on with fencing tokens so much higher: more than were taken since the
/// backup, at one a millisecond for eleven days.
pub const RESTORED_TOKEN_STEP: u64 = 1_000_000_000;
/// What is noted beside requests is written this often: one small transaction.
pub const NOTES_EVERY: Duration = Duration::from_secs(5);

/// Docs that a commit's message names: a screenful or two; git itself has them all.
pub const COMMIT_NAMED: usize = 50;
/// Saves without a lock go to the repository as one commit once it was quiet for so long.
pub const REPOSITORY_QUIET: Duration = Duration::from_secs(10);
/// A connected repository is looked at this often (default of a server setting).
pub const PULL_INTERVAL: Duration = Duration::from_secs(5 * 60);
/// First wait after a repository could not be reached; doubled with every further failure.
pub const REPOSITORY_RETRY: Duration = Duration::from_secs(10);
/// Longest wait between two tries to reach a repository.
pub const REPOSITORY_RETRY_MAX: Duration = Duration::from_secs(30 * 60);
/// Projects whose repositories are worked on at the same time without being asked: one slow
/// host must not hold up the others, and each runs git processes.
pub const REPOSITORIES_AT_ONCE: usize = 4;
/// An old client's sync waits so long for the repository, then answers with what is there.
pub const OLD_SYNC_PULL: Duration = Duration::from_secs(5);
/// Names of one pull's skipped files that are kept to be shown.
pub const SKIPPED_NAMED: usize = 200;
/// Largest push webhook, in bytes: some thousand commits. GitHub's own bound is 25 MB.
pub const WEBHOOK_BYTES: usize = 5 * 1024 * 1024;
/// The command line waits so long for a pull or a push: what git itself is given, twice, and some.
pub const REPOSITORY_ANSWER: Duration = Duration::from_secs(11 * 60);
/// A server looks this often for old versions to let go, where its history is bounded.
pub const HISTORY_TRIM_EVERY: Duration = Duration::from_hours(1);
/// Old versions that go in one transaction: saves wait no longer than for another save.
pub const HISTORY_TRIM_STEP: u64 = 100;

/// What a server keeps of packed answers to give them again, in bytes: the docs of many projects
/// as prose packs, in little memory.
pub const KEPT_ANSWERS_BYTES: usize = 64 * 1024 * 1024;

/// What waits in memory to be sent, over all who asked for all docs, in bytes: some of the largest
/// projects as prose packs.
pub const QUEUED_ANSWERS_BYTES: usize = 128 * 1024 * 1024;
/// An answer of which nothing is taken for so long breaks off: the slowest line takes a part in that time.
pub const ANSWER_TAKEN: Duration = Duration::from_secs(15);

/// Largest frame that a client may send over a socket, in bytes.
pub const FRAME_BYTES: usize = 64 * 1024;
/// Bytes that may wait for one socket before it counts as slow and is closed (4008).
pub const SOCKET_QUEUE_BYTES: usize = 1024 * 1024;
/// A ping goes out this often on every socket.
pub const HEARTBEAT: Duration = Duration::from_secs(30);
/// A socket from which nothing came for so long is dead.
pub const SOCKET_DEAD: Duration = Duration::from_secs(60);
/// Sockets of one server (default of a server setting).
pub const SOCKETS: u32 = 20_000;
/// Sockets of one user or key: many tabs and terminals (default of a server setting).
pub const USER_SOCKETS: u32 = 100;
/// Rooms of one socket (default of a server setting).
pub const SOCKET_ROOMS: u32 = 256;
/// Frames that a client may send over one socket in a minute, and again as many that are refused
/// before it is closed (default of a server setting).
pub const CLIENT_FRAMES: u32 = 100;
/// A socket has this long to show a credential.
pub const SOCKET_AUTH: Duration = Duration::from_secs(10);

/// A server that goes away closes so many sockets a second, so that they do not come back in one moment…
pub const DRAIN_SOCKETS_A_SECOND: u32 = 500;
/// … but takes no longer than this: it has 30 s in all.
pub const DRAIN_SPREAD: Duration = Duration::from_secs(10);
/// A client that is told to reconnect waits so long: another server, or this one anew, is there then.
pub const RECONNECT_AFTER: Duration = Duration::from_millis(500);
/// And up to so much more, each for itself.
pub const RECONNECT_SPREAD: Duration = Duration::from_secs(2);

/// Whoever comes back to a room within this time did not leave it: a page that is loaded anew.
pub const PRESENCE_GRACE: Duration = Duration::from_secs(5);
/// Who comes and goes within this time is told in one message: unnoticed, and it makes one of many.
pub const PRESENCE_BATCH: Duration = Duration::from_millis(200);
/// The same where only their count is told, to many.
pub const PRESENCE_COUNT_BATCH: Duration = Duration::from_secs(1);
/// People of a room who are listed; of more it is told how many: each message goes to all of them.
pub const PRESENCE_LISTED: usize = 200;
/// Rooms that the server's own figures list, the largest first: a page, not a dump.
pub const STATS_ROOMS: usize = 1_000;
/// Typing ends so long after it was said last.
pub const TYPING_TIME: Duration = Duration::from_secs(5);
/// One message goes out in so long of who types in a room.
pub const TYPING_EVERY: Duration = Duration::from_secs(1);

/// Largest answer that the command line accepts from a server, in bytes: the
/// largest project in base64, and then some.
pub const ANSWER_BYTES: u64 = 512 * 1024 * 1024;
/// What the content cache of a user may hold, in bytes: some large projects and many small ones.
pub const CACHE_BYTES: u64 = 1024 * 1024 * 1024;
/// Largest doc in an answer, as JSON, in bytes: it is the most that is held in memory at once.
pub const ANSWER_DOC_BYTES: u64 = 40 * 1024 * 1024;
/// Largest hook event read from standard input, in bytes.
pub const HOOK_INPUT_BYTES: u64 = 32 * 1024 * 1024;
/// One request of the command line, unless `--timeout` says otherwise.
pub const REQUEST: Duration = Duration::from_secs(10);
/// All of `check`, where a complete copy exists, unless `--deadline` says otherwise.
pub const CHECK_DEADLINE: Duration = Duration::from_secs(2);
/// A good answer to an agent's hook spares the next hooks their question for so long: an agent may
/// run several at once, and nobody sees a lock much sooner.
pub const HOOK_GOOD: Duration = Duration::from_secs(5);
/// A server that did not answer an agent's hook in time is not asked by the next hooks for so long.
pub const HOOK_DOWN: Duration = Duration::from_secs(30);
/// Tries after a first failed one.
pub const RETRIES: u32 = 3;

/// Longest address of a git repository, in bytes: what common servers and proxies take in a request line.
pub const REPO_URL_BYTES: usize = 2_048;
/// Longest name of a branch, in bytes: git keeps it as a file's name.
pub const BRANCH_BYTES: usize = 250;
/// What the local copy of one repository may take, in bytes: a project's largest docs, and as much again for
/// folders and what changed since. A repository cannot fill the disk.
pub const REPO_COPY_BYTES: u64 = 1024 * 1024 * 1024;
/// Packs in a local copy before it is made anew: each pull that brought news adds two.
pub const REPO_COPY_PACKS: usize = 200;
/// One question to a git host which branches it has.
pub const GIT_ASK: Duration = Duration::from_secs(60);
/// One pull or push as a whole.
pub const GIT_TRANSFER: Duration = Duration::from_mins(5);
/// A git host from which no byte came for so long is out of reach.
pub const GIT_SILENCE: Duration = Duration::from_secs(60);
/// A git host's ssh server has so long to take a connection.
pub const GIT_SSH_CONNECT: Duration = Duration::from_secs(15);
/// The merge of one doc.
pub const GIT_MERGE: Duration = Duration::from_secs(30);
/// What git may print where little is expected, in bytes.
pub const GIT_OUTPUT_BYTES: usize = 16 * 1024 * 1024;
/// Git programs that a server runs at a time: pulls of many projects fall due together.
pub const GIT_AT_ONCE: usize = 16;
/// The pointer that git LFS keeps in place of a file is smaller, in bytes.
pub const LFS_POINTER_BYTES: u64 = 1_024;
