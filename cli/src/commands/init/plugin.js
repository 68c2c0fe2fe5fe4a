// Written by `aitk init`; do not edit, it is written anew. Keeps the team's docs current, and asks
// `aitk guard` before each tool. opencode has no hooks of its own, so this plugin starts them.

import { spawn } from "node:child_process"

const AITK = "@AITK@"
// Whether tools are blocked where aitk is missing, also those that only read.
const STRICT = @STRICT@
const READS = new Set(["read", "glob", "grep", "list", "ls", "webfetch", "websearch", "codesearch", "lsp", "question", "skill", "task", "todoread", "todowrite", "invalid"])
const INSTALL = "aitk: aitk is not installed here, so the docs of the team are neither current nor protected. Install it (install.sh in the aitk repository), then run `aitk check`."

// Runs `aitk VERB` with an event on its standard input: what it said and how it ended.
function run(verb, event, timeoutMs) {
  return new Promise((resolve) => {
    const child = spawn(AITK, [verb, "--agent", "opencode"], { cwd: event.cwd, stdio: ["pipe", "pipe", "pipe"] })
    let stdout = ""
    let stderr = ""
    const timer = setTimeout(() => {
      child.kill("SIGKILL")
      resolve({ failed: `aitk ${verb} did not answer within ${timeoutMs / 1000} s` })
    }, timeoutMs)
    child.on("error", (error) => {
      clearTimeout(timer)
      resolve(error.code === "ENOENT" ? { missing: true } : { failed: `aitk ${verb} did not start: ${error.message}` })
    })
    child.on("close", (code, signal) => {
      clearTimeout(timer)
      if (code === 0) resolve({ said: stdout.trim() })
      else resolve({ failed: stderr.trim() || `aitk ${verb} ended with ${code ?? signal}` })
    })
    child.stdout.setEncoding("utf8").on("data", (text) => (stdout += text))
    child.stderr.setEncoding("utf8").on("data", (text) => (stderr += text))
    // A guard that refuses its command line reads no input.
    child.stdin.on("error", () => {})
    child.stdin.end(JSON.stringify(event))
  })
}

export const aitk = async ({ directory }) => {
  // What each session's model is to know, in the order in which it was said.
  const context = new Map()
  let told = false

  const tell = (session, text) => {
    if (text) context.set(session, [...(context.get(session) ?? []), text])
  }
  const missing = (session) => {
    if (!told) {
      told = true
      console.error(INSTALL)
    }
    if (!(context.get(session) ?? []).includes(INSTALL)) tell(session, INSTALL)
  }
  const ask = (verb, event, timeoutMs) => run(verb, { ...event, cwd: directory }, timeoutMs)

  return {
    "chat.message": async ({ sessionID }) => {
      const begins = !context.has(sessionID)
      const name = begins ? "SessionStart" : "UserPromptSubmit"
      const answer = await ask("check", { hook_event_name: name, session_id: sessionID }, begins ? @START@ : @PROMPT@)
      if (answer.missing && !STRICT) return missing(sessionID)
      if (answer.missing) throw new Error(INSTALL)
      if (answer.failed) throw new Error(answer.failed)
      if (begins) context.set(sessionID, [])
      tell(sessionID, answer.said)
    },

    "tool.execute.before": async ({ tool, sessionID }, { args }) => {
      const event = { hook_event_name: "PreToolUse", session_id: sessionID, tool_name: tool, tool_input: args ?? {} }
      const answer = await ask("guard", event, @TOOL@)
      if (answer.missing && !STRICT && READS.has(tool)) return missing(sessionID)
      if (answer.missing) throw new Error(INSTALL)
      if (answer.failed) throw new Error(answer.failed)
      tell(sessionID, answer.said)
    },

    "tool.execute.after": async ({ tool, sessionID, args }, output) => {
      const event = { hook_event_name: "PostToolUse", session_id: sessionID, tool_name: tool, tool_input: args ?? {} }
      const answer = await ask("guard", event, @DONE@)
      // The tool has run; what there is to say goes with its result.
      const said = answer.said || answer.failed
      if (said && output && typeof output.output === "string") output.output += `\n\n${said}`
    },

    "experimental.chat.system.transform": async ({ sessionID }, output) => {
      output.system.push(...(context.get(sessionID) ?? []))
    },
  }
}
