// Commands on stdin and answers on stdout, one JSON object a line:
//   → {"id": 1, "do": "add", …}     ← {"id": 1, "ok": …} or {"id": 1, "error": "why"}
// and between them news that nobody asked for: ← {"news": "ran", …}. The end of stdin ends the program.
import readline from "node:readline";

export const say = (told) => process.stdout.write(JSON.stringify(told) + "\n");

// `commands`: {name: async (command) => answer}. Commands run side by side; `close` is called at the end.
export async function serve(commands, close) {
  process.on("unhandledRejection", (error) => console.error("unhandled:", error));
  const running = new Set();
  const answer = async (line) => {
    const command = JSON.parse(line);
    try {
      const does = commands[command.do];
      if (!does) throw new Error(`no command ${command.do}`);
      say({id: command.id, ok: (await does(command)) ?? null});
    } catch (error) {
      say({id: command.id, error: error.message});
    }
  };
  say({news: "ready"});
  for await (const line of readline.createInterface({input: process.stdin})) {
    const one = answer(line).finally(() => running.delete(one));
    running.add(one);
  }
  await Promise.all(running);
  await close();
  process.exit(0);
}
