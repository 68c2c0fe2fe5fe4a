// Calls a plugin's hook before a tool as its agent does; exit 2 with the reason where it throws.
import { pathToFileURL } from "node:url"
import { readFileSync } from "node:fs"

const event = JSON.parse(readFileSync(0, "utf8"))
const plugin = await import(pathToFileURL(process.argv[1]).href)
const hooks = await plugin.aitk({ directory: event.cwd })
try {
  await hooks["tool.execute.before"]({ tool: event.tool_name, sessionID: event.session_id }, { args: event.tool_input })
} catch (error) {
  console.error(error.message)
  process.exit(2)
}
